"""The examples in the docstrings of the public functions and classes give what they say."""

from __future__ import annotations

import doctest
import inspect

import polars as pl
import pytest

import penchant as pn
from penchant.models import make
from penchant.testing import planted_pairs

# They need the network, an extra or a server, or are errors.
WITHOUT = {"MLflowTracker", "PenchantError", "export_onnx", "fetch"}
ELSEWHERE = {"load"}  # needs a mirror, see below
SHOWN = sorted(
    name
    for name in pn.__all__
    if inspect.isroutine(found := getattr(pn, name)) or inspect.isclass(found)
    if name not in WITHOUT | ELSEWHERE
)


def run_example(function, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"pn": pn, "make": make, "planted_pairs": planted_pairs, "pl": pl}
    text = inspect.getdoc(function)
    example = doctest.DocTestParser().get_doctest(text, names, function.__name__, None, 0)
    assert example.examples
    printed = []
    doctest.DocTestRunner().run(example, out=printed.append)
    assert not printed, "".join(printed)


def test_those_without_an_example_need_more():
    examples = doctest.DocTestParser()
    bare = {
        name
        for name in {*SHOWN, *WITHOUT, *ELSEWHERE}
        if not examples.get_examples(inspect.getdoc(getattr(pn, name)))
    }
    assert bare == WITHOUT


@pytest.mark.parametrize("name", SHOWN)
def test_the_example_of(name, tmp_path, monkeypatch):
    run_example(getattr(pn, name), tmp_path, monkeypatch)


def test_the_example_of_make(tmp_path, monkeypatch):
    run_example(make, tmp_path, monkeypatch)


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
def test_the_example_of_load(tmp_path, monkeypatch):
    run_example(pn.load, tmp_path, monkeypatch)
