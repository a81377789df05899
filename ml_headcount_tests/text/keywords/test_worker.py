"""What is sent to a worker can be imported and run with the worker's packages alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

_PROGRAM = """
import builtins, pickle, sys
sys.path.insert(0, sys.argv[1])
# modal and its own needs are the worker's as well, but nothing that the project adds to them.
ABSENT = ("dagster", "duckdb", "pydantic", "pyarrow", "yaml", "click", "pandera", "plotly", "modal",
          "aiohttp", "rich", "openpyxl", "jinja2.ext", "ruamel")

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT and asked_by_us():
            raise ModuleNotFoundError(f"No module named {name!r}: not on the worker", name=name)
        return None

def asked_by_us():
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("importlib") and "importlib" not in frame.f_code.co_filename:
            return name.startswith("ml_headcount_assets")
        frame = frame.f_back
    return False

sys.meta_path.insert(0, Absent())
function, task = pickle.load(sys.stdin.buffer)
result = function(task)
loaded = [name for name in ("dagster", "duckdb", "click", "pandera") if name in sys.modules]
print(pickle.dumps((result, loaded)).hex())
"""
