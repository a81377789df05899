"""Simulated studies: worlds with known truth, as tables and as study directories.

Nothing heavy is imported here: a worker of the calibration study has NumPy, SciPy and pandas only.
"""
