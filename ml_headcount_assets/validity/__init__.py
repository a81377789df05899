"""Are the intervals right? Scores against known truths, over many simulated worlds.

Nothing heavy is imported here: a worker of the calibration study has NumPy, SciPy and pandas only.
"""
