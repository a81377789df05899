"""Estimate how many machine-learning experts companies employ, with honest intervals."""
