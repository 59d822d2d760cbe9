from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.auditing.from_files import split_of_files
from penchant.data.predefined import hold_out_last_sequences, split_predefined
from penchant.data.splits import TEST, TRAIN, VALIDATION
from penchant.errors import DataError, ParameterError


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


def test_the_last_sequences_are_for_validation(tmp_path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("1 2 3\n\n4 5\n6\n7 8 9\n1 4\n5\n" + "2 3 3\n" * 4)
    test.write_text("1 2 2\n3\n4 9\n")
    logs = [pn.read(path, layout="sequences", quiet=True) for path in (train, test)]
    split = hold_out_last_sequences(split_of_files(*logs), 0.5)
    assert (len(split.validation), len(split.test), split.test.n_new_users) == (5, 3, 1)
    items = split.log.items
    assert [items[int(i)] for i in split.test.items] == [2, 3, 9]
    assert [items[int(i)] for i in split.validation.items] == [4, 3, 3, 3, 3]
    assert [items[int(i)] for i in split.validation.histories.items][:1] == [1]
    held_out = set(split.test.histories.users) | set(np.flatnonzero(split.train.user_counts == 0))
    assert len(held_out) == 3
    assert set(split.train.events["user"]) & held_out == set()
    assert "the last items of the latest 5 of 10 training sequences" in split.sentence
    with pytest.raises(DataError, match="lower the share"):
        hold_out_last_sequences(split_of_files(*logs), 0.9)
    with pytest.raises(ParameterError, match="has validation events"):
        hold_out_last_sequences(split, 0.5)
