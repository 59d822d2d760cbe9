"""Whom popularity answers, in words."""

from __future__ import annotations

import logging

import polars as pl
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
    rows = [(user, place == "t") for user, list_ in places.items() for place in list_]
    schema = {"user": pl.String, "fallback": pl.Boolean}
    with caplog.at_level(logging.INFO, "penchant"):
        report_fallback(pl.DataFrame(rows, schema, orient="row"))
    assert caplog.messages == ([] if sentence is None else [sentence])
