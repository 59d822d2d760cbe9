"""The notebooks of the documentation run cell by cell, and what they show is worth a look."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import penchant as pn
from support.notebooks import CellError, Notebook, problems_of

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_results(path, tmp_path, monkeypatch):
    notebook = Notebook.read(path)
    assert problems_of(notebook.content) == []
    monkeypatch.chdir(tmp_path)
    shown = [value for value in notebook.run() if value is not None]
    results = [v for v in shown if not isinstance(v, str | Path | pl.DataFrame | pn.Dataset)]
    assert len(results) >= 4
    for result in results:
        assert result._repr_html_().startswith(("<pre", "<div"))
    charts = [value for value in results if "<svg" in value._repr_html_()]
    assert charts, "no chart is shown"


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["audit", "own-log", "shop"]


def cell(*lines, id="one", **more):
    return {
        "cell_type": "code", "id": id, "metadata": {}, "execution_count": None, "outputs": [],
        "source": list(lines),
    } | more  # fmt: skip


def written(folder, *cells):
    path = folder / "book.ipynb"
    content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
    return Notebook.read(path)


def test_a_cell_that_fails_fails_the_notebook(tmp_path):
    with pytest.raises(CellError, match=r"Cell 2 of book.ipynb failed:\n1 / a"):
        written(tmp_path, cell("a = 0\n", "a"), cell("1 / a", id="two")).run()
    with pytest.raises(CellError, match="Cell 1"):
        written(tmp_path, cell("a = (")).run()


def test_a_cell_shows_its_last_expression(tmp_path):
    cells = [cell("a = 1\n", "a + 1"), cell("a = 3", id="two"), cell("a;", id="three")]
    assert written(tmp_path, *cells).run() == [2, None, None]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (cell("1", outputs=[{"output_type": "stream"}]), "has outputs"),
        (cell("1", execution_count=3), "has outputs"),
        (cell("1", id=""), "ids"),
        (cell("1", extra=1), "has the keys"),
    ],
)
def test_problems_of_a_notebook_are_found(tmp_path, bad, said):
    (problem,) = problems_of(written(tmp_path, bad).content)
    assert said in problem
