"""Rule: rankings among sampled negatives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.auditing.material import Material, isin
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Int64

RULE = Rule(
    name="sampled-metric",
    subject=8,
    question="Are items ranked among a sample of negatives only?",
    advice="Rank all items; keep sampled figures only beside papers that sampled in the same way.",
    source="Krichene and Rendle 2020, On Sampled Metrics for Item Recommendation",
    brief="each test item is ranked among {share} of the items",
    bar=Bar(doubtful=0.95, below=True),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of the items a user has not had that are offered, where not all items are ranked.

    The same items for every user are a smaller catalogue and no sample: good to know.
    """
    offered = _offered_pairs(material)
    if offered is not None and not len(offered):
        yield RULE.not_checkable("candidates of users and items that the log has")
        return
    if offered is not None:
        yield _finding(material, offered)
        return
    names = sorted({t.primary for t in material.all_tables if "negatives" in t.primary})
    if names:
        yield RULE.finding(
            "doubtful",
            f"Figures are of sampled rankings, by their names ({', '.join(names)}): {_ORDER}",
            brief=", ".join(names),
        )
    elif any(table.task == "ranking" for table in material.tables):
        yield RULE.finding("passed", "All items are ranked.", figure=1.0)
    else:  # lists of others do not tell what they were chosen from
        yield RULE.not_checkable("how the figures were computed: all items ranked, or a sample")


_ORDER = "such figures can order models otherwise than full rankings do."


def _offered_pairs(material: Material) -> Int64 | None:
    """int64[n], keys of users and the items that are ranked for them; None where all items are."""
    split = material.split
    if material.candidates is not None:
        users, items = (material.candidates[c].to_numpy() for c in ("user", "item"))
    elif split is not None and split.candidates is not None:
        items = split.candidates.ravel()
        users = np.repeat(split.test.histories.users, split.candidates.shape[1])
    else:
        return None
    known = (users >= 0) & (items >= 0)
    keys: Int64 = users[known].astype(np.int64) * max(1, material.log.n_items) + items[known]
    return np.unique(keys)


def _finding(material: Material, offered: Int64) -> Finding:
    log = material.log
    n_items = max(1, log.n_items)
    users, per_user = np.unique(offered // n_items, return_counts=True)
    n_distinct = len(np.unique(offered % n_items))
    had = np.unique(material.pairs[material.known_rows])
    new = offered[~isin(offered, had)]
    n_new = np.bincount(new // n_items, minlength=log.n_users)[users]
    n_had = np.bincount(had // n_items, minlength=log.n_users)[users]
    figure = float((n_new / np.maximum(n_items - n_had, 1)).mean())
    level = RULE.bar.level(figure)
    if level == "doubtful" and (per_user == n_distinct).all():
        return RULE.finding(
            "note",
            f"The same {n_distinct:,} of {log.n_items:,} items are ranked for every user.",
            figure=figure,
        )
    return RULE.finding(
        level,
        f"For each user {per_user.mean():,.0f} items are ranked on average, {share(figure)} of the "
        f"{log.n_items:,} items less those the user had"
        + (f": {_ORDER}" if level == "doubtful" else "."),
        figure=figure,
    )
