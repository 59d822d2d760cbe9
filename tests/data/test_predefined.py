from __future__ import annotations

import polars as pl
import pytest

from penchant.data.predefined import split_predefined
from penchant.data.splits import TEST, TRAIN, VALIDATION
from penchant.errors import DataError


def frame(pairs, **columns):
    user, item = zip(*pairs, strict=True)
    return pl.DataFrame({"user": user, "item": item, **columns})


TRAINING = frame([("a", 1), ("a", 2), ("b", 3)])
TEST_EVENTS = frame([("b", 1), ("a", 5)])


def negatives(users, lists):
    return pl.DataFrame({"user": users, "items": lists})


def test_sides_are_as_given():
    split = split_predefined(
        TRAINING, TEST_EVENTS, validation=frame([("a", 3)]), sentence="As published."
    )
    assert split.sides.tolist() == [TRAIN] * 3 + [VALIDATION] + [TEST] * 2
    assert (split.kind, split.sentence, split.candidates) == ("predefined", "As published.", None)
    assert "side" not in split.log.events.columns
    assert split.log.items.ids.to_list() == [1, 2, 3, 5]


def test_parts_may_have_different_columns():
    split = split_predefined(TRAINING.with_columns(style=pl.lit("x")), TEST_EVENTS)
    assert split.log.events["style"].to_list() == ["x"] * 3 + [None] * 2


def test_candidates_join_the_users_positives():
    split = split_predefined(
        TRAINING, TEST_EVENTS, candidates=negatives(["a", "b"], [[9, 3], [2, 8]])
    )
    ids = [set(split.log.items.take(row).to_list()) for row in split.candidates]
    assert [split.log.users[int(u)] for u in split.test.histories.users] == ["a", "b"]
    assert ids == [{9, 3, 5}, {2, 8, 1}]
    assert split.negatives == 2
    assert split.test.candidates is split.candidates
    assert "2 given negatives" in split.sentence


def test_lists_of_different_length_are_padded():
    test_events = frame([("b", 1), ("a", 5), ("a", 3)])
    split = split_predefined(
        TRAINING,
        test_events,
        candidates=negatives(["b", "a", "z"], [[2], [8, 9], [1]]),
        user_table=pl.DataFrame({"user": ["z"]}),
    )
    lists = [[split.log.items[int(i)] for i in row if i >= 0] for row in split.candidates]
    assert [sorted(row) for row in lists] == [[3, 5, 8, 9], [1, 2]]
    assert split.candidates.shape == (2, 4)


def test_candidates_of_unknown_users_are_nobodys():
    lists = negatives(["a", "b", "nobody"], [[9], [8], [7, 9]])
    split = split_predefined(TRAINING, TEST_EVENTS, candidates=lists)
    ids = [{split.log.items[int(i)] for i in row if i >= 0} for row in split.candidates]
    assert ids == [{9, 5}, {8, 1}]


def test_candidates_change_the_fingerprint():
    one, two = (
        split_predefined(
            TRAINING,
            TEST_EVENTS,
            candidates=negatives(["a", "b"], [[3], [last]]),
            item_table=pl.DataFrame({"item": [8, 9]}),
        )
        for last in (8, 9)
    )
    assert one.fingerprint != two.fingerprint


def test_users_without_candidates_are_an_error():
    with pytest.raises(DataError, match="1 test user has no candidate list, such as 'b'"):
        split_predefined(TRAINING, TEST_EVENTS, candidates=negatives(["a"], [[3]]))


def test_unknown_candidates_are_an_error():
    with pytest.raises(DataError, match="1 candidate items are in no table"):
        split_predefined(
            TRAINING,
            TEST_EVENTS,
            candidates=negatives(["a", "b"], [[3], [77]]),
            item_table=pl.DataFrame({"item": [8]}),
        )


def test_candidate_lists_of_unknown_users_are_ignored():
    split = split_predefined(
        TRAINING, TEST_EVENTS, candidates=negatives(["a", "b", "new"], [[3], [2], [2]])
    )
    assert split.candidates.shape == (2, 2)
