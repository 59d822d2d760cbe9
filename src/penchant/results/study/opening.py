"""The first screen of a study's page: three sentences and one picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penchant.results.graph import Graph

MOST_WORDS = 30
MOST_NAMES = 8
"""Names of bars that a picture has on a phone beside three sentences."""
LABELS: Mapping[str, str] = {
    "claimed": "What was claimed",
    "holds": "What holds here",
    "use": "What to use",
}
"""The sentences of an opening, in their order, and what stands before each."""
_FIGURE = re.compile(r"(?<![\w.,/])[\d.,/]*\d(?![\w/])")
_YEAR = re.compile(r"(19|20)\d\d")
_SENTENCE_END = re.compile(r"[.!?][”\"')]*\s+(?=[A-Z“])")


@dataclass(frozen=True, kw_only=True, eq=False)
class Opening:
    """What a study comes to, for somebody who reads no further.

    Each text is one plain sentence of at most thirty words with at most one figure; whatever else
    is known stands in the sections.

    Attributes:
        claimed: what was claimed.
        holds: what holds of it on the log at hand.
        use: what to use instead, or that the trivial answer is as good.
        graph: one picture that shows the main point, of a few bars or lines.
    """

    claimed: str
    holds: str
    use: str
    graph: Graph | None = None

    @property
    def sentences(self) -> dict[str, str]:
        """The three sentences by their labels, each on one line."""
        return {label: " ".join(getattr(self, name).split()) for name, label in LABELS.items()}

    @property
    def faults(self) -> list[str]:
        """What makes this too much for one screen, a sentence each; for tests of studies."""
        found = []
        for label, sentence in self.sentences.items():
            words = len(sentence.split())
            figures = [f for f in _FIGURE.findall(sentence) if not _YEAR.fullmatch(f)]
            if not sentence.endswith((".", "!", "?")) or _SENTENCE_END.search(sentence):
                found.append(f"{label} must be one sentence.")
            if words > MOST_WORDS:
                found.append(f"{label} has {words} words, and at most {MOST_WORDS} are read.")
            if len(figures) > 1:
                found.append(f"{label} has the figures {', '.join(figures)}, and one is enough.")
        if self.graph is not None and self.graph.kind in ("bars", "intervals"):
            rows = len(self.graph.series) * len(self.graph.series[0].x)
            if rows > MOST_NAMES:
                found.append(f"The picture has {rows} rows, and {MOST_NAMES} fit on a phone.")
        return found

    def to_dict(self) -> dict[str, Any]:
        """The sentences and what the picture draws."""
        return {name: " ".join(getattr(self, name).split()) for name in LABELS} | {
            "graph": None if self.graph is None else self.graph.to_dict()
        }
