"""Which room of the package imports which: what the tests of layers and docs/architecture.md go by.

    python -m ml_headcount_tests.arrows [DIRECTORY OF THE PACKAGE]

prints the table of docs/architecture.md. A room is a folder of the package's top, or a module that
stands there by itself; the package's own `__init__.py` is none: it holds doors for people.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

__all__ = ["PACKAGE", "arrows", "imports", "room_of", "table"]

PACKAGE = Path(__file__).resolve().parents[1] / "ml_headcount_assets"


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


def arrows(package: Path = PACKAGE) -> dict[str, dict[str, int]]:
    """Return, by room, the rooms that it imports, each with the number of modules that do."""
    modules = [path for path in sorted(package.rglob("*.py")) if room_of(path, package) != "__init__"]
    rooms = {room_of(path, package) for path in modules}
    found: dict[str, dict[str, int]] = {room: defaultdict(int) for room in sorted(rooms)}
    for path in modules:
        inside = {name for name in imports(path, package) if name.startswith(f"{package.name}.")}
        here = room_of(path, package)
        for room in ({name.split(".")[1] for name in inside} & rooms) - {here}:
            found[here][room] += 1
    return {room: dict(sorted(others.items())) for room, others in found.items()}


def table(found: Mapping[str, Mapping[str, int]]) -> str:
    """Return the arrows as a table in Markdown, and below it how many there are."""
    lines = ["| room | imports (from how many of its modules) |", "|---|---|"]
    for room, others in found.items():
        named = ", ".join(f"`{other}` {count}" for other, count in others.items())
        lines.append(f"| `{room}` | {named or 'nothing'} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table of a package."""
    found = arrows(Path(sys.argv[1]).resolve() if sys.argv[1:] else PACKAGE)
    print(table(found))
    print()
    print(
        f"{len(found)} rooms, {sum(map(len, found.values()))} arrows,"
        f" {sum(sum(others.values()) for others in found.values())} imports"
    )


if __name__ == "__main__":
    main()
