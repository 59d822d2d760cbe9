"""The subsets of the network's four branches, and the settings that leave each of them."""

from __future__ import annotations

from itertools import combinations

BRANCHES = {
    "A": ("matrix=cosine", "matrix=none"),
    "B": ("hidden=16", "hidden="),
    "C": ("text", ""),
    "D": ("picture", ""),
}
"""Each branch's setting with it and without; C and D are kinds of content."""


def subsets(*, text: bool, picture: bool) -> list[str]:
    """Names of all subsets of branches, such as `A C`, those of the most branches first.

    Args:
        text: whether there is text for branch C.
        picture: whether there are pictures for branch D.
    """
    has = {"C": text, "D": picture}
    present = [branch for branch in BRANCHES if has.get(branch, True)]
    return [" ".join(some) for n in range(len(present), 0, -1) for some in combinations(present, n)]


def spec_of(branches: str) -> str:
    """The changes to the published network that leave these branches."""
    on = {name: name in branches.split() for name in BRANCHES}
    plain = [BRANCHES[n][not on[n]] for n in ("A", "B")]
    content = ";".join(BRANCHES[n][0] for n in ("C", "D") if on[n]) or "none"
    return ",".join([*plain, f"content={content}"])
