"""The Python in the documents runs as it stands there, block after block."""

import re
import shlex
from pathlib import Path

import httpx
import polars as pl
import pytest
from typer.testing import CliRunner

from penchant.cli.app import app
from penchant.models import TABLE, make
from support.serving import running

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


NEEDED = {"export": "onnxruntime"}  # of the extras that a page is about
ALONE = {"service"}  # whose blocks need a service, see test_service_page.py


@pytest.mark.parametrize(
    "page", sorted(p for p in DOCS.glob("*.md") if p.stem not in ALONE), ids=lambda p: p.stem
)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.stem in NEEDED:
        pytest.importorskip(NEEDED[page.stem])
    monkeypatch.chdir(tmp_path)
    run_blocks(page)


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_blocks(ROOT / "README.md")
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_the_shop_is_followed_word_by_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = DOCS / "shop.md"
    run_blocks(page)
    commands = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    lines = [line for block in commands for line in block.splitlines()]
    assert len(lines) > 8
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "penchant"
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"{line}\n{result.output}"
    for name in ("orders.html", "compare.html", "months.html", "rules.html"):
        assert (tmp_path / name).stat().st_size > 10_000
    pairs, again, new = (pl.read_csv(tmp_path / f"{n}.csv") for n in ("pairs", "again", "new"))
    assert len(pairs) > 500
    assert again["user"].n_unique() == new["user"].n_unique()
    assert set(again.columns) > {"user", "item", "title", "rank"}


@pytest.mark.slow
def test_the_first_lists_are_made_word_by_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "118")
    page = DOCS / "first-lists.md"
    run_blocks(page)
    blocks = re.findall(
        r"^```sh\n(penchant [^\n]*)\n```\n\n(?:```text\n(.*?)^```)?", page.read_text(), re.S | re.M
    )
    assert len(blocks) == 7
    for line, shown in blocks[:-1]:
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}"
        printed = {*without_figures(result.output), "…"}
        for expected in without_figures(shown):
            assert expected in printed, f"{line}\n{expected}\n{result.output}"
    assert shlex.split(blocks[-1][0]) == ["penchant", "serve", "bundles/books"]
    with running(tmp_path / "bundles" / "books") as address:
        assert "Death at the Lake" in httpx.get(f"{address}/?q=lake").text
    for name in ("loans.html", "compare.html"):
        assert (tmp_path / name).stat().st_size > 10_000
    assert pl.read_csv(tmp_path / "lists.csv")["user"].n_unique() == 300


def without_figures(text: str) -> list[str]:
    """Lines of output without what differs on other machines: figures and widths of columns."""
    lines = (re.sub(r"[+-]?\d[\d.,]*( m?s\b)?", "#", line) for line in text.splitlines())
    return [" ".join(re.sub("[━─]+", "━", line).split()) for line in lines]


def run_blocks(page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    names: dict[str, object] = {"__name__": page.stem.replace("-", "_")}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)


def test_the_example_of_a_new_model_is_short() -> None:
    text = (DOCS / "adding-a-model.md").read_text(encoding="utf-8")
    first = re.search(r"^```python\n(.*?)^```", text, re.S | re.M)
    assert first
    code = [line for line in first[1].splitlines() if line.strip()]
    assert len(code) <= 32


def test_the_models_that_use_weights_are_those_that_the_page_names() -> None:
    text = (DOCS / "data.md").read_text(encoding="utf-8")
    sentence = text[text.index("These models use them:") :].partition(". ")[0]
    named = set(re.findall(r"`([\w-]+)`", sentence))
    assert named == {name for name in TABLE if make(name).uses_weights}
