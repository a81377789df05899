"""A worker's machine: a process that has its image's packages and the package's source, no more."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_headcount_assets.compute.modal.packages import closure

#: -I and -S leave the standard library alone on the path.
_START = """
import os, sys
sys.path[:0] = sys.argv[1:3]
if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from importlib import import_module
    function = getattr(import_module(sys.argv[3]), sys.argv[4])
    answers.write(function(sys.stdin.buffer.read()))
    answers.close()
"""


class Killed(Exception):
    """The process was killed."""


def link_packages(folder: Path, roots: Sequence[str]) -> Path:
    """Make a folder in which exactly these packages and what they need can be imported."""
    folder.mkdir()
    for name in closure(roots):
        distribution = importlib.metadata.distribution(name)
        entries = {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}
        for entry in sorted(entries - {"__pycache__"}):
            link = folder / entry
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(entry))))
    return folder


@dataclass(frozen=True)
class FreshProcess:
    """Runs a function of bytes in a process of its own."""

    packages: Path
    source: Path

    def run(self, payload: bytes, *, module: str, function: str, kill: bool = False) -> bytes:
        """Return what `function` of `module` makes of the payload."""
        paths = [str(self.packages), str(self.source)]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, *paths, module, function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.packages,
            env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        )
        if kill:
            process.send_signal(signal.SIGKILL)
            process.wait()
            raise Killed
        answer, _ = process.communicate(payload)
        assert process.returncode == 0
        return answer
