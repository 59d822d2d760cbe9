"""What is to be tried, and its edges."""

from __future__ import annotations

import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.models import EASE, DotProduct, ItemKNN, MultDAE
from penchant.models.parameters import Space
from penchant.results.tuning.trial import Range
from penchant.tuning.ranges import ranges_of, space_of
from support.tuning import Peak


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (EASE(), {"space": {}}, "nothing to tune"),
        (EASE(), {"space": {"l3": [1]}}, "no parameter 'l3'"),
        (EASE(), {"space": {"l2": []}}, "must be a list with at least one"),
        (EASE(), {"space": {"l2": "1,2"}}, "must be a list"),
        (EASE(), {"space": {"l2": 5}}, "must be a list"),
        (EASE(), {"space": {"l2": [1, 2, 1]}}, "have one twice"),
        (EASE(), {"space": {"l2": Space(5, 1)}}, "not from 5 to 1"),
        (EASE(), {"space": {"l2": Space(0, 1, log=True)}}, "number above 0, not from 0 to 1"),
        (EASE(), {"space": {"l2": Space(1, float("inf"))}}, "not from 1 to inf"),
        (ItemKNN(), {"space": {"neighbours": Space(1.2, 1.8)}}, "higher whole number"),
        (EASE(), {"space": {"l2": Space(1, 2)}, "method": "grid"}, "list of values for every"),
        (EASE(), {"method": "best"}, "There is no method 'best'"),
        (EASE(), {"method": "random", "trials": 0}, "trials must be 1 or more"),
        (EASE(), {"metric": "ndgc"}, "There is no metric 'ndgc'"),
        (EASE(), {"metric": "coverage@5", "method": "random"}, "describes lists"),
        (lambda l2: EASE(l2=l2), {}, "Say with space="),
        (lambda trial: EASE(l2=trial), {"space": {"trial": [1, 2]}}, "has a column 'trial'"),
    ],
)
def test_impossible_wishes(split, model, options, words):
    with pytest.raises(ParameterError, match=words):
        pn.tune(model, split, **options)


def test_texts_of_what_to_try():
    assert space_of(EASE(), ["l2=100,300, 1000"]) == {"l2": [100.0, 300.0, 1000.0]}
    assert space_of(EASE(), ["l2=1..1e4:log"]) == {"l2": Space(1, 10_000, log=True)}
    assert space_of(EASE(), ["l2=0.5..2"]) == {"l2": Space(0.5, 2)}
    assert space_of(DotProduct(), ["target=rating,adjusted(5,1)", "patience=none,3"]) == {
        "target": [pn.Rating(), pn.Adjusted(5, 1)],
        "patience": [None, 3],
    }
    assert space_of(EASE(), []) is None
    for wrong in (["l2"], ["l2="], ["=3"], ["l2=1,2", "l2=3,4"]):
        with pytest.raises(ParameterError, match="must be written once as"):
            space_of(EASE(), wrong)
    for wrong, words in (("l2=a..2", "'a' in"), ("l3=1,2", "no parameter"), ("l2=a,2", "cannot")):
        with pytest.raises(ParameterError, match=words):
            space_of(EASE(), [wrong])


@pytest.mark.parametrize(
    ("range_", "value", "edge"),
    [
        (Range(values=(1, 2, 3), low=1, high=3), 1, "low"),
        (Range(values=(1, 2, 3), low=1, high=3), 2, None),
        (Range(values=(3, 1, 2), low=1, high=3), 3, "high"),
        (Range(values=(1, 3), low=1, high=3), 3, None),
        (Range(values=("a", "b", "c")), "c", None),
        (Range(low=1, high=1e4, log=True), 1.4, "low"),
        (Range(low=1, high=1e4, log=True), 2, None),
        (Range(low=1, high=1e4, log=True), 7000, "high"),
        (Range(low=0, high=1), 0.04, "low"),
        (Range(low=0, high=1), 0.06, None),
        (Range(low=0, high=1, own=frozenset({"low"})), 0, None),
        (Range(low=0, high=1, own=frozenset({"low"})), 1, "high"),
        (Range(low=1, high=10, log=True, given=(0,)), 0, None),
    ],
)
def test_edges(range_, value, edge):
    assert range_.edge(value) == edge


def test_edges_of_parameters_that_end_there_are_none(rated):
    ranges = ranges_of(MultDAE(), {"dropout": Space(0, 0.8), "hidden": [1, 2, 3], "l2": [0, 1, 2]})
    assert {n: set(r.own) for n, r in ranges.items()} == {
        "dropout": {"low"},
        "hidden": {"low"},
        "l2": {"low"},
    }
    assert ranges_of(EASE(), {"l2": Space(0.001, 1)})["l2"].own == frozenset()
    assert ranges_of(Peak(), None)["at"].own == {"low", "high"}
    beyond = pn.tune(Peak(), rated, "rmse", space={"at": [4, 6, 8]})
    assert beyond.edges == {"at": "low"}
    assert "at is best at 4, at the low end of what was tried: try lower values." in str(beyond)
    assert pn.tune(Peak(), rated, "rmse", space={"at": [2, 3, 8]}).edges == {}
