from __future__ import annotations

import polars as pl
import pytest

from penchant.data.reviews import products
from penchant.data.reviews.styles import main_style, style_kinds, style_value


def apply(rule, *texts):
    frame = pl.LazyFrame({"text": list(texts)}, schema={"text": pl.String})
    return frame.select(rule(pl.col("text"))).collect().to_series().to_list()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$13.01", 13.01),
        ("$1,250.00", 1250),
        ("7", 7),
        (" 24.99 ", 24.99),
        ("$10.00 - $20.00", None),
        ("from 12.99", None),
        ("$12,50", None),
        (".a-box-inner{background-color:#fff}", None),
        ("", None),
        (None, None),
    ],
)
def test_prices(text, amount):
    assert apply(products.parse_price, text) == [amount]


@pytest.mark.parametrize(
    ("text", "rank", "named"),
    [
        ("58,291 in CDs &amp; Vinyl (", 58_291, "CDs & Vinyl"),
        ('[">#2,893,775 in Toys & Games (See Top)", ">#50 in Other"]', 2_893_775, "Toys & Games"),
        ('{"Musical Instruments": 94593}', 94_593, "Musical Instruments"),
        ('[">#1,019 in Gift Cards > Kids"]', 1_019, "Gift Cards"),
        ("[]", None, None),
        ("{}", None, None),
        (None, None, None),
    ],
)  # fmt: skip
def test_ranks(text, rank, named):
    assert apply(products.parse_rank, text) == [rank]
    assert apply(products.parse_rank_category, text) == [named]


def test_brands_and_titles():
    assert apply(products.clean_brand, "by\n   The &quot;X&quot;", " ", "LG", None) == [
        'the "x"', None, "lg", None,
    ]  # fmt: skip
    assert apply(
        products.clean_title, "var aPageStart = (new Date()).getTime();", "A <i>b</i>"
    ) == [
        None,
        "A b",
    ]


def test_products_bought_along():
    found = apply(products.parse_related, '["B1", "B2", "B1"]', "[]", "", None)
    assert found == [["B1", "B2"], [], None, None]


def test_lists_of_any_depth_become_lists_of_texts():
    column = pl.Series("c", ['["a, b", "c\\"d"]', "plain", "", None, '[["x", 5], ["y", null]]'])
    assert products.parse_text_lists(column).to_list() == [
        ["a, b", 'c"d'], ["plain"], None, None, ["x", "5", "y"],
    ]  # fmt: skip


def test_only_columns_with_values_stay():
    raw = pl.DataFrame(
        {
            "item": ["a", "b", "a"],
            "title": ["T", "U", "V"],
            "brand": ["", None, ""],
            "also_buy": ["[]", "[]", "[]"],
        }
    )
    frame, report = products.clean_products(raw)
    assert frame.columns == ["item", "title"]
    assert frame["title"].to_list() == ["T", "U"]
    assert report["products"].left_out == 1
    assert "brand" in report["columns"].about


def test_styles():
    styles = pl.Series(
        ['{"Format:": " Audio CD"}', '{"Size:": " 12\\"", "Format:": "Vinyl"}', None, "{}"]
    )
    frame = styles.to_frame("s")
    assert frame.select(style_value(pl.col("s")))["s"].to_list() == [
        "Audio CD",
        "Vinyl",
        None,
        None,
    ]
    assert frame.select(style_value(pl.col("s"), "Size"))["s"].to_list() == [
        None,
        '12"',
        None,
        None,
    ]
    assert dict(style_kinds(styles).iter_rows()) == {"Format": 2, "Size": 1}
    assert main_style(styles)[0] == "Format"
    kind, values = main_style(pl.Series(['{"Color:": " Red", "Size:": " L"}', '{"Color:": " B"}']))
    assert (kind, values.to_list()) == ("Color", ["Red", "B"])


def test_each_category_of_a_product_is_named_once_and_without_markup():
    raw = pl.DataFrame(
        {
            "item": ["a", "b", "c"],
            "category": [
                '["Music", "Music", "</span></span>", "Rock &amp; Roll"]',
                '["<b>Jazz</b>", "Jazz"]',
                "[]",
            ],
        }
    )
    table, _ = products.clean_products(raw)
    assert table["categories"].to_list() == [["Music", "Rock & Roll"], ["Jazz"], []]


def test_examples_are_of_changes_that_can_be_seen():
    titles = [*(f"Title  {n}" for n in range(20)), "Rock &amp; Roll", "no change"]
    raw = pl.DataFrame({"item": [f"{n}" for n in range(22)], "title": titles})
    step = products.clean_products(raw)[1]["title"]
    assert step.changed == 21
    assert step.examples[0] == ("Rock &amp; Roll", "Rock & Roll")
    assert len(step.examples) == 5
