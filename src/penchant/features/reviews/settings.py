"""Which features of a review there are, and how they are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Statistics = Literal["out-of-fold", "table"]


@dataclass(frozen=True, kw_only=True)
class ReviewSettings:
    """Which features there are.

    Attributes:
        own_text: whether the review that was written in the very event is a feature. Nobody has it
            when recommending; without it the item's other reviews speak.
        dim: length of the vectors of texts.
        words: how many words the tokeniser of summaries knows.
        length: numbers that stand for a summary, where own texts are used.
        logs: whether prices, ranks and counts are compared by their logarithms. As they are, a few
            lie dozens of standard deviations out.
        statistics: `out-of-fold` counts ratings in training events, for each of these in the other
            folds; `table` takes `overall_mean`, `overall_median` and `overall_count` of the item
            table, whatever events they were counted in.
        folds: into how many parts training events are divided.
        seed: decides the folds and where text vectors start.
    """

    own_text: bool = False
    dim: int = 32
    words: int = 100
    length: int = 20
    logs: bool = True
    statistics: Statistics = "out-of-fold"
    folds: int = 10
    seed: int = 0
