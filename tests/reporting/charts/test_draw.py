from __future__ import annotations

from penchant.reporting.charts.draw import draw
from penchant.results.graph import lines


def test_backslashes_in_a_caption_stay_as_they_are():
    chart = draw("one", lines(r"items by C:\x and \1", {"a": [1.0, 2.0]}))
    assert r"items by C:\x and \1</title>" in chart.wide
