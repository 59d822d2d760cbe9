from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from penchant.results import Opening
from penchant.results.graph import bars, lines
from penchant.results.study.text import render_opening

GOOD = Opening(
    claimed="A network was said to know in 84.91 % of all cases what a reader of 2018 likes.",
    holds="Saying “yes” to everything\nis right as often.",
    use="Take the mean rating of each film.",
)


def printed(opening: Opening) -> str:
    file = io.StringIO()
    render_opening(opening, Console(file=file, width=120, color_system=None))
    return file.getvalue()


def test_three_short_sentences_are_no_fault():
    assert GOOD.faults == []
    assert list(GOOD.sentences.values())[1] == "Saying “yes” to everything is right as often."


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"claimed": "It was .7329. So they say."}, "What was claimed must be one sentence."),
        ({"holds": "Nothing holds"}, "What holds here must be one sentence."),
        ({"use": "word " * 30 + "end."}, "What to use has 31 words, and at most 30 are read."),
        ({"holds": "It is .73 and 57.6 % here."}, "What holds here has the figures .73, 57.6"),
        (
            {"graph": bars("x", {"": {str(n): n for n in range(9)}})},
            "The picture has 9 rows, and 8 fit on a phone.",
        ),
    ],
)
def test_more_than_a_screen_is_a_fault(change, fault):
    (found,) = replace(GOOD, **change).faults
    assert found.startswith(fault)


def test_plain_values():
    graph = lines("Loss.", {"a": [2.0, 1.0]})
    plain = replace(GOOD, graph=graph).to_dict()
    assert plain["use"] == "Take the mean rating of each film."
    assert plain["graph"]["series"][0]["y"] == (2.0, 1.0)
    assert GOOD.to_dict()["graph"] is None


def test_a_terminal_shows_bars_with_their_values_and_captions_of_lines():
    text = printed(
        replace(GOOD, graph=bars("F1.", {"": {"a": 0.8, "b": 0.4}}, levels={"all": 0.7}))
    )
    assert "What to use" in text
    assert [line.split() for line in text.splitlines() if "█" in line] == [
        ["a", "0.8", "█" * 40],
        ["b", "0.4", "█" * 20],
    ]
    assert "all: 0.7" in text
    assert "[chart] Loss." in printed(replace(GOOD, graph=lines("Loss.", {"a": [2.0, 1.0]})))
    assert "[chart] Gain." in printed(replace(GOOD, graph=bars("Gain.", {"": {"a": -1.0}})))
