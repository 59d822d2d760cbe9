"""How a study tells how far it is, with a clock of its own."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from penchant.cli.progress import Terminal
from penchant.cli.study_progress import StudyWatch, line, page_writer
from penchant.results import PlannedStep, StudyProgress
from penchant.run import Silent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def progress(current: str = "a") -> StudyProgress:
    steps = (PlannedStep("a", 60.0), PlannedStep("b", 600.0))
    return StudyProgress("made", steps, current)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(clock):
    return StudyWatch("made", Silent(), clock=clock)


def test_lines_come_at_every_step_and_every_half_minute(watch, clock, notices):
    watch.watch(progress())
    for _ in range(95):
        watch.tick()
        clock.now += 1
    lines = [line for line in notices().splitlines() if "step 1" in line]
    assert [re.search(r"; ([^,]*) gone", text)[1].replace("\xa0", " ") for text in lines] == [
        "1.0 s",
        "31.0 s",
        "1 min 1 s",
        "1 min 31 s",
    ]
    assert lines[0].endswith("made: step 1 of 2, a; 1.0\xa0s gone, about 11 min left.")
    watch.watch(progress("b"))
    clock.now += 1
    watch.tick()
    assert "step 2 of 2, b" in notices()


def test_reading_a_long_log_is_told_too(watch, clock, notices):
    for _ in range(40):
        watch.tick()
        clock.now += 1
    assert notices().replace("\xa0", " ").splitlines() == [
        "made: reading the log, 1.0 s gone.",
        "made: reading the log, 31.0 s gone.",
    ]


def test_steps_that_take_no_time_get_no_line(watch, clock, notices):
    for name in ("a", "", "b"):
        watch.watch(progress(name))
        clock.now += 0.1
        watch.tick()
    assert notices() == ""


def test_one_piece_of_work_with_a_total_is_the_share_of_its_step(watch, clock):
    watch.watch(progress())
    with watch.task("made: a"), watch.task("networks", 4) as networks:
        networks.advance()
        assert watch.now().share == 0.25
        with watch.task("epochs", 10) as epochs:
            epochs.advance(5)
            assert watch.now().share == 0.375
        networks.advance()
        assert watch.now().share == 0.5
        clock.now = 30.0
        assert watch.now().in_step == 30.0
        assert "50\xa0% done" in line(watch.now())


def test_pieces_after_one_another_are_no_share(watch):
    watch.watch(progress())
    with watch.task("made: a"):
        with watch.task("first", 2) as first:
            first.advance(2)
        with watch.task("second", 2) as second:
            second.advance()
            assert watch.now().share is None
    watch.watch(progress("b"))
    with watch.task("made: b"), watch.task("without end"):
        assert watch.now().share is None


def test_a_terminal_has_a_bar_of_the_whole_study():
    out = io.StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, width=120))
    watch = StudyWatch("made", terminal)
    with watch.running():
        watch.watch(progress())
        watch.tick()
        terminal._bars.refresh()
    assert "made: step 1 of 2" in out.getvalue()
    assert "about 11 min left" in out.getvalue()
    assert not terminal._bars.live.is_started


def test_the_page_shows_what_is_under_way_and_that_it_stopped(tmp_path):
    path = tmp_path / "study.html"
    watch = StudyWatch("made", Silent(), page_writer(path, "A <made> study", "some.csv"))
    pages = []

    def study():
        with watch.running():
            pages.append(path.read_text())
            watch.watch(progress())
            pages.append(path.read_text())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study()
    first, second = pages
    assert "The log is being read." in first
    assert "A &lt;made&gt; study" in first
    assert "Step 1 of 2: a." in second
    assert "about 11 min left" in second
    for page in (first, second):
        assert '<meta http-equiv="refresh" content="5">' in page
        assert "<script" not in page
    last = path.read_text()
    assert "This study was stopped." in last
    assert 'http-equiv="refresh"' not in last


def test_nothing_is_written_over_the_result(tmp_path, clock):
    path = tmp_path / "study.html"
    watch = StudyWatch("made", Silent(), page_writer(path, "Made", "some.csv"), clock)
    watch.watch(progress())
    watch.write_result(lambda: path.write_text("<h1>A result</h1>"))
    clock.now = 60.0
    watch.tick()
    watch.watch(progress("b"))
    assert path.read_text() == "<h1>A result</h1>"


def test_a_result_that_cannot_be_written_leaves_a_page_that_says_it_stopped(tmp_path):
    path = tmp_path / "study.html"
    watch = StudyWatch("made", Silent(), page_writer(path, "Made", "some.csv"))

    def study():
        with watch.running():
            watch.watch(progress())
            watch.write_result(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        study()
    assert "This study was stopped." in path.read_text()


def test_the_page_of_an_earlier_result_comes_back(tmp_path):
    path = tmp_path / "study.html"
    path.write_text("<h1>An earlier result</h1>")

    def study():
        with StudyWatch("made", Silent(), page_writer(path, "Made", "some.csv")).running():
            assert "The log is being read." in path.read_text()
            1 / 0  # noqa: B018

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            study()
        assert path.read_text() == "<h1>An earlier result</h1>"


def test_the_page_of_a_run_that_was_killed_does_not_come_back(tmp_path):
    path = tmp_path / "study.html"
    page_writer(path, "Made", "some.csv")(progress(), False)
    page_writer(path, "Made", "some.csv")(None, True)
    assert "This study was stopped." in path.read_text()
