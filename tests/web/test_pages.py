"""The pages in a real browser: they open offline, fit a phone, and print."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import penchant as pn
from penchant.exploration.log_exploration import explore
from penchant.models import EASE
from penchant.reporting import report
from penchant.reporting.pages.exploration import write_exploration
from penchant.studies.study import (
    Conclusion,
    DataTable,
    EvaluationSummary,
    Section,
    Steps,
    StudyResult,
    bars,
    lines,
    points,
    reliability,
)
from penchant.testing import planted_ratings

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is not installed")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module", params=["report", "exploration", "study"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / f"{request.param}.html"
    log = planted_ratings()
    if request.param == "exploration":
        return write_exploration(explore(log), path)
    split = pn.split_per_user(log, validation=0.1, test=0.2)
    result = pn.evaluate([EASE()], split, replicates=50)
    return report(study_of(log, result) if request.param == "study" else result, path)


def study_of(log: pn.Dataset, result: pn.Evaluation) -> StudyResult:
    """A study with every kind of chart and table, and names that are long for a phone."""
    name = "a network with a long name, as its program has it"
    values = {f"{name} {n}": (0.7, 0.6, 0.8) for n in range(3)}
    grid = pl.DataFrame({"network": list(values)} | {f"steepness {n}": [n, 1, 2] for n in range(9)})
    section = Section(
        title="Everything",
        conclusions=(Conclusion("trap", f"It is {name}."),),
        tables=(DataTable(grid, "Many columns.", shade="high"),),
        charts=(
            bars("Bars.", {"as published": values, "here": values}, levels={name: 0.5}),
            bars("Columns.", {"": dict(zip("abcdefgh", range(8), strict=True))}, upright=True),
            lines("Lines.", {f"{name} {n}": [3, 2, n] for n in range(7)}),
            points("Points.", range(50), range(50)),
            reliability("Chances.", {name: [0.1, 0.9]}, [0, 1]),
        ),
        comparisons=(EvaluationSummary.of(result),),
    )
    steps = Steps("made", log, version=1)
    return steps.result(title=f"On {name}", summary="All of it.", sections=[section])


def browse(page: Path, *options: str) -> None:
    assert CHROMIUM is not None
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [CHROMIUM, *QUIET, profile, *options, page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def rows_of(png: Path) -> tuple[int, list[bytes]]:
    """Width in pixels and the rows of a screenshot, 3 bytes a pixel."""
    with Image.open(png) as image:
        pixels = np.asarray(image.convert("RGB"))
    return image.width, [row.tobytes() for row in pixels]


def test_the_page_fits_a_phone(page: Path, tmp_path: Path) -> None:
    shot = tmp_path / "phone.png"
    browse(page, f"--screenshot={shot}", "--window-size=500,900", "--force-device-scale-factor=0.5")
    width, rows = rows_of(shot)
    assert width == 250
    assert len(set(rows)) > 100, "the page is empty"
    pixel = len(rows[0]) // width
    margin = {row[-2 * pixel :] for row in rows}
    assert len(margin) == 1, "something reaches into the right margin"


def test_the_page_prints(page: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    browse(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) >= 2
