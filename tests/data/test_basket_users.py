import polars as pl
import pytest

from penchant.data.basket_users import baskets_as_users
from penchant.data.dataset import Dataset
from penchant.errors import DataError


def test_each_basket_is_a_user():
    events = pl.DataFrame(
        {"user": [1, 1, 2], "item": ["a", "b", "a"], "basket": [10, 11, None], "weight": [2, 1, 1]}
    )
    anonymous = pl.DataFrame({"item": ["c", "a"], "basket": [12, 12], "weight": [1, 4]})
    log = baskets_as_users(Dataset.from_frame(events, anonymous=anonymous))
    assert log.frame().select("user", "item", "weight").rows() == [
        (10, "a", 2.0), (11, "b", 1.0), (12, "c", 1.0), (12, "a", 4.0),
    ]  # fmt: skip
    assert log.anonymous is None
    assert log.items.ids.to_list() == ["a", "b", "c"]


def test_without_baskets_there_is_nothing_to_take():
    with pytest.raises(DataError, match="has no baskets"):
        baskets_as_users(Dataset.from_frame(pl.DataFrame({"user": [1], "item": [2]})))
