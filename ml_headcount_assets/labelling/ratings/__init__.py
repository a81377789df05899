"""What people should rate, the page and the sheet on which they do, and their verdicts back in.

Keeping verdicts does not belong here: see `warehouse.ratings`; nor what a model makes of them.
"""
