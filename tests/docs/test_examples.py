"""The examples in the docstrings of the functions that are used most give what they say."""

from __future__ import annotations

import doctest
import inspect

import pytest

import penchant as pn
from penchant.models import make
from penchant.testing import planted_pairs

SHOWN = (
    *("audit", "check", "evaluate", "explain", "read", "recommend", "restore", "save"),
    *("split_by_time", "split_per_user"),
)


def run_example(function, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"pn": pn, "make": make, "planted_pairs": planted_pairs}
    text = inspect.getdoc(function)
    example = doctest.DocTestParser().get_doctest(text, names, function.__name__, None, 0)
    assert example.examples
    printed = []
    doctest.DocTestRunner().run(example, out=printed.append)
    assert not printed, "".join(printed)


@pytest.mark.parametrize("name", SHOWN)
def test_the_example_of(name, tmp_path, monkeypatch):
    run_example(getattr(pn, name), tmp_path, monkeypatch)


def test_the_example_of_make(tmp_path, monkeypatch):
    run_example(make, tmp_path, monkeypatch)


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
def test_the_example_of_load(tmp_path, monkeypatch):
    run_example(pn.load, tmp_path, monkeypatch)
