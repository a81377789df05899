"""What leaves the warehouse: tables for other programs, and a report for people."""

from .report import write_report
from .results import KEYWORD_RESULTS, RESULT_TABLES, TRUST_TABLES, StudyResults, read_results
from .tables import write_tables

__all__ = [
    "KEYWORD_RESULTS",
    "RESULT_TABLES",
    "TRUST_TABLES",
    "StudyResults",
    "read_results",
    "write_report",
    "write_tables",
]
