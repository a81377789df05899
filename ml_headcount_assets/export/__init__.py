"""What leaves the warehouse: tables for other programs, and a report for people."""

from .report import write_report
from .results import StudyResults, read_results
from .tables import write_tables

__all__ = ["StudyResults", "read_results", "write_report", "write_tables"]
