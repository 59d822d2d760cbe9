from __future__ import annotations

import polars as pl
import pytest

from penchant.data.categories import as_texts, by_category, with_texts

TEXTS = [
    ["b", None, "a", "b"],
    [],
    [None, None],
    ["x" * 40, "", "y" * 40, "x" * 40],
    [f"{n % 7}" for n in range(50)],
]


def categories(texts: list[str | None]) -> pl.Series:
    values = pl.Series("kind", ["another", *texts], dtype=pl.String)
    return values.cast(pl.Categorical(pl.Categories.random()))[1:]


@pytest.mark.parametrize("texts", TEXTS)
def test_categories_as_texts_are_the_texts(texts):
    values = pl.Series("kind", texts, dtype=pl.String)
    assert as_texts(categories(texts)).equals(values, check_names=True, check_dtypes=True)
    assert as_texts(values) is values


@pytest.mark.parametrize("texts", TEXTS)
def test_functions_of_texts_see_each_category_once(texts):
    seen: list[str | None] = []

    def doubled(values: pl.Series) -> pl.Series:
        seen.extend(values)
        return values + values

    found = by_category(categories(texts), doubled)
    assert found.to_list() == [None if text is None else 2 * text for text in texts]
    assert sorted(map(str, seen)) == sorted({text for text in texts if text is not None})


def test_frames_get_texts_in_the_columns_that_they_have():
    frame = pl.DataFrame({"a": categories(["x"]), "b": categories(["y"]), "c": [1]})
    found = with_texts(frame, "b", "c", "d")
    assert found.columns == ["a", "b", "c"]
    assert isinstance(found.schema["a"], pl.Categorical)
    assert (found.schema["b"], found.schema["c"]) == (pl.String, pl.Int64)
