from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from penchant.serving.pages.covers import cover


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=300), st.integers())
def test_any_title_makes_a_cover_that_holds_no_markup_and_no_style(title, key):
    drawn = cover(title, key)
    root = ET.fromstring(drawn)
    assert {each.tag for each in root.iter()} <= {"svg", "rect", "path", "circle", "text", "tspan"}
    assert not any("style" in each.attrib for each in root.iter())
    assert root.get("aria-hidden") == "true"
    assert drawn == cover(title, key)


def test_titles_are_told_apart():
    assert len({cover("Fargo", n) for n in range(50)}) == 50
    assert "Independence" in cover("Independence Day (ID4)", 1)
    assert cover("word " * 100, 1).count("<tspan") <= 6
