"""Whom popularity answers, in words."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from penchant.models.lists import report_fallback


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (
            {"a": "ft"},
            "The list is filled up with what is popular, where the model has no evidence.",
        ),
        ({"a": "tt"}, "The user has no history that the model can use and gets what is popular."),
        ({"a": "ff"}, None),
        ({}, None),
        (
            {"a": "tt", "b": "tf", "c": "ff"},
            "1 of 3 users has no history that the model can use and gets what is popular; 1 of 3 "
            "lists is filled up with what is popular, where the model has no evidence.",
        ),
        (
            {"a": "ft", "b": "ft", "c": "f"},
            "2 of 3 lists are filled up with what is popular, where the model has no evidence.",
        ),
        (
            {"a": "t", "b": "tt", "c": "f"},
            "2 of 3 users have no history that the model can use and get what is popular.",
        ),
    ],
)
def test_one_line_says_for_whom(caplog, places, sentence):
    lists = np.full((len(places), 3), -1, np.int32)
    values = np.full(lists.shape, -np.inf, np.float32)
    for row, list_ in enumerate(places.values()):
        lists[row, : len(list_)] = range(len(list_))
        values[row, : len(list_)] = [np.nan if place == "t" else 1 for place in list_]
    with caplog.at_level(logging.INFO, "penchant"):
        report_fallback(lists, values)
    assert caplog.messages == ([] if sentence is None else [sentence])
