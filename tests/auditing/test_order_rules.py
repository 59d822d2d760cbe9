"""What the audit says of sequences: ties, repeated targets and unknown items."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.splits import GIVEN, TEST, TRAIN, Split


def log_of(rows):
    """A log of (user, item, second)."""
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row")
    times = (pl.col("time") * 1_000_000).cast(pl.Datetime("us"))
    return pn.Dataset.from_frame(frame.with_columns(times), name="tied")


@pytest.fixture(scope="module")
def tied():
    """Ten users, of whom three have their second and third event at one time."""
    rows = [(u, 10 * u + n, 10 * n) for u in range(10) for n in range(4)]
    return log_of([(u, i, 10 if u < 3 and t == 20 else t) for u, i, t in rows])


def test_ties_of_the_last_known_events_are_counted(tied):
    found = pn.audit(pn.split_leave_last_out(tied, validation=False))["ties-in-history"]
    assert found.level == "doubtful"
    assert found.figure == pytest.approx(0.3)
    assert "order of their rows" in found.sentence
    assert sorted(found.examples["item"]) == [3, 13, 23]
    assert pn.audit(pn.split_leave_last_out(tied))["ties-in-history"].figure == pytest.approx(0.3)


def test_the_same_item_twice_at_one_time_is_no_tie():
    rows = [(u, i, t) for u in range(9) for i, t in ((10 * u, 0), (500, 1), (500, 1), (501, 2))]
    split = pn.split_leave_last_out(log_of(rows), validation=False)
    assert pn.audit(split)["ties-in-history"].figure == 0


def test_ties_do_not_matter_where_nobody_asks_for_the_next_event(tied):
    assert pn.audit(pn.split_random(tied))["ties-in-history"].level in ("passed", "not checkable")
    untimed = pn.Dataset.from_frame(tied.frame().select("user", "item"))
    split = pn.split_leave_last_out(untimed)
    assert pn.audit(split)["ties-in-history"].level == "not checkable"


def test_repeated_targets_say_how_many_judge():
    rows = [(u, n, n) for u in range(8) for n in range(4)]
    rows += [(u, 0 if u < 2 else 5, 9) for u in range(8)]
    split = pn.split_leave_last_out(log_of(rows), validation=False)
    said = pn.audit(split)["same-pair"].sentence
    assert "6 of the 8 test events judge them" in said
    allowed = pn.audit(replace(split, repeat_rule="allowed"))["same-pair"].sentence
    assert "Lists may hold these" in allowed
    assert "judge" not in allowed
    assert "2 of the 8" in pn.audit(replace(split, repeat_rule="only"))["same-pair"].sentence


def test_given_items_that_nobody_learned_are_counted():
    rows = [(u, n, n) for u in range(6) for n in range(4)]
    rows += [(10, 0, 0), (10, 99, 1), (10, 1, 2), (11, 98, 0), (11, 97, 1), (11, 2, 2)]
    log = log_of(rows)
    sides = np.full(len(rows), TRAIN, np.uint8)
    sides[24:] = [GIVEN, GIVEN, TEST, GIVEN, GIVEN, TEST]
    split = Split(log, sides, kind="predefined", sentence="Files.", ties="As given.")
    assert "75.0 % of the events that are given" in pn.audit(split)["cold-items"].sentence
    sides = sides.copy()
    sides[25:29] = TRAIN
    known = Split(log, sides, kind="predefined", sentence="Files.", ties="As given.")
    assert "given" not in pn.audit(known)["cold-items"].sentence


def visits(n=40, length=4, gap=100, step=1, per_user=1, last_step=None):
    """Sessions that begin one after the other, each a user unless users have several.

    The last tenth of them may go on in other steps.
    """
    steps = [step if last_step is None or u < 0.9 * n else last_step for u in range(n)]
    rows = [(u, (7 * u + n) % 20, gap * u + steps[u] * n) for u in range(n) for n in range(length)]
    if per_user == 1:
        return log_of(rows)
    frame = pl.DataFrame(rows, schema=["session", "item", "time"], orient="row")
    return pn.read(frame.with_columns(user=pl.col("session") % (n // per_user)))


@pytest.mark.parametrize("per_user", [1, 2])
def test_what_is_given_of_test_sessions_is_not_learned_from(per_user):
    split = pn.split_sessions(visits(per_user=per_user))
    found = pn.audit(split)["trained-on-future"]
    assert (found.level, found.figure) == ("passed", 0)
    assert "said to be by sessions" in found.sentence
    assert pn.audit(split, claimed="time")["trained-on-future"].level == "passed"


def test_sessions_that_end_late_are_no_breach_as_long_as_few_do():
    split = pn.split_sessions(visits(n=400, gap=100, step=50, last_step=1))
    found = pn.audit(split)["trained-on-future"]
    assert (found.level, found.figure) == ("passed", 0)
    assert "2.5 % of the test events are older" in found.sentence
    long = pn.split_sessions(visits(n=400, gap=100, step=500, last_step=1))
    found = pn.audit(long)["trained-on-future"]
    assert found.level == "doubtful"
    assert "what happened after them" in found.sentence
    assert "too early" not in found.brief


def test_a_session_that_begins_before_what_is_learned_breaks_the_claim():
    split = pn.split_sessions(visits())
    sides = split.sides.copy()
    sides[sides == TEST], sides[4 * 10 + 3] = GIVEN, TEST  # an old session judges
    sides[4 * 10 : 4 * 10 + 3] = GIVEN
    for claimed in ("sessions", "time"):
        found = pn.audit(replace(split, sides=sides), claimed=claimed)["trained-on-future"]
        assert (found.level, found.figure) == ("wrong", 1)
        assert "begin too early" in found.brief


def test_ties_within_sessions_are_as_doubtful_as_within_users():
    split = pn.split_sessions(visits(step=0))
    found = pn.audit(split)
    assert (found["ties-in-time"].level, found["ties-in-time"].figure) == ("doubtful", 1)
    assert (found["ties-in-history"].level, found["ties-in-history"].figure) == ("doubtful", 1)
    assert pn.audit(pn.split_sessions(visits()))["ties-in-history"].level == "passed"


def test_an_item_again_in_a_sequence_is_no_copy():
    frame = pl.DataFrame({"user": [1, 1, 1, 2, 2], "item": [5, 5, 6, 7, 7]})
    sequences = pn.read(frame, order="rows", quiet=True)
    found = pn.audit(pn.split_leave_last_out(sequences, validation=False))["copies"]
    assert (found.level, found.figure) == ("passed", 0)
    assert "place in the sequence" in found.sentence
    unordered = pn.audit(pn.split_leave_last_out(pn.read(frame, quiet=True), validation=False))
    assert unordered["copies"].level == "doubtful"
