from __future__ import annotations

import math
from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.errors import DataError, ParameterError, PenchantError

WHOLE = """
items = "@tonight.csv"
as_of = 2024-03-01

[exclude]
items = ["A38", 7, "@blocked.txt"]
where = ["stock == 0", "status == 'withdrawn'"]
users = "@returned.csv"
baskets = "carts.parquet"

[only]
where = "country == Germany"

[[categories]]
column = "genres"
only = ["Comedy", "Drama"]

[[categories]]
column = "brand"
never = "Acme"

[price]
min = 5
max = 99.5

[[at_most]]
n = 2
column = "brand"

[[boost]]
days = 30
places = 5

[[boost]]
name = "own brand"
where = ["brand == House"]
factor = 2

[diversity]
method = "calibrated"
by = "genres"
lambda = 0.4
"""


def test_a_whole_file(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(WHOLE)
    rules = pn.Rules.read(path)
    assert rules.exclude.items == ("A38", 7, "@blocked.txt")
    assert rules.exclude.where == ("stock == 0", "status == 'withdrawn'")
    assert str(rules.exclude.users) == "returned.csv"
    assert rules.only.where == ("country == Germany",)
    assert [c.never for c in rules.categories] == [(), ("Acme",)]
    assert (rules.price.min, rules.price.max, rules.price.unknown) == (5, 99.5, "excluded")
    assert [b.title for b in rules.boost] == ["new arrivals", "own brand"]
    assert rules.diversity.lambda_ == 0.4
    assert rules.source == "rules.toml"
    assert rules.folder == tmp_path
    assert rules.reorders


def test_short_forms():
    rules = pn.Rules(exclude=["a", "b"], only="@in-stock.txt", at_most={"n": 1, "column": "brand"})
    assert rules.exclude.items == ("a", "b")
    assert rules.only.items == ("@in-stock.txt",)
    assert rules.at_most[0].n == 1
    assert not pn.Rules(exclude="x").reorders
    assert pn.Rules(price={"max": 3}).price.min == -math.inf


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exlude = ['a']", "there is no key 'exlude'; 'exclude' may be meant: known are items, "),
        ("[exclude]\nitem = 'a'", "no key 'item' in [exclude]; 'items' may be meant: known are"),
        ("[[at_most]]\nn = 2\ncolum = 'x'", "no key 'colum' in [at_most]; 'column' may be"),
        ("[diversity]\nlamda = 1", "no key 'lamda' in [diversity]; 'lambda' may be meant"),
        ("[[at_most]]\nn = 0\ncolumn = 'x'", "at_most.n cannot be used: input should be greater"),
        ("[[at_most]]\ncolumn = 'x'", "at_most.n cannot be used: field required"),
        ("[price]\nmin = 'much'", "price.min cannot be used: input should be a valid number"),
        ("[price]\nmin = 9\nmax = 3", "price cannot be used: min 9 is above max 3"),
        ("[[categories]]\ncolumn = 'g'", "categories cannot be used: it needs `only` or `never`"),
        ("[[boost]]\nplaces = 3", "boost cannot be used: it needs one of `days`, `items` and"),
        ("[[boost]]\ndays = 3", "it needs either `places` or `factor`"),
        ("[[boost]]\ndays = 3\nfactor = 0.5", "boost.factor cannot be used: input should be gr"),
        ("[[boost]]\nitems = ['a']\nplaces = 1\ncolumn = 'd'", "`column` has dates for `days`"),
        ("[diversity]\nby = 'vectors'\nmethod = 'calibrated'", "calibrated by a column of cat"),
        ("[diversity]\nlambda = 2", "lambda cannot be used: input should be less than or equal"),
        ("[diversity]\nmethod = 'random'", "method cannot be used: input should be 'mmr' or"),
        ("exclude = 3.5", "exclude.items"),
        ("price = 3", "price cannot be used"),
        ("a = [", "rules.toml is no TOML file: "),
        ("as_of = 'yesterday'", "as_of cannot be used: "),
        ("x = " + "[" * 5000, "rules.toml is no TOML file: "),
        ("# " + "x" * 10**6, "more than 1,000,000 bytes: put long lists of ids into files of"),
    ],
)
def test_what_is_refused(tmp_path, text, words):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises((ParameterError, DataError)) as caught:
        pn.Rules.read(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "rules.toml" in str(caught.value)


@pytest.mark.parametrize("only", [None, {"items": None}])
def test_nothing_in_the_place_of_a_list_is_refused(only):
    with pytest.raises(ParameterError, match=r"only.items cannot be used: it needs a list"):
        pn.Rules(only=only)


def test_python_names_what_is_wrong():
    with pytest.raises(ParameterError, match="rules: there is no key 'exlude'; 'exclude' may be"):
        pn.Rules(exlude=["a"])


def test_there_is_no_file(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        pn.Rules.read(tmp_path / "rules.toml")
    with pytest.raises(DataError, match="There is no file"):
        pn.Rules.read(tmp_path / "rules.csv")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_of_items(tmp_path, ending):
    table = pl.DataFrame(
        {
            "item": ["a", "b", "c", "d"],
            "blocked": ["no", "yes", "", "no"],
            "stock": [3, 2, 1, 0],
            "only": [True, True, False, True],
            "boost": [0, 5, 2, 0],
        }
    )
    path = tmp_path / f"rules.{ending}"
    getattr(table, f"write_{ending}")(path)
    rules = pn.Rules.read(path)
    frame = pl.DataFrame({"user": [1, 2, 3], "item": ["a", "b", "c"]})
    frame = pl.concat([frame, pl.DataFrame({"user": [3], "item": ["d"]})])
    popular = pn.models.Popular().fit(pn.Dataset.from_frame(frame))
    lists = pn.recommend(popular, [1], rules=rules, repeats="allowed")
    assert lists["item"].to_list() == ["a"]
    assert rules.boost[0].places == "boost"


def test_a_table_without_rules(tmp_path):
    path = tmp_path / "rules.csv"
    path.write_text("item,colour\na,red\n")
    with pytest.raises(ParameterError, match=r"no column that is a rule \(exclude, only, stock, b"):
        pn.Rules.read(path)


@pytest.mark.parametrize("key", ["self", "_source", "_folder", "__class__", "model_config", "read"])
def test_keys_that_are_names_inside(tmp_path, key):
    path = tmp_path / "rules.toml"
    path.write_text(f"{key} = 1")
    with pytest.raises(ParameterError, match=f"rules.toml: there is no key '{key}'"):
        pn.Rules.read(path)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_content_gives_rules_or_one_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with suppress(PenchantError):
        pn.Rules.read(path)


@given(
    st.sampled_from(sorted(pn.Rules.model_fields)),
    st.recursive(
        st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)
def test_any_value_gives_rules_or_one_sentence(key, value):
    with suppress(PenchantError):
        pn.Rules(**{key: value})
