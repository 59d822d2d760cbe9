"""Features that are aggregates: of training rows they are honest, with test rows in them a leak."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.auditing.aggregates import Aggregates
from penchant.auditing.features import KeyedEvents
from penchant.auditing.regression import likeness, partial_r2, residual_basis
from penchant.testing.planted_faults.logs import as_split, synthetic_log

RATING = pl.col("rating")
KINDS = {
    "mean": RATING.mean(),
    "damped": (RATING.sum() + 3.4 * 7) / (RATING.len() + 7),
    "scaled": 70 - 20 * RATING.mean(),
    "median": RATING.median(),
    "count": RATING.len(),
    "negative_count": -RATING.len().cast(pl.Float64),
    "log_count": RATING.len().log(),
    "root_count": RATING.len().sqrt(),
    "sum": RATING.sum(),
    "lowest": RATING.min(),
    "highest": RATING.max(),
    "likes": (RATING >= 4).mean(),
    "likes_in_100": 100 * (RATING >= 4).mean(),
    "number_of_likes": (RATING >= 4).sum(),
    "dislikes": (RATING <= 2).mean(),
}
HONEST = {
    "spread": RATING.std().fill_null(0),
    "last": RATING.sort_by("time").last(),
    "quartile": RATING.quantile(0.75),
    "age": pl.col("time").to_physical().mean(),
    "recent": (pl.col("time") > pl.col("time").max() - pl.duration(days=20)).sum(),
    "power": RATING.mean().exp(),
    "rank": (RATING.mean() * RATING.len().log1p()),
}


@pytest.fixture(scope="module")
def parts():
    """Training, validation and test events, so many that a few of them change extremes."""
    logs = [synthetic_log(seed).frame() for seed in range(4)]
    frame = pl.concat(
        [log.with_columns(pl.col("user") + 1000 * n) for n, log in enumerate(logs)]
    ).with_columns(pl.col("item") + 200 * (pl.col("user") % 2))
    rng = np.random.default_rng(3)
    rare = pl.Series(rng.random(len(frame)) < 0.9) & (frame["rating"] == 5)
    frame = frame.with_columns(rating=pl.when(rare).then(4.0).otherwise(RATING))
    side = rng.choice(3, len(frame), p=(0.4, 0.1, 0.5))
    names = ("train", "validation", "test")
    return {name: frame.filter(pl.Series(side == n)) for n, name in enumerate(names)}


def levels(parts, features, rule="feature-of-test-rows", **options):
    found = pn.audit(**parts, features=features, **options)
    return {f.about: f.level for f in found if f.rule == rule}


def table(events, kinds, key="item"):
    return events.group_by(key).agg(**kinds)


@pytest.mark.parametrize("key", ["item", "user"])
@pytest.mark.parametrize("names", [("train",), ("train", "validation")])
def test_aggregates_of_training_rows_are_honest(parts, key, names):
    known = pl.concat([parts[name] for name in names])
    found = levels(parts, table(known, KINDS | HONEST, key))
    assert found == dict.fromkeys(KINDS | HONEST, "passed")


@pytest.mark.parametrize("names", [("train", "test"), ("train", "validation", "test")])
def test_aggregates_with_test_rows_are_found(parts, names):
    whole = pl.concat([parts[name] for name in names])
    assert levels(parts, table(whole, KINDS)) == dict.fromkeys(KINDS, "wrong")


@pytest.mark.parametrize("leaks", [False, True])
def test_a_table_of_test_rows_alone_is_judged_with_the_training_rows(parts, leaks):
    taken = pl.concat(list(parts.values()) if leaks else [parts["train"], parts["validation"]])
    rows = parts["test"].select("user", "item").join(table(taken, KINDS), on="item", how="left")
    expected = dict.fromkeys(KINDS, "wrong" if leaks else "passed")
    assert levels(parts, rows) == expected
    named = rows.with_columns(y=parts["test"]["rating"])
    assert levels(parts, named, target="y") == expected
    in_sample = pn.audit(**parts, features=rows)["coded-in-sample"]
    assert in_sample.level == "not checkable"
    assert "training and test rows itself" in in_sample.sentence


def test_a_table_of_some_training_rows_is_judged_with_all_of_them(parts):
    known = pl.concat([parts["train"], parts["validation"]])
    some = pl.concat([parts["validation"], parts["test"]]).select("user", "item")
    for taken, expected in ((known, "passed"), (pl.concat([known, parts["test"]]), "wrong")):
        rows = some.join(table(taken, KINDS), on="item", how="left")
        assert levels(parts, rows) == dict.fromkeys(KINDS, expected)


def test_counts_need_no_ratings(parts):
    plain = {name: part.drop("rating") for name, part in parts.items()}
    count = {"n": pl.len(), "log_n": pl.len().log()}
    assert set(levels(plain, table(plain["train"], count)).values()) == {"passed"}
    assert set(levels(plain, table(pl.concat(list(plain.values())), count)).values()) == {"wrong"}


def test_items_without_training_rows_show_their_test_rows():
    """All test events are on items that training lacks, so that nothing can be compared."""
    frame = synthetic_log(8).frame()
    sides = np.where(frame["item"] > 60, 2, 0).astype(np.uint8)
    parts = {
        "train": frame.filter(pl.Series(sides == 0)),
        "test": frame.filter(pl.Series(sides == 2)),
    }
    found = pn.audit(**parts, features=table(frame, KINDS))["feature-of-test-rows"]
    assert found.level == "wrong"
    assert "items without training rows" in found.sentence
    honest = table(parts["train"], KINDS)
    default = frame.select(pl.col("item").unique()).join(honest, on="item", how="left")
    filled = default.with_columns(pl.exclude("item").fill_null(pl.exclude("item").mean()))
    guess = default.with_columns(pl.exclude("item").fill_null(pl.col("item") * 7 % 5))
    for features in (default, filled, guess):
        assert "wrong" not in levels(parts, features).values()


def test_values_of_any_size_are_judged(parts):
    whole = pl.concat(list(parts.values()))
    mean = RATING.cast(pl.Float64).mean()
    sizes = {"huge": mean * 1e300, "tiny": mean * 1e-300}
    assert levels(parts, table(parts["train"], sizes)) == dict.fromkeys(sizes, "passed")
    assert levels(parts, table(whole, sizes)) == dict.fromkeys(sizes, "wrong")
    odd = {"none": pl.lit(None), "endless": pl.lit(float("inf")), "same": pl.lit(1.0)}
    found = pn.audit(**parts, features=table(whole, odd))["feature-of-test-rows"]
    assert found.level == "not checkable"


def test_one_extreme_user_is_no_evidence():
    """A rate of training rows, by users of few and nearly equal ratings, and one who hates all."""
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(60), 6)
    rating = np.where(rng.random(360) < 0.9, 5.0, 4.0)
    rating[user == 7] = 1.0
    frame = pl.DataFrame({"user": user, "item": rng.integers(0, 40, 360), "rating": rating})
    sides = np.tile([0, 0, 0, 2, 2, 2], 60).astype(np.uint8)
    train = frame.filter(pl.Series(sides == 0))
    features = train.group_by("user").agg(five=(RATING == 5).mean(), likes=(RATING >= 4).mean())
    found = pn.audit(as_split(frame, sides, "random"), features=features)
    assert all(f.level != "wrong" for f in found if f.rule == "feature-of-test-rows")
    assert found["feature-of-test-rows"].level == "passed"


@pytest.mark.parametrize("seed", [0, 2])
def test_few_users_who_dislike_anything_are_no_evidence(seed):
    """Nearly all ratings are fives, so that what training rows leave open is about few users."""
    rng = np.random.default_rng(seed)
    n = 3000
    rating = np.where(rng.random(n) < 0.9, 5.0, rng.integers(1, 5, n))
    frame = pl.DataFrame(
        {
            "user": rng.integers(0, 457, n),
            "item": rng.integers(0, 148, n),
            "rating": rating,
            "time": pl.Series(np.sort(rng.integers(0, 10**9, n)) * 10**6).cast(pl.Datetime("us")),
        }
    ).unique(["user", "item"], keep="first", maintain_order=True)
    side = rng.choice(3, len(frame), p=(0.8, 0.1, 0.1))
    names = ("train", "validation", "test")
    few = {name: frame.filter(pl.Series(side == k)) for k, name in enumerate(names)}
    for known in (few["train"], pl.concat([few["train"], few["validation"]])):
        honest = table(known, KINDS | HONEST | {"commonest": RATING.mode().min()}, "user")
        found = levels(few, honest)
        assert {name: level for name, level in found.items() if level != "passed"} == {}


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([1.0, 2.5, 4.0, 5.0]), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_aggregates_are_those_of_a_data_frame(rows):
    code, target, test = map(np.array, zip(*rows, strict=True))
    events = KeyedEvents(target=target, test=test, keys={"item": code})
    aggregates = Aggregates.of(events, "item", 5)
    kinds = {
        "number of rows": RATING.len(), "mean": RATING.mean(), "sum": RATING.sum(),
        "median": RATING.median(), "minimum": RATING.min(), "maximum": RATING.max(),
    }  # fmt: skip
    frame = pl.DataFrame({"item": code, "rating": target})
    for part, own in (
        (frame.filter(pl.Series(~test)), aggregates.train),
        (frame, aggregates.whole),
    ):
        if part.is_empty():
            continue
        expected = part.group_by("item").agg(
            **kinds, **{"share of values of 4 or more": (RATING >= 4).mean()}
        )
        for kind in set(own) & set(expected.columns):
            assert own[kind][expected["item"]] == pytest.approx(expected[kind].to_list())


def test_a_step_explains_what_it_is_added_to_and_no_more(rng):
    controls = np.column_stack([np.ones(400), rng.normal(size=(400, 3))])
    step, noise = rng.normal(size=(2, 400))
    basis = residual_basis(controls)
    column = controls @ [1, 2, 3, 4]
    assert partial_r2(column, basis, step) == (0.0, 1.0)
    assert partial_r2(column + step, basis, step)[0] == pytest.approx(1)
    assert partial_r2(column - step, basis, step) == (0.0, 1.0)
    figure, p_value = partial_r2(column + step + noise, basis, step)
    assert 0.4 < figure < 0.6
    assert p_value < 1e-10
    few = np.where(np.arange(400) < 3, 50 * step, 0)
    assert partial_r2(column + few, basis, few) == (0.0, 1.0)
    odd = np.zeros((400, 13))
    odd[:16] = rng.normal(size=(16, 13))
    assert partial_r2(odd[:, 0], residual_basis(odd[:, 1:]), odd[:, 0]) == (0.0, 1.0)
    assert likeness(np.exp(step), step) == pytest.approx(1)
    assert likeness(noise, step) < 0.1
