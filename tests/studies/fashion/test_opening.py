"""The first screen says what the figures say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from penchant.results import MetricValue
from penchant.studies.fashion.honest_comparison import HYBRID
from penchant.studies.fashion.opening import opening
from penchant.studies.fashion.published import HYBRID as PUBLISHED_HYBRID


def value(rmse, verdict):
    return MetricValue(rmse, rmse - 0.1, rmse + 0.1, verdict=verdict)


class Table(dict):
    """Entries by name, as a table of an evaluation has them."""

    @property
    def best_trivial(self):
        return self["user-mean"]


def compared(name, verdict):
    entries = {name: value(0.5, verdict), "user-mean": value(0.4, None)}
    table = Table({n: SimpleNamespace(metrics={"rmse": v}) for n, v in entries.items()})
    return SimpleNamespace(compared=SimpleNamespace(tables={"rating": table}))


def opening_of(verdict, honest, same_text=0.986):
    return opening(
        SimpleNamespace(same_text=same_text),
        compared(PUBLISHED_HYBRID, verdict),
        {f"log, split {n}": compared(HYBRID, each) for n, each in enumerate(honest)},
        content_pays=True,
    )


@pytest.mark.parametrize("verdict", ["beats", "no better", "worse"])
@pytest.mark.parametrize("honest", [[], ["beats"], ["no better", "beats"], ["worse", "no better"]])
@pytest.mark.parametrize("same_text", [None, 0.1, 0.986])
def test_it_fits_one_screen(verdict, honest, same_text):
    assert opening_of(verdict, honest, same_text).faults == []


def test_it_says_what_the_figures_say():
    found = opening_of("no better", ["worse", "no better"])
    assert "0.753" in found.claimed
    assert "99%" in found.holds
    assert "does as well" in found.holds
    assert "averages are as good" in found.use
    assert "misses more" in opening_of("beats", ["beats"]).holds
    assert "worth its training" in opening_of("beats", ["beats"]).use
    assert "some splits only" in opening_of("beats", ["beats", "worse"]).use
    assert "99%" not in opening_of("beats", [], same_text=0.2).holds
