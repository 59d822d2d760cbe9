"""Made reviews whose words tell their stars."""

from __future__ import annotations

import numpy as np
import polars as pl

GOOD = ["great", "love", "perfect", "excellent", "nice"]
BAD = ["broken", "terrible", "waste", "refund", "awful"]
OTHER = ["the", "guitar", "strap", "card", "box", "it", "was", "arrived", "color", "today"]


class Reviews:
    """Reviews of two kinds of words; `not` before a good word makes a review bad."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.users = rng.integers(0, n // 4, n)
        self.stars = rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], n, p=[0.1, 0.1, 0.15, 0.25, 0.4])
        self.labels = self.stars > 3
        summaries, texts = [], []
        for star in self.stars:
            words = GOOD if star > 3 else BAD
            said = [str(w) for w in rng.choice(words, 1 + int(star in (1, 5)))]
            if star == 2:
                said = ["not", str(rng.choice(GOOD))]
            filler = [str(w) for w in rng.choice(OTHER, rng.integers(2, 12))]
            place = rng.integers(0, len(filler))
            summaries.append(" ".join([*said[:1], *filler[:2]] if rng.random() < 0.8 else filler))
            texts.append(" ".join(filler[:place] + said + filler[place:]) + ".")
        self.texts = pl.DataFrame({"summary": summaries, "text": texts})
