"""Progress, files and the session behind every command."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from penchant.cli.default_models import build, default_specs
from penchant.cli.files import writable_path
from penchant.cli.progress import Terminal
from penchant.errors import ParameterError
from penchant.run import Run


def test_progress_shows_nested_work_and_leaves_nothing_open():
    out = io.StringIO()
    progress = Terminal(Console(file=out, force_terminal=True, width=120))
    run = Run(progress=progress)
    for _ in run.track(range(2), "models"):
        with progress.task("inner") as task:
            task.advance(note="loss 0.5")
            progress._bars.refresh()
    assert "models" in out.getvalue()
    assert "loss 0.5" in out.getvalue()
    assert not progress._bars.live.is_started
    assert not progress._bars.tasks


def test_progress_stops_when_the_work_fails():
    progress = Terminal(Console(file=io.StringIO(), force_terminal=True))
    with pytest.raises(ZeroDivisionError), progress.task("work", 3):
        1 / 0  # noqa: B018
    assert not progress._bars.live.is_started


def test_targets_are_checked_before_the_work(tmp_path):
    assert writable_path(None) is None
    assert writable_path(tmp_path / "a" / "b.html", endings=(".html",)).parent.is_dir()
    with pytest.raises(ParameterError, match="is a folder"):
        writable_path(tmp_path)
    with pytest.raises(ParameterError, match=r"must be one of \.html"):
        writable_path(tmp_path / "page.pdf", endings=(".html",))
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="cannot be written"):
        writable_path(tmp_path / "file" / "b.html")


def test_contenders(tiny):
    assert "dot" in default_specs(tiny)
    models = build(["ease", "dot:seed=3"], seed=7)
    assert {name: model.seed for name, model in models.items()} == {"ease": 7, "dot:seed=3": 3}
