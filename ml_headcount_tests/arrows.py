"""Which room of the package imports which: what the tests of layers and docs/architecture.md go by.

    python -m ml_headcount_tests.arrows --renew           writes the table of docs/architecture.md
    python -m ml_headcount_tests.arrows [DIRECTORY]       prints that of a package in a directory

A room is a folder of the package's top, or a module that
stands there by itself; the package's own `__init__.py` is none: it holds doors for people.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["PACKAGE", "PAGE", "arrows", "imports", "room_of", "table"]

PACKAGE = Path(__file__).resolve().parents[1] / "ml_headcount_assets"
PAGE = PACKAGE.parent / "docs" / "architecture.md"

_WRITTEN = re.compile(r"\| room \| imports \|\n.*?\d+ rooms and \d+ arrows\.", re.DOTALL)


def imports(path: Path, package: Path = PACKAGE) -> set[str]:
    """Full names of all that a module imports, also inside functions."""
    here = [package.name, *path.relative_to(package).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def room_of(path: Path, package: Path = PACKAGE) -> str:
    """Return the room in which a module stands."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def arrows(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Return, by room, the rooms that it imports."""
    modules = [path for path in sorted(package.rglob("*.py")) if path != package / "__init__.py"]
    found: dict[str, set[str]] = {room_of(path, package): set() for path in modules}
    for path in modules:
        inside = {name for name in imports(path, package) if name.startswith(f"{package.name}.")}
        found[room_of(path, package)] |= {name.split(".")[1] for name in inside} & found.keys()
    return {room: sorted(others - {room}) for room, others in sorted(found.items())}


def table(found: Mapping[str, Sequence[str]]) -> str:
    """Return the arrows as a table in Markdown, and below it how many there are."""
    rows = [
        f"| `{room}` | {', '.join(f'`{other}`' for other in others) or 'nothing'} |"
        for room, others in found.items()
    ]
    count = f"{len(found)} rooms and {sum(map(len, found.values()))} arrows."
    return "\n".join(["| room | imports |", "|---|---|", *rows, "", count])


def main() -> None:
    """Print the table of a package, or write ours into the page."""
    if sys.argv[1:] == ["--renew"]:
        PAGE.write_text(re.sub(_WRITTEN, table(arrows()), PAGE.read_text(), count=1))
        return
    print(table(arrows(Path(sys.argv[1]).resolve() if sys.argv[1:] else PACKAGE)))


if __name__ == "__main__":
    main()
