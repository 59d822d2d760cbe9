"""Single rules where a log could fool them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.auditing import RULES, Bar, Lists, Material, Predictions
from penchant.auditing.features import Features
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import UnknownIds
from penchant.results.rule_findings import RuleFindings
from penchant.results.tables import Entry, MetricValue, Table
from penchant.testing import planted_pairs
from penchant.testing.planted_faults.logs import as_split, split_at_random, synthetic_log

CHECKS = {rule.name: check for rule, check in RULES}
DOCS = Path(__file__).parents[2] / "docs" / "audit.md"


def one(rule, **given):
    (finding,) = CHECKS[rule](Material(**given))
    return finding


def test_the_document_names_every_rule_with_its_bars():
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    for rule, _ in RULES:
        (line,) = [x for x in lines if x.startswith(f"| `{rule.name}` | {rule.question} |")]
        for bar in (rule.bar.wrong, rule.bar.doubtful):
            assert bar is None or f"{bar:g}" in line


_LOOK_AT_THE_SPLIT = {
    *(
        "same-event",
        "same-pair",
        "same-text",
        "copies",
        "trained-on-future",
        "cold-items",
        "no-validation",
    ),
    *("popularity-shift", "split-stated", "ties-in-time", "ties-in-history"),
}


@pytest.mark.parametrize("n", [0, 30], ids=["no rows", "rows of unknown ids"])
@pytest.mark.parametrize("with_split", [True, False])
@pytest.mark.parametrize(("rule", "check"), [(rule.name, check) for rule, check in RULES])
def test_a_rule_that_was_given_nothing_to_look_at_never_passes(rule, check, with_split, n):
    unknown, keys = np.full(n, -1, np.int32), np.full(n, -1, np.int64)
    figure = {"ndcg@10": MetricValue(0.1)}
    trivial = Entry("popular", trivial=True, metrics=figure)
    finite = np.full(n, np.nan)
    given = Material(
        split=split_at_random(synthetic_log(3), texts=True) if with_split else None,
        tables=() if n else (Table("rating", ("rmse",), (), users=0, rows=0),),
        computed_tables=(Table("ranking", ("ndcg@10",), (trivial,), users=n, rows=n),),
        predictions={"m": Predictions(finite, finite, np.zeros(n, np.int64))},
        scored_pairs={"m": keys},
        unknown_ids={"m": UnknownIds(0, 0, pl.DataFrame())},
        lists={"m": Lists(np.arange(n, dtype=np.int32), np.repeat(unknown[:, None], 10, 1))},
        features=Features(
            frame=pl.DataFrame({"text": pl.Series([""] * n, dtype=pl.String)}),
            rows=np.arange(n),
            target=finite,
            test=np.zeros(n, bool),
            keys={"user": keys, "item": keys},
        ),
        negatives=keys,
        candidates=pl.DataFrame({"user": unknown, "item": unknown}) if with_split else None,
        history=pl.DataFrame({"test": finite, "kept": np.zeros(n, bool)}),
        trials=pl.DataFrame({"l2": finite, "score": finite}),
        fingerprints={"m": "1"},
    )
    levels = {finding.level for finding in check(given)}
    if not (with_split and rule in _LOOK_AT_THE_SPLIT):
        assert levels == {"not checkable"} or (not n and rule == "no-trivial-baseline")


def test_a_split_alone_shows_only_what_is_in_it():
    found = pn.audit(pn.split_random(planted_pairs()))
    assert {f.rule for f in found if f.level != "not checkable"} <= _LOOK_AT_THE_SPLIT


def test_trivial_answers_alone_need_no_strong_method_beside_them():
    alone = Entry("popular", trivial=True, metrics={"ndcg@10": MetricValue(0.1)})
    table = Table("ranking", ("ndcg@10",), (alone,), users=5, rows=5)
    assert one("no-strong-baseline", tables=(table,)).level == "not checkable"
    assert one("sampled-metric", tables=(table,)).level == "passed"


@pytest.mark.parametrize(
    ("models", "level"),
    [
        (("stan", "gru4rec"), "passed"),
        (("sequential-rules:steps=3",), "passed"),
        (("vs-knn",), "passed"),
        (("gru4rec", "standard-net"), "doubtful"),
        (("rules-of-thumb",), "doubtful"),
    ],
)
def test_simple_methods_of_sessions_are_strong_ones(models, level):
    entries = tuple(Entry(name, trivial=False) for name in models)
    table = Table("ranking", ("ndcg@10",), entries, users=5, rows=5)
    assert one("no-strong-baseline", tables=(table,)).level == level


@pytest.mark.parametrize(
    ("figure", "level"), [(0.0, "passed"), (0.1, "doubtful"), (0.3, "wrong"), (1.0, "wrong")]
)
def test_bars(figure, level):
    assert Bar(doubtful=0.1, wrong=0.3).level(figure) == level
    assert Bar(doubtful=-0.1, wrong=-0.3, below=True).level(-figure) == level


def test_shares_of_rows_have_the_interval_of_users(rng):
    of_user = rng.random(200) < 0.3
    user = np.repeat(np.arange(200), 50)
    share, (low, high) = share_interval(of_user[user], user)
    few, (few_low, few_high) = share_interval(of_user, np.arange(200))
    assert share == few
    assert (high - low) == pytest.approx(few_high - few_low, rel=0.02)
    _, (row_low, row_high) = share_interval(rng.random(10_000) < 0.3, user)
    assert row_high - row_low < 0.4 * (high - low)


def test_people_who_come_back_are_not_copies():
    synthetic = synthetic_log(1)
    twice = synthetic.frame(times=False)
    again = pl.concat([twice, twice.sample(fraction=0.3, seed=0)])
    sides = np.where(synthetic.rng.random(len(again)) < 0.2, 2, 0).astype(np.uint8)
    assert one("same-pair", split=as_split(again, sides)).level == "doubtful"


def test_short_texts_recur_by_themselves():
    synthetic = synthetic_log(2)
    frame = synthetic.frame().with_columns(text=pl.lit("Great!"))
    sides = split_at_random(synthetic).sides
    finding = one("same-text", split=as_split(frame, sides))
    assert finding.figure > 0.9
    assert finding.level == "doubtful"


def test_markup_case_and_punctuation_do_not_hide_a_text():
    said = "It does <br> what it says, and it does so WELL &amp; quietly."
    other = "it does what it says -- and it does so well quietly"
    frame = pl.DataFrame(
        {"user": [1] * 30, "item": range(30), "text": [said] * 15 + [other] * 15}
    ).with_columns(rating=pl.lit(4.0))
    sides = np.repeat([0, 2], 15).astype(np.uint8)
    assert one("same-text", split=as_split(frame, sides)).figure == 1


def test_smoothed_and_scaled_means_of_training_rows_are_clean():
    synthetic = synthetic_log(4)
    split = split_at_random(synthetic)
    train = synthetic.frame().filter(pl.Series(split.sides == 0))
    sums = train.group_by("item").agg(n=pl.len(), total=pl.col("rating").sum())
    table = sums.select(
        "item",
        plain=pl.col("total") / pl.col("n"),
        damped=(pl.col("total") + 3 * 8) / (pl.col("n") + 8),
        scaled=7 - 2 * pl.col("total") / pl.col("n"),
        log_n=pl.col("n").log(),
    )
    found = pn.audit(split, features=table)
    levels = {f.about: f.level for f in found if f.rule == "feature-of-test-rows"}
    assert levels == dict.fromkeys(("plain", "damped", "scaled", "log_n"), "passed")


def test_quality_known_from_elsewhere_is_no_leak():
    synthetic = synthetic_log(6)
    split = split_at_random(synthetic)
    quality = (
        pl.DataFrame({"item": synthetic.item + 1, "q": synthetic.exact}).group_by("item").mean()
    )
    assert pn.audit(split, features=quality)["feature-of-test-rows"].level != "wrong"


def test_scores_on_a_scale_of_their_own_are_not_constant(rng):
    truth = rng.integers(1, 6, 500).astype(float)
    scores = Predictions(1e-6 * rng.normal(0, 1, 500), truth, np.arange(500))
    assert one("constant-predictions", predictions={"m": scores}).level == "passed"
    same = Predictions(np.full(500, 1e-6), truth, np.arange(500))
    assert one("constant-predictions", predictions={"m": same}).level == "wrong"


def test_popular_items_unseen_are_found_behind_lists_that_differ():
    synthetic = synthetic_log(7)
    split = split_at_random(synthetic)
    log = split.log
    seen = split.train.histories.matrix().toarray() > 0
    score = np.where(seen, -1, np.bincount(synthetic.item[split.sides == 0], minlength=log.n_items))
    lists = np.argsort(-score, axis=1, kind="stable")[:, :10].astype(np.int32)
    listed = Lists(np.arange(log.n_users, dtype=np.int32), lists)
    finding = one("same-list", split=split, lists={"m": listed})
    assert finding.level == "wrong"
    assert "100.0 % with the most popular unseen" in finding.sentence


def test_a_small_catalogue_makes_lists_alike_by_chance(rng):
    frame = pl.DataFrame({"user": np.repeat(np.arange(60), 12), "item": np.tile(np.arange(12), 60)})
    split = as_split(frame, np.where(rng.random(720) < 0.2, 2, 0).astype(np.uint8))
    own = np.argsort(rng.random((60, 12)), axis=1)[:, :10].astype(np.int32)
    finding = one("same-list", split=split, lists={"m": Lists(np.arange(60, dtype=np.int32), own)})
    assert finding.level == "passed"


def test_one_run_is_too_little_for_a_verdict_on_selection():
    history = pl.DataFrame(
        {"validation": [0.1, 0.3, 0.2], "test": [0.1, 0.2, 0.3], "kept": [False, False, True]}
    )
    assert one("selected-on-test", history=history).level == "doubtful"
    many = pl.concat([history.with_columns(run=pl.lit(n)) for n in range(12)])
    assert one("selected-on-test", history=many).level == "wrong"


def test_too_few_users_are_told_how_many_it_takes():
    value = MetricValue(0.3, gain=0.01, gain_low=-0.01, gain_high=0.03, verdict="no better")
    close = Entry("m", trivial=False, metrics={"ndcg@10": value})
    table = Table("ranking", ("ndcg@10",), (close,), users=500, rows=500)
    finding = one("no-better-than-trivial", tables=(table,))
    assert finding.level == "doubtful"
    needed = 500 * (2.8016 * (0.04 / 3.92) / 0.01) ** 2
    assert f"about {round(needed, -1):,.0f}"[:9] in finding.sentence


def test_a_baseline_that_the_audit_added_stands_in_nobodys_table():
    added = Entry("bias", trivial=True, metrics={"rmse": MetricValue(0.9)})
    table = Table("rating", ("rmse",), (added,), users=5, rows=5)
    assert one("no-trivial-baseline", computed_tables=(table,)).level == "not checkable"


def test_items_of_validation_alone_are_no_items_that_models_have_learned():
    training = pl.DataFrame({"user": np.arange(40) % 8, "item": np.arange(40) % 5})
    validation = training.head(8).with_columns(pl.lit(5).cast(pl.Int64).alias("item"))
    test = training.head(16).with_columns(item=pl.Series([5] * 8 + [6] * 4 + [0] * 4))
    sides = np.repeat([0, 1, 2], [40, 8, 16]).astype(np.uint8)
    finding = one("cold-items", split=as_split(pl.concat([training, validation, test]), sides))
    assert finding.level == "doubtful"
    assert finding.figure == 0.75
    assert finding.sentence.startswith(
        "75.0 % of the test events are on items without training events: 25.0 % on items that "
        "nobody has before the test, and 50.0 % on items with validation events only."
    )


def test_users_without_history_may_all_get_the_same_list(rng):
    known = pl.DataFrame({"user": np.repeat(np.arange(60), 6), "item": rng.integers(0, 90, 360)})
    new = pl.DataFrame({"user": np.arange(60, 400), "item": rng.integers(0, 90, 340)})
    sides = np.where(rng.random(700) < 0.2, 2, 0).astype(np.uint8)
    sides[360:] = 2
    split = as_split(pl.concat([known, new]), sides)
    lists = np.argsort(rng.random((400, 90)), axis=1)[:, :10].astype(np.int32)
    lists[60:] = lists[0]
    everyone = Lists(np.arange(400, dtype=np.int32), lists)
    finding = one("same-list", split=split, lists={"m": everyone})
    assert finding.level == "passed"
    assert "among 60 users with history: 60" in finding.sentence
    new_ones = Lists(everyone.users[50:], everyone.items[50:])
    assert one("same-list", split=split, lists={"m": new_ones}).level == "not checkable"
    alike = Lists(everyone.users[:60], np.repeat(lists[:1], 60, axis=0))
    assert one("same-list", split=split, lists={"m": alike}).level == "wrong"


def test_all_items_offered_are_no_sample_and_the_same_ones_a_smaller_catalogue():
    split = split_at_random(synthetic_log(3))
    users, n_items = split.test.histories.users, split.log.n_items
    offered = {
        "passed": np.tile(np.arange(n_items), (len(users), 1)),
        "note": np.tile(np.arange(30), (len(users), 1)),
        "doubtful": np.arange(len(users))[:, None] + np.arange(30),
    }
    for level, items in offered.items():
        items = (items % n_items).astype(np.int32)
        assert one("sampled-metric", split=replace(split, candidates=items)).level == level
        frame = pl.DataFrame({"user": np.repeat(users, items.shape[1]), "item": items.ravel()})
        finding = one("sampled-metric", split=split, candidates=frame)
        assert finding.level == level
    assert "30 items are ranked on average" in finding.sentence


def test_files_of_others_need_no_seed():
    split = split_at_random(synthetic_log(3))
    stated = replace(split, kind="predefined", seed=None)
    assert one("split-stated", split=stated).level == "note"
    silent = one("split-stated", split=replace(stated, sentence=" "))
    assert silent.level == "doubtful"
    assert "does not say how it was made" in silent.brief


def test_losses_in_several_metrics_are_compared_by_their_intervals():
    def table(task, metric, gain, half):
        ends = {"gain_low": gain - half, "gain_high": gain + half}
        value = MetricValue(0.5, gain=gain, **ends, verdict="no better")
        entry = Entry("m", trivial=False, metrics={metric: value})
        return Table(task, (metric,), (entry,), users=50, rows=50)

    tables = (table("rating", "rmse", -0.1, 0.4), table("ranking", "ndcg@10", -0.02, 0.01))
    findings = CHECKS["no-better-than-trivial"](Material(tables=tables))
    (group,) = RuleFindings.of(findings)
    assert group.line == "m (ranking, rating); worst m (ranking): ndcg@10 0.5000."


def test_reviews_and_targets_are_found_in_a_table_of_test_rows_alone():
    synthetic = synthetic_log(4)
    split = split_at_random(synthetic, texts=True)
    rows = synthetic.frame(texts=True).filter(pl.Series(split.sides == 2))
    own = rows.select(
        "user",
        "item",
        words="text",
        length=pl.col("text").str.len_chars(),
        twice=2 * pl.col("rating"),
    )
    found = pn.audit(split, features=own)
    assert {f.about for f in found.at("wrong") if f.rule == "own-review"} == {"words", "length"}
    assert [f.about for f in found.at("wrong") if f.rule == "target-in-feature"] == ["twice"]
    other = own.with_columns(pl.exclude("user", "item").shuffle(seed=0))
    silent = pn.audit(split, features=other)
    assert not [f for f in silent.at("wrong", "doubtful") if f.subject in (2, 10)]
