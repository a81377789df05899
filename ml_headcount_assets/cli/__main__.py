"""The command line, as ``python -m ml_headcount_assets.cli``."""

from ml_headcount_assets.cli.main import main

if __name__ == "__main__":
    main(prog_name="ml-headcount")
