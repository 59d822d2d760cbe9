from __future__ import annotations

import pytest

import penchant as pn
from penchant.reporting.graphs.experiment import course
from penchant.testing import ListSimulator

SERVICE = ListSimulator(n_users=400, n_items=10, k=2)
LISTS, OUTCOMES = SERVICE.run({"control": SERVICE.rankings(2.0), "<b>new": SERVICE.rankings(0.3)})


@pytest.mark.parametrize("metric", ["users", "successes"])
def test_the_page_has_verdict_figures_and_course(tmp_path, metric):
    result = pn.compare_arms(LISTS, OUTCOMES, metric=metric)
    text = pn.report(result, tmp_path / "page.html").read_text(encoding="utf-8")
    for words in ("simulated-0", "for any number of looks", "&lt;b&gt;new", "Differences from"):
        assert words in text
    assert "<b>new" not in text
    assert text.count("<figure") == 1


def test_the_course_is_that_of_the_comparison():
    result = pn.compare_arms(LISTS, OUTCOMES)
    graph = course(result, "<b>new")
    assert graph is not None
    last = result.course.row(-1, named=True)
    ends = {series.name: series.y[-1] for series in graph.series}
    assert ends["difference"] == pytest.approx(100 * last["difference"])
    assert ends["any number of looks, lower end"] == pytest.approx(100 * last["always_low"])


def test_one_arm_has_no_course(tmp_path):
    result = pn.compare_arms(LISTS.filter(arm="control"), OUTCOMES)
    text = pn.report(result, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<figure" not in text
    nothing = pn.compare_arms(LISTS, OUTCOMES.clear())
    assert course(nothing, "<b>new") is None
