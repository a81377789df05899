"""The assets, one module per stage of the data's journey."""
