from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.models import EASE, Popular
from penchant.rules import bind


def allowed(model, **sections):
    """The ids of the items that rules leave."""
    index = bind(pn.Rules(**sections), model).allowed
    return set(model.items_.ids if index is None else model.items_.take(index))


def ids_where(shop, condition):
    return set(shop.item_table.filter(condition)["item"])


@pytest.mark.parametrize(
    ("sections", "condition"),
    [
        ({"exclude": ["i1", "i7"]}, ~pl.col("item").is_in(["i1", "i7"])),
        ({"only": ["i1", "i7"]}, pl.col("item").is_in(["i1", "i7"])),
        ({"exclude": {"where": ["stock == 0", "brand == Acme"]}},
         (pl.col("stock") != 0) & pl.col("brand").ne_missing("Acme")),
        ({"only": {"where": ["stock > 2", "price < 9"]}},
         (pl.col("stock") > 2) & (pl.col("price") < 9)),
        ({"categories": {"only": ["a", "c"]}},
         pl.col("genres").list.contains("a") | pl.col("genres").list.contains("c")),
        ({"categories": {"never": "b"}}, ~pl.col("genres").list.contains("b")),
        ({"categories": {"column": "brand", "only": ["Acme"]}}, pl.col("brand") == "Acme"),
        ({"categories": {"column": "stock", "never": [1, "2"]}},
         ~pl.col("stock").is_in([1, 2])),
        ({"price": {"min": 3, "max": 7}}, pl.col("price").is_between(3, 7)),
        ({"price": {"max": 7, "unknown": "allowed"}},
         (pl.col("price") <= 7) | pl.col("price").is_null()),
    ],
)  # fmt: skip
def test_what_is_left(shop, model, sections, condition):
    assert allowed(model, **sections) == ids_where(shop, condition)


def test_rules_hold_together(shop, model, notices):
    left = allowed(
        model, exclude={"items": ["i3"], "where": ["stock == 0"]}, price={"max": 12}, only={}
    )
    price = (pl.col("price") <= 12) & (pl.col("stock") != 0) & (pl.col("item") != "i3")
    assert left == ids_where(shop, price)
    assert f"rules: {len(left)} of 24 items may be listed; left out by [price] 11, " in notices()


def test_files_lie_beside_the_rules(tmp_path, model):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "blocked.csv").write_text("item_id,why\ni3,old\ni5,old\nnew,old\n")
    (folder / "empty.txt").touch()
    (folder / "rules.toml").write_text('exclude = ["@blocked.csv", "@empty.txt", "i9"]')
    bound = bind(pn.Rules.read(folder / "rules.toml"), model)
    assert set(model.items_.ids) - set(model.items_.take(bound.allowed)) == {"i3", "i5", "i9"}
    (folder / "rules.toml").write_text('exclude = "@none.csv"')
    with pytest.raises(DataError, match=r"There is no file '.*none.csv'"):
        bind(pn.Rules.read(folder / "rules.toml"), model)


def test_prices_are_read_as_those_of_a_log(tmp_path, model):
    table = tmp_path / "artikel.csv"
    table.write_text("item;Preis\ni1;19,90 €\ni2;1.234,50\ni3;20\ni4;\ni5;5,00\n")
    price = {"column": "Preis", "min": 19.9, "max": 1234.5}
    assert allowed(model, items=f"@{table}", price=price) == {"i1", "i2", "i3"}
    table.write_text("item;Preis\ni1;19,90\ni2;auf Anfrage\n")
    words = r"\[price\]: the column 'Preis' has values that are no numbers, such as 'auf Anfrage'"
    with pytest.raises(DataError, match=words):
        allowed(model, items=f"@{table}", price=price)


def test_columns_of_tonight(tmp_path, model):
    path = tmp_path / "tonight.csv"
    path.write_text("sku,stock,season\ni1,0,summer\ni2,9,winter\nelse,9,winter\n")
    assert "i1" not in allowed(model, items=path, exclude={"where": ["stock == 0"]})
    assert "i6" in allowed(model, items=path, exclude={"where": ["stock == 0"]})  # not in the table
    assert allowed(model, items=path, only={"where": ["season == winter"]}) == {"i2"}
    path.write_text("sku,stock\ni1,0\ni1,1\n")
    with pytest.raises(DataError, match="'i1' more than once"):
        allowed(model, items=path, exclude={"where": ["stock == 0"]})
    frame = pl.DataFrame({"item": ["x"], "stock": [0]})
    with pytest.raises(
        DataError, match="None of the ids of the rules' table of items, such as 'x'"
    ):
        allowed(model, items=frame, exclude={"where": ["stock == 0"]})


def test_unknown_ids_are_counted_in_one_warning(model, notices):
    pairs = pl.DataFrame({"user": [1, 10**9], "item": ["i1", "nothing"]})
    bind(pn.Rules(exclude={"items": ["i1", "no", "nor"], "users": pairs}, only=["i1", "i2"]), model)
    (line,) = [text for text in notices().splitlines() if "not known" in text]
    assert line == (
        "rules: 4 of 9 ids are not known and passed over: 'no', 'nor', '1000000000' and 1 more."
    )


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"exclude": {"where": ["colour == red"]}}, "[exclude]: there is no column 'colour' for"),
        ({"exclude": {"where": ["stock = 0"]}}, "[exclude]: 'stock = 0' is no condition"),
        ({"exclude": {"where": ["stock == much"]}}, "[exclude]: the column 'stock' is compared"),
        ({"categories": {"column": "kind", "only": ["x"]}},
         "[[categories]]: the items have no column 'kind', there are title, brand, genres, price"),
        ({"price": {"column": "cost", "max": 1}}, "[price]: the items have no column 'cost'"),
        ({"price": {"column": "brand", "max": 1}}, "[price]: the column 'brand' has values that"),
        ({"at_most": {"n": 1, "column": "maker"}}, "[[at_most]]: the items have no column 'maker'"),
        ({"boost": {"days": 3, "places": 1, "column": "title"}},
         "[[boost]] 'new arrivals': the column 'title' has no dates"),
        ({"boost": {"items": ["i1"], "places": "brand"}}, "the column 'brand' has values that are"),
        ({"diversity": {"by": "colour"}}, "[diversity]: the items have no column 'colour'"),
        ({"only": ["unknown"]}, "rules: [only] items leaves no item: it takes the last 24"),
        ({"only": []}, "[only] items leaves no item: it takes the last 24 (its list is empty)."),
        ({"only": {"items": [], "where": ["stock > 2"]}}, "[only] items leaves no item"),
        ({"categories": {"only": [], "never": "a"}}, "[[categories]] genres leaves no item"),
        ({"price": {"min": 1000}}, "rules: [price] leaves no item"),
        ({"categories": {"only": ["z"]}}, "leaves no item: it takes the last 24 (no item has 'z')"),
    ],
)  # fmt: skip
def test_what_is_refused(model, sections, words):
    with pytest.raises((ParameterError, DataError)) as caught:
        bind(pn.Rules(**sections), model)
    assert words in str(caught.value)


def test_a_log_without_columns_or_times():
    log = pn.Dataset.from_frame(pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 2]}))
    plain = Popular().fit(log)
    for sections, words in (
        ({"exclude": {"where": ["stock == 0"]}}, r"\[exclude\]: the items have no columns for the"),
        ({"price": {"max": 1}}, r"\[price\]: the items have no column 'price', they have none; a"),
        ({"boost": {"days": 3, "places": 1}}, "the log has no times that say when an item was fi"),
    ):
        with pytest.raises(DataError, match=words):
            bind(pn.Rules(**sections), plain)
    with pytest.raises(NotFittedError):
        bind(pn.Rules(), EASE())


def test_new_arrivals(shop, model):
    def boosted(**boost):
        bound = bind(pn.Rules(boost={"places": 2, **boost}), model)
        return set(model.items_.ids.filter(pl.Series(bound.boosts[0].items)))

    frame = shop.frame()
    end = frame["time"].max()
    first = frame.group_by("item").agg(pl.col("time").min())
    for days in (1.5, 5):
        since = end - timedelta(days=days)
        assert boosted(days=days) == set(first.filter(pl.col("time") >= since)["item"])
    released = pl.col("released").is_between(end - timedelta(days=4), end)
    assert boosted(days=4, column="released") == ids_where(shop, released)
    texts = shop.item_table.select("item", pl.col("released").dt.strftime("%d/%m/%Y"))
    day = datetime(2024, 1, 15).date()
    bound = bind(
        pn.Rules(items=texts, as_of=day, boost={"days": 3, "column": "released", "factor": 2}),
        model,
    )
    moved = set(model.items_.ids.filter(pl.Series(bound.boosts[0].items)))
    assert moved == ids_where(shop, pl.col("released").is_between(day - timedelta(days=2), day))


def test_places_from_a_column(model):
    table = pl.DataFrame({"item": ["i1", "i2"], "push": [3.0, None]})
    bound = bind(pn.Rules(items=table, boost={"places": "push"}), model)
    assert bound.boosts[0].places[model.items_.index("i1")] == 3
    assert int(bound.boosts[0].items.sum()) == 1
    with pytest.raises(DataError, match="places of 'push' must be 0 or more"):
        bind(pn.Rules(items=table.with_columns(-pl.col("push")), boost={"places": "push"}), model)


@pytest.mark.parametrize("form", ["csv", "parquet", "frame", "unnamed"])
def test_exclusions_of_single_users(tmp_path, model, form):
    users = model.users_.take([0, 1, 1]).to_list()
    pairs = pl.DataFrame({"user_id": users, "sku": ["i1", "i2", "i3"]})
    source = pairs
    if form == "unnamed":
        pairs.columns = ["who", "what"]
    elif form != "frame":
        source = tmp_path / f"returned.{form}"
        getattr(pairs, f"write_{form}")(source)
    one = pl.DataFrame({"user": [users[0]], "item": ["i4"]})
    bound = bind(pn.Rules(exclude={"users": source, "baskets": one}), model)
    items = model.items_.indices(["i1", "i2", "i3", "i4"])
    histories = model.histories_of(None).take([1, 0, 2])
    assert bound.excludes(histories, np.tile(items, (3, 1))).tolist() == [
        [False, True, True, False],
        [True, False, False, True],
        [False, False, False, False],
    ]
    new = model.history(["i5"])
    assert not bound.excludes(new, items[None]).any()


def test_a_table_with_one_column_has_no_pairs(tmp_path, model):
    path = tmp_path / "pairs.csv"
    path.write_text("user\n1\n")
    with pytest.raises(DataError, match="no separator was found in line 1, 'user'"):
        bind(pn.Rules(exclude={"users": path}), model)
    path.write_text("")
    assert not len(bind(pn.Rules(exclude={"users": path}), model).excluded_pairs)
