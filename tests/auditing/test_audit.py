"""What an audit takes, and what it answers."""

import json

import polars as pl
import pytest

import penchant as pn
from penchant.auditing import LEVELS, RULES, SUBJECTS, Findings
from penchant.errors import DataError, ParameterError
from penchant.models import EASE, Random
from penchant.testing import planted_pairs


@pytest.fixture(scope="module")
def result():
    split = pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)
    return pn.evaluate([EASE(l2=10)], split, ["ndcg@10", "rmse", "auc"], replicates=100)


def test_every_rule_answers_whatever_is_given(parts):
    split = pn.split_random(planted_pairs())
    for found in (pn.audit(split), pn.audit(split.log), pn.audit(**_two(parts))):
        assert {f.rule for f in found} == {rule.name for rule, _ in RULES}
        assert all(f.sentence and f.source for f in found)
        assert {f.subject for f in found} == set(SUBJECTS)


def test_what_cannot_be_looked_at_never_passes():
    found = pn.audit(pn.split_random(planted_pairs(with_times=False, with_ratings=False)))
    for rule in ("selected-on-test", "same-text", "own-review", "trained-on-future", "same-event"):
        assert found[rule].level == "not checkable"
        assert "it needs" in found[rule].sentence


def test_frames_json_and_text_agree():
    found = pn.audit(pn.split_random(planted_pairs()))
    frame, plain = found.frame(), json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert frame["rule"].to_list() == [f["rule"] for f in plain["findings"]] == [
        f.rule for f in found
    ]  # fmt: skip
    assert plain["worst"] == found.worst == "doubtful"
    assert sum(plain["counts"].values()) == len(found)
    levels = [LEVELS.index(level) for level in frame["level"]]
    assert levels == sorted(levels)
    text = str(found)
    for finding in found.objections:
        assert finding.rule in text
        assert finding.sentence in " ".join(found.details().split())


def test_polars_pandas_and_files_give_the_same(parts, folder):
    pandas = {name: frame.to_pandas() for name, frame in parts.items()}
    ours = pn.audit(**parts).to_dict()["findings"]
    files = {p.stem: p for p in folder.iterdir()}
    assert [_bare(f) for f in pn.audit(**pandas).to_dict()["findings"]] == [_bare(f) for f in ours]
    assert [_bare(f) for f in pn.audit(**files).to_dict()["findings"]] == [_bare(f) for f in ours]


def test_good_predictions_of_others_are_judged_beside_trivial_answers(parts):
    found = pn.audit(**parts)
    finding = found["no-better-than-trivial"]
    assert finding.level == "passed"
    assert "rmse" in finding.sentence
    assert finding.figure > finding.low > 0
    assert found["constant-predictions"].level == "passed"
    assert found.worst != "wrong", str(found)


def test_poor_predictions_are_called_by_their_name(parts):
    poor = parts["predictions"].with_columns(score=pl.lit(3.4))
    found = pn.audit(**(parts | {"predictions": {"their-net": poor}}))
    assert found["no-better-than-trivial"].level == "doubtful"
    assert "their-net" in found["no-better-than-trivial"].sentence
    assert found["constant-predictions"].level == "wrong"


def test_ids_of_another_type_are_the_same_ids(parts):
    texts = parts["predictions"].with_columns(pl.col("user", "item").cast(pl.String))
    found = pn.audit(**(parts | {"predictions": texts}))
    assert found["unscored-test-rows"].figure == 0


def test_examples_name_the_rows_of_both_files(parts):
    train = pl.concat([parts["train"], parts["test"][10:60]])
    finding = pn.audit(train=train, test=parts["test"])["same-event"]
    assert finding.level == "wrong"
    assert finding.figure == pytest.approx(50 / len(parts["test"]))
    assert finding.low < finding.figure < finding.high
    assert finding.examples["test row"].to_list() == list(range(11, 31))
    first = len(parts["train"]) + 1
    assert finding.examples["training row"].to_list() == list(range(first, first + 20))
    assert finding.examples["user"][0] == parts["test"]["user"][10]


def test_a_table_of_features_by_item(parts):
    whole = pl.concat([parts["train"], parts["test"]])
    means = whole.group_by("item").agg(everyone=pl.col("rating").mean())
    own = parts["train"].group_by("item").agg(train_only=pl.col("rating").mean())
    found = pn.audit(**_two(parts), features=means.join(own, on="item", how="left"))
    by_column = {f.about: f for f in found if f.rule == "feature-of-test-rows"}
    assert by_column["everyone"].level == "wrong"
    assert by_column["train_only"].level == "passed"
    example = by_column["everyone"].examples
    assert example["everyone"].to_list() == pytest.approx(example["mean of all rows"].to_list())


def test_a_table_of_features_that_says_its_own_sides(rng):
    target = rng.normal(0, 1, 400)
    table = pl.DataFrame(
        {"split": ["train", "test"] * 200, "y": target, "twice": 2 * target, "z": rng.random(400)}
    )
    found = pn.audit(features=table, target="y")
    by_column = {f.about: f.level for f in found if f.rule == "target-in-feature"}
    assert by_column == {"twice": "wrong", "z": "passed"}


def test_the_review_of_the_pair_and_the_number_of_its_words(parts):
    whole = pl.concat([parts["train"], parts["test"]])
    words = pl.col("text").str.split(" ").list.len()
    table = whole.select("user", "item", "text", n=words, other=pl.col("text").shuffle(seed=1))
    found = {f.about: f.level for f in pn.audit(**_two(parts), features=table) if f.subject == 10}
    assert (found["text"], found["n"]) == ("wrong", "wrong")
    assert found["other"] != "wrong"


def test_lists_by_rank_and_by_score_and_in_order_are_the_same(parts):
    users = parts["test"]["user"].unique().sort()
    top = pl.DataFrame({"item": [7, 3, 5], "rank": [1, 2, 3], "score": [0.9, 0.8, 0.1]})
    whole = users.to_frame().join(top, how="cross")
    for columns in (["rank"], ["score"], []):
        lists = whole.sample(fraction=1, shuffle=True, seed=0) if columns else whole
        found = pn.audit(**_two(parts), lists=lists.select("user", "item", *columns))
        assert found["same-list"].level == "wrong"


def test_a_comparison_carries_its_findings(result):
    found = result.findings
    assert isinstance(found, Findings)
    assert {f.rule for f in found} == {rule.name for rule, _ in RULES}
    assert found["no-trivial-baseline"].level == "passed"
    assert "ease" in found["no-strong-baseline"].sentence
    assert found["same-list"].level == "passed"
    assert result.to_dict()["findings"] == found.to_dict()
    assert found.summary() in str(result).replace("\n", " ")


def test_tables_name_who_cannot_be_told_apart(result):
    table = result.table("like")
    grouped = [name for group in table.groups for name in group]
    assert sorted(grouped) == sorted(entry.name for entry in table.entries)
    assert {"global-mean", "majority"} <= set(next(g for g in table.groups if "majority" in g))
    assert any(note.startswith("Cannot be told apart by auc") for note in table.notes)


def test_an_audit_of_a_result_keeps_what_its_models_showed(result):
    history = pl.DataFrame(
        {"validation": [0.1, 0.2, 0.3], "test": [0.3, 0.2, 0.1], "kept": [0, 0, 1]}
    )
    found = pn.audit(result, history=history)
    assert found["selected-on-test"].level == "passed"
    assert found["same-list"].sentence == result.findings["same-list"].sentence


def test_an_audit_of_a_result_judges_further_models_beside_it(result):
    own = Random(seed=5).fit(result.split.train).recommend(k=10)
    found = pn.audit(result, lists={"dice": own})
    judged = {f.about: f.level for f in found if f.rule == "no-better-than-trivial"}
    assert judged.pop("dice (ranking)") == "doubtful"
    assert judged == {
        f.about: f.level for f in result.findings if f.rule == "no-better-than-trivial"
    }
    assert found["unscored-test-rows"].level == "passed"


def test_results_of_two_splits_do_not_stand_side_by_side(result):
    other = pn.split_per_user(planted_pairs(seed=1), validation=0.1, test=0.2)
    second = pn.evaluate({}, other, ["ndcg@10"], replicates=50)
    assert pn.audit([result, second])["mixed-splits"].level == "wrong"
    assert pn.audit([result, result])["mixed-splits"].level == "passed"


def test_a_tuning_on_the_edge_of_its_grid():
    split = pn.split_per_user(planted_pairs(), validation=0.2, test=0.1)
    tuning = pn.tune(EASE(), split, space={"l2": [1e4, 1e5, 1e6, 1e7]})
    assert pn.audit(split, trials=tuning)["grid-edge"].level in ("doubtful", "passed")
    scores = pl.DataFrame({"l2": [1, 2, 3, 4], "score": [0.1, 0.2, 0.3, 0.4]})
    assert pn.audit(split, trials=scores)["grid-edge"].level == "doubtful"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"train": 1}, "needs both train and test"),
        ({"subject": 3}, "cannot be audited"),
        ({"subject": 3, "claimed": "magic"}, "not by 'magic'"),
        ({"subject": 3, "user": "u"}, "name these"),
        ({"predictions": 1}, "needs the split"),
    ],
)
def test_what_makes_no_sense_is_refused(given, words):
    with pytest.raises(ParameterError, match=words):
        pn.audit(**given)


def test_lists_of_candidates_may_hold_the_positive_and_negatives_may_not(parts):
    own = parts["test"].select("user", "item")
    every = own.select("user").unique().join(own.select("item").unique(), how="cross")
    had = pl.concat([own, parts["train"].select("user", "item")])
    beside = pl.concat([own, every.join(had, on=["user", "item"], how="anti")])
    only = pn.audit(**_two(parts), candidates=own)["negatives-are-positives"]
    assert only.level == "not checkable"
    assert pn.audit(**_two(parts), candidates=beside)["negatives-are-positives"].level == "passed"
    some = pl.concat([own.head(40), pl.DataFrame({"user": range(1, 101), "item": [10**6] * 100})])
    assert pn.audit(**_two(parts), candidates=some)["negatives-are-positives"].level == "wrong"


def test_tables_without_the_columns_that_are_needed(parts):
    two = _two(parts)
    with pytest.raises(DataError, match="no user column"):
        pn.audit(**two, predictions=pl.DataFrame({"item": [1], "score": [1.0]}))
    with pytest.raises(DataError, match="no column of numbers"):
        pn.audit(**two, predictions=pl.DataFrame({"user": [1], "item": [1]}))
    with pytest.raises(DataError, match="has no column 'kept'"):
        pn.audit(**two, history=pl.DataFrame({"test": [1.0]}))
    with pytest.raises(DataError, match="no column 'y' as target"):
        pn.audit(**two, features=pl.DataFrame({"user": [1], "item": [1]}), target="y")


def _two(parts):
    return {"train": parts["train"], "test": parts["test"]}


def _bare(finding):
    """A finding without what the kind of source changes: its name and fingerprint."""
    sentence = "" if finding["rule"] == "split-stated" else finding["sentence"]
    return {k: v for k, v in finding.items() if k != "examples"} | {"sentence": sentence}


def test_lists_of_others_are_judged_beside_popularity(parts):
    split = pn.split_per_user(planted_pairs(), validation=0, test=0.2)
    held = split.sides == 2
    frame = split.log.frame().drop("row")
    files = {"train": frame.filter(~held), "test": frame.filter(held)}
    own = split.log.users.take(split.test.histories.users)
    good = EASE(l2=10).fit(split.train).recommend(own, k=10).select("user", "item", "rank")
    chance = Random(seed=5).fit(split.train).recommend(own, k=10).select("user", "item", "rank")
    found = pn.audit(**files, lists={"theirs": good, "dice": chance})
    by_name = {f.about: f for f in found if f.rule == "no-better-than-trivial"}
    theirs, dice = by_name["theirs (ranking)"], by_name["dice (ranking)"]
    assert theirs.level == "passed"
    assert theirs.low > 0
    assert "of popular" in theirs.sentence
    assert dice.level == "doubtful"
    assert found["sampled-metric"].level == "not checkable"  # files do not tell
    result = pn.evaluate([EASE(l2=10)], split, ["ndcg@10"], replicates=100)
    figure = result.table()["ease:l2=10.0"].metrics["ndcg@10"]
    assert f"ndcg@10 {figure.value:.4f}" in theirs.sentence
    assert theirs.figure == pytest.approx(figure.gain)


def test_a_list_that_names_an_item_twice_is_refused(parts):
    twice = pl.DataFrame({"user": [1, 1], "item": [2, 2], "rank": [1, 2]})
    with pytest.raises(DataError, match="theirs recommends item 2 to user 1 twice"):
        pn.audit(**_two(parts), lists={"theirs": twice})


def test_numbers_are_numbers_however_they_are_written(parts, tmp_path):
    parts["train"].write_csv(tmp_path / "train.csv")
    parts["test"].write_csv(tmp_path / "test.csv")
    said = ["3.60" if n % 2 else "4" for n in range(len(parts["test"]))]
    theirs = parts["test"].select("user", "item", score=pl.Series(said))
    theirs.write_csv(tmp_path / "theirs.csv")
    files = {part: str(tmp_path / f"{part}.csv") for part in ("train", "test")}
    found = pn.audit(**files, predictions=str(tmp_path / "theirs.csv"))
    assert found["unscored-test-rows"].figure == 0
    assert "from 3.6 to 4" in found["constant-predictions"].sentence
