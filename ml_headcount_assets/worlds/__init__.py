"""Simulated worlds as study directories, in the file formats that real studies come in."""

from .writing import TRUTH_PATH, read_truth, write_world

__all__ = ["TRUTH_PATH", "read_truth", "write_world"]
