"""The test users with and without history, whom a table shows apart."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.data.holdout import Holdout
from penchant.results.formatting import join_names, quoted
from penchant.results.tables import Segment
from penchant.typing import Bool
from penchant.wording import counted


def user_segments(test: Holdout) -> dict[Segment, Bool]:
    """bool[n_users] for users with history and for those without; empty where all are alike."""
    known = test.histories.lengths > 0
    if known.all() or not known.any():
        return {}
    return {"with-history": known, "without-history": ~known}


def users_without_history(test: Holdout) -> str | None:
    """A sentence on how many test users have no history; None where they are few."""
    n_new, n = test.n_new_users, test.n_users
    if n_new <= 0.2 * n:
        return None
    if n_new == n:
        return "No test user has any history."
    return f"{n_new / n:.0%} of the test users have no history: tables give figures for them apart."


def popularity_notes(has_evidence: Mapping[str, Bool], test: Holdout) -> tuple[str, ...]:
    """Which models rank by popularity for users without history, a sentence each.

    Args:
        has_evidence: bool[n_users] by the model's name, of which test users it knows something;
            for the others it ranks by the log's popularity.
        test: the held-out events.
    """
    new = test.histories.lengths == 0
    unknown = {name: int((~known & new).sum()) for name, known in has_evidence.items()}
    names = [name for name, n in unknown.items() if n and n == test.n_new_users]
    notes, users = [], counted(test.n_new_users, "test user")
    if names:
        verbs = ("know", "rank") if len(names) > 1 else ("knows", "ranks")
        notes.append(
            f"{join_names(quoted(names))} {verbs[0]} nothing of the {users} without "
            f"history and {verbs[1]} by the log's popularity for them."
        )
    notes += [
        f"{name} knows nothing of {n:,} of the {users} without history and "
        "ranks by the log's popularity for these."
        for name, n in unknown.items()
        if n and name not in names
    ]
    return tuple(notes)


def prefix_notes(test: Holdout) -> tuple[str, ...]:
    """That test histories are prefixes of fewer sequences, and what follows for intervals."""
    if test.prefix_groups is None:
        return ()
    n = len(set(test.prefix_groups.tolist()))
    return (
        f"The {test.n_users:,} test histories are prefixes of {n:,} sequences (each neighbour "
        "continues the other): intervals and tests resample whole sequences.",
    )
