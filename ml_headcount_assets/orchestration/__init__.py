"""Everything that knows Dagster. Nothing outside, save the command line, may import it."""
