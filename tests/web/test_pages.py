"""The pages in a real browser: they open offline, fit a phone, and print."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

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
    Opening,
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
    opening = Opening(
        claimed=f"{'A claim of as many words as are read at all, '.capitalize() * 3}is .7329.",
        holds=f"{'Of which not much is left where it is looked at, '.capitalize() * 3}so to say.",
        use="Take the mean.",
        graph=bars(
            f"{'Eight bars of values that are measured on test events. ' * 2}",
            {"": {f"Of {words}, {n}": n + 0.5 for n, words in enumerate(["names"] * 8)}},
            levels={"a level": 2},
        ),
    )
    steps = Steps("made", log, version=1)
    return steps.result(title=f"On {name}", opening=opening, sections=[section])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = planted_ratings()
    split = pn.split_per_user(log, validation=0.1, test=0.2)
    result = study_of(log, pn.evaluate([EASE()], split, replicates=50))
    return report(result, tmp_path_factory.mktemp("study") / "study.html")


def browse(page: Path, *options: str) -> str:
    assert CHROMIUM is not None
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [CHROMIUM, *QUIET, profile, *options, page.as_uri()]
    run = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return run.stdout.decode()


def measure(page: Path, width: int, height: int, expression: str, part: str = "") -> Any:
    """What an expression of JavaScript gives in a page that is shown in a window of this size.

    Args:
        page: the page.
        width: of the window, in pixels; also below what a window of Chromium has at least.
        height: likewise.
        expression: `page` is the document and `screen` its window.
        part: the id of the part of the page that is opened.
    """
    frame = escape(page.read_text(encoding="utf-8"))
    outer = page.with_name(f"{page.stem}-{width}-{part or 'top'}.html")
    outer.write_text(
        f'''<!doctype html><meta charset="utf-8"><body>
        <iframe width="{width}" height="{height}" style="border:0" srcdoc="{frame}"></iframe>
        <script>onload = () => {{
          const screen = document.querySelector("iframe").contentWindow, page = screen.document;
          screen.location.hash = "{part}";
          setTimeout(() => {{
            document.body.dataset.value = JSON.stringify({expression});
          }}, 300);
        }};</script>''',
        encoding="utf-8",
    )
    dom = browse(outer, "--virtual-time-budget=5000", "--dump-dom", "--window-size=1300,1000")
    found = re.search(r'<body data-value="(.*?)">', dom)
    assert found, dom[-2000:]
    return json.loads(unescape(found[1]))


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


@pytest.mark.parametrize(("width", "height"), [(1200, 900), (390, 844)])
def test_the_first_screen_of_a_study_holds_title_sentences_and_picture_alone(
    study: Path, width: int, height: int
) -> None:
    bottoms = measure(
        study,
        width,
        height,
        """Object.fromEntries(["h1", ".claims", ".opening figure", "nav"].map(
          (name) => [name, page.querySelector(name).getBoundingClientRect()]
        ).map(([name, box]) => [name, [box.top, box.bottom]]))""",
    )
    assert bottoms["h1"][0] > 0
    assert bottoms["h1"][1] <= bottoms[".claims"][0] < bottoms[".claims"][1]
    assert bottoms[".claims"][1] <= bottoms[".opening figure"][0]
    assert bottoms[".opening figure"][0] + 200 < bottoms[".opening figure"][1] <= height
    assert bottoms["nav"][0] >= height - 40


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_wider_than_the_page_when_all_chapters_are_open(study: Path, width: int) -> None:
    wide = measure(
        study,
        width,
        900,
        """[page.documentElement.scrollWidth,
          [...page.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1)
            .map((e) => e.textContent.trim().slice(0, 60)),
          page.querySelector(".content").getBoundingClientRect().height > 900]""",
        "all",
    )
    assert wide == [width, [], True]


def test_a_link_opens_its_chapter_alone(study: Path) -> None:
    expression = """["s1", "work"].map(
      (id) => page.getElementById(id).checkVisibility({contentVisibilityAuto: true})
    )"""
    assert measure(study, 1200, 900, expression) == [False, False]
    assert measure(study, 1200, 900, expression, "s1") == [True, False]
