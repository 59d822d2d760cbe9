"""Notebooks as files: what stands in them, and running them cell by cell as Jupyter does."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class CellError(Exception):
    """A cell of a notebook failed; the text has its number and its code."""


@dataclass(frozen=True)
class Notebook:
    """A notebook without stored outputs.

    Attributes:
        path: the file.
        content: its JSON.
    """

    path: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """A file as Jupyter writes it."""
        return cls(path, json.loads(path.read_text(encoding="utf-8")))

    @property
    def cells(self) -> list[dict[str, Any]]:
        """All cells in their order."""
        cells: list[dict[str, Any]] = self.content["cells"]
        return cells

    def run(self) -> list[object]:
        """What each cell of code shows: the value of its last expression, None without one.

        Raises:
            CellError: a cell failed.
        """
        names: dict[str, object] = {"__name__": "__main__"}
        code = (cell for cell in self.cells if cell["cell_type"] == "code")
        return [self._run(n, "".join(cell["source"]), names) for n, cell in enumerate(code, 1)]

    def _run(self, number: int, code: str, names: dict[str, object]) -> object:
        try:
            tree = ast.parse(code)
            last = tree.body[-1] if tree.body else None
            shown = tree.body.pop() if isinstance(last, ast.Expr) else None
            exec(compile(tree, f"{self.path.name}[{number}]", "exec"), names)
            if not isinstance(shown, ast.Expr) or code.rstrip().endswith(";"):
                return None
            expression = ast.Expression(shown.value)
            return eval(compile(expression, f"{self.path.name}[{number}]", "eval"), names)
        except Exception as error:
            raise CellError(f"Cell {number} of {self.path.name} failed:\n{code}") from error


def problems_of(content: dict[str, Any]) -> list[str]:
    """What keeps a notebook from being one of format 4.5 without outputs; empty for a good one."""
    found = []
    if (content.get("nbformat"), content.get("nbformat_minor")) != (4, 5):
        found.append("the format is not 4.5")
    if set(content) != {"cells", "metadata", "nbformat", "nbformat_minor"}:
        found.append(f"the keys are {sorted(content)}")
    ids = [cell.get("id", "") for cell in content["cells"]]
    if len(set(ids)) < len(ids) or not all(1 <= len(each) <= 64 for each in ids):
        found.append("ids of cells are missing or the same")
    for cell in content["cells"]:
        keys = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            keys |= {"execution_count", "outputs"}
            if cell.get("outputs") or cell.get("execution_count") is not None:
                found.append(f"the cell {cell['id']} has outputs")
        if set(cell) != keys or cell["cell_type"] not in ("code", "markdown"):
            found.append(f"the cell {cell.get('id')} has the keys {sorted(cell)}")
        if not all(isinstance(line, str) for line in cell["source"]):
            found.append(f"the cell {cell.get('id')} has no lines of text")
    return found
