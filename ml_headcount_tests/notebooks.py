"""Notebooks run in this process: their cells one after the other, and what each shows.

python -m ml_headcount_tests.notebooks docs/notebook.ipynb WAREHOUSE

writes the notebook again with what its cells show of a study.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from ml_headcount_assets.export.pictures import write_pictures
from ml_headcount_assets.figures.catalogue import StudyFigure

#: Cell whose assignments are replaced by those of who runs the notebook.
PARAMETERS = "parameters"


def run(notebook: Mapping[str, Any], folder: Path, **parameters: object) -> dict[str, Any]:
    """Run the cells of a notebook in a folder.

    Parameters
    ----------
    notebook
        As JSON has it.
    folder
        Where it runs, and where it writes.
    parameters
        Values of names that the cell tagged ``parameters`` gives.

    Returns
    -------
    dict
        The names that there are at its end. Cells hold what they show (`show` makes outputs of
        it) under ``shown``.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    with chdir(folder):
        for number, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] != "code":
                continue
            told = io.StringIO()
            with redirect_stdout(told):
                value = _value("".join(cell["source"]), f"cell {number}", names)
            cell["shown"] = (told.getvalue(), value)
            if PARAMETERS in cell["metadata"].get("tags", []):
                assert set(parameters) <= set(names), "a parameter that the notebook has not"
                names |= parameters
    return names


def _value(source: str, name: str, names: dict[str, Any]) -> object:
    """Run a cell; return the value of its last line if that is an expression."""
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), name, "eval"), names)


def show(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook that has been run with outputs in the notebook format."""
    cells, number = [], 0
    for cell in notebook["cells"]:
        cell = dict(cell)
        if cell["cell_type"] == "code":
            number += 1
            text, value = cell.pop("shown")
            told = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
            cell |= {"outputs": told + _outputs(value, number), "execution_count": number}
        cells.append(cell)
    return {**notebook, "cells": cells}


def _outputs(value: object, number: int) -> list[dict[str, Any]]:
    if value is None:
        return []
    data: dict[str, Any] = {"text/plain": repr(value)}
    if isinstance(value, go.Figure):
        data = {"image/png": _picture(value), "text/plain": "Figure"}
    elif hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    result = {"output_type": "execute_result", "metadata": {}, "execution_count": number}
    return [{**result, "data": data}]


def _picture(figure: go.Figure) -> str:
    drawn = StudyFigure("figure", "", "", "", None, figure)
    with tempfile.TemporaryDirectory() as work:
        (path,) = write_pictures([drawn], Path(work), "png", lambda *_: None)
        return base64.b64encode(path.read_bytes()).decode()


if __name__ == "__main__":
    path, warehouse = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    content = json.loads(path.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as work:
        run(content, Path(work), warehouse=os.fspath(warehouse))
    path.write_text(json.dumps(show(content), indent=1, ensure_ascii=False) + "\n", "utf-8")
