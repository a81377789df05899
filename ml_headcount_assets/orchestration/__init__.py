"""Everything that knows Dagster. Nothing outside, save the command line, may import it.

No statistics belong here, and no reading of files: assets call the rooms that do these.
"""
