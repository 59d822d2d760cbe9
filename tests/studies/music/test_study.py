"""The study of music on a made-up category in the form of Amazon's reviews."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.sources import amazon
from penchant.data.splits import TEST, TRAIN
from penchant.errors import DataError
from penchant.reporting import report
from penchant.run import Run
from penchant.studies import find
from penchant.studies.music import lists, regressor, similar_products
from penchant.studies.music.codings import PUBLISHED_LOSS
from penchant.studies.music.sentiment import PLAIN, REMEDIES
from penchant.studies.music.setup import MusicSetup, merged_log
from penchant.studies.study import StudyRun
from support import music_files
from support.study_sections import row_of, rows, section, sentences


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return amazon.read(music_files.write(tmp_path_factory.mktemp("music")), "made music")


@pytest.fixture(scope="module")
def log(whole):
    """The reviews of products that the metadata know, which all but the counts are about."""
    return merged_log(whole)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def result(whole, kept):
    return find("music").run(whole, quick=True, run=StudyRun(output=kept, threads=1))


def test_counts_stand_beside_those_published(result, whole, log):
    part = section(result, "The data")
    counts, features, cleaning, gaps = part["tables"]
    assert row_of(features, "features")["against published"] == "same"
    known = int((whole.events["item"] != whole.items.indices(["B000000000"])[0]).sum())
    assert row_of(counts, "reviews") == {
        "what": "reviews",
        "published": 1_584_082,
        "here": len(whole),
        "against published": "",
    }
    assert row_of(counts, "rows of the merged table")["here"] == known == len(log) < len(whole)
    assert row_of(counts, "products in the metadata")["here"] == log.n_items
    assert row_of(counts, "rows learned from, 70 %")["here"] == len(log) - round(0.3 * len(log))
    assert row_of(cleaning, "merge")["left out"] == len(whole) - known
    assert row_of(cleaning, "price")["changed"] == 27
    assert row_of(gaps, "overall_mean")["missing"] == 0
    assert "Digital Music" in " ".join(part["text"])


def test_figures_of_other_data_are_not_called_better_or_worse(result):
    page = json.dumps(result.to_dict()["sections"])
    assert "The published error here" not in page
    for part in result.sections:
        for table in part.tables:
            if "against published" in table.frame.columns:
                verdicts = set(table.frame["against published"])
                assert verdicts <= {"other data", "same", ""}, table.caption


def test_copies_of_a_users_text_are_counted_across_the_random_split(result, log):
    sides = MusicSetup(log=log, seed=0, run=Run()).published_split(0).sides
    texts = log.events.select("user", "text")
    test, train = (texts.filter(pl.Series(sides == side)) for side in (TEST, TRAIN))
    seen = len(test.join(train.unique(), on=["user", "text"], how="semi"))
    assert seen >= 1  # every seventh user repeats a text
    share = f"{seen / len(test):.1%} of the test rows are copies"
    assert share in sentences(section(result, "The data"))


def test_who_gave_the_highest_rating_is_counted(result, log):
    part = section(result, "What the reviews look like")
    givers = log.events.filter(pl.col("rating") == 5)["user"].n_unique()
    top, balance, *_, popular = part["tables"]
    assert rows(top)[0]["here"] == givers
    assert rows(top)[0]["published"] == 47_698
    positive = float((log.ratings > 3).mean())
    assert f"{positive:.1%} of the reviews are positive" in sentences(part)
    assert row_of(balance, "positive")["share"] == pytest.approx(positive)
    counts = sorted(log.item_counts, reverse=True)
    assert [row["events"] for row in rows(popular)] == [n for n in counts if n][:50]


def test_words_are_clouds_and_tables(result):
    part = section(result, "What the reviews look like")
    clouds = {c["caption"]: c["series"][0] for c in part["charts"] if c["kind"] == "words"}
    assert len(clouds) == 4  # text and summary, praise and blame
    assert "wonderful" in clouds["Words of the text that lean to positive reviews."]["x"]
    assert "awful" in clouds["Words of the text that lean to negative reviews."]["x"]
    table = next(t for t in part["tables"] if t["caption"].startswith("Words of the summary"))
    assert rows(table)[0]["z"] > 0 > rows(table)[-1]["z"]


def test_lists_of_similar_products_name_each_once_with_co_raters(result, log):
    part = section(result, "Products alike")
    plain = rows(part["tables"][0])
    names = [row["asin"] for row in plain]
    assert len(names) == len(set(names)) == 10
    most = log.items.take([int(np.argmax(log.item_counts))])[0]
    raters = {
        item: set(log.events.filter(pl.col("item") == n)["user"])
        for n, item in enumerate(log.items.ids)
    }
    for row in plain:
        assert row["co_raters"] == len(raters[most] & raters[row["asin"]])
    compared = part["comparisons"][0]["tables"]["ranking"]["entries"]
    assert {e["model"] for e in compared} >= {*similar_products.MODELS, "popular", "random"}


def test_the_seventy_features_are_listed_with_their_farthest_values(result):
    part = section(result, "The 70 features")
    published, ours = (rows(table) for table in part["tables"])
    assert sum(row["how many"] for row in published) == 70
    assert sum(row["how many"] for row in ours) == 49
    named = {row["feature"]: row for row in published}
    assert named["price"]["farthest (deviations)"] > 3
    known = {row["feature"]: row for row in ours}
    assert known["price"]["farthest (deviations)"] <= named["price"]["farthest (deviations)"]
    assert not {"text", "summary's word", "text's words"} & set(known)


def test_sentiment_stands_beside_the_majority(result, log):
    part = section(result, "Sentiment")
    decided, counted, layers, seconds, split, slow, tools = part["tables"]
    network, always = rows(decided)
    assert network["reviews of"] == always["reviews of"] == "made music"
    matrix, all_positive = rows(counted)
    positive = all_positive["positive, called so"] + all_positive["negative, called positive"]
    assert always["accuracy"] == pytest.approx(all_positive["positive, called so"] / positive)
    assert always["recall of negatives"] == 0
    assert network["published"] == 0.914
    counts = [matrix[name] for name in list(matrix)[-4:]]
    assert sum(counts) == round(0.3 * len(log))
    assert network["accuracy"] == pytest.approx((counts[0] + counts[3]) / sum(counts))
    assert [row["here"] for row in rows(layers)] == [15_000, 153_728, 23_070, 62, 191_860]
    assert {row["against published"] for row in rows(layers)} == {"same"}
    assert rows(seconds)[0]["published"] == 660
    assert [r["classifier"] for r in rows(split)] == ["majority", "tfidf", "cnn", "ngrams", "bag"]
    assert row_of(split, "majority")["AUC"] == 0.5
    assert row_of(split, "tfidf")["AUC"] > 0.6  # telling words were planted
    assert {"text-cnn", "cnn-rnn"} <= {r["classifier"] for r in rows(slow)}
    assert [r["classifier"] for r in rows(tools)] == ["majority", PLAIN, *REMEDIES]
    assert "over as published" in tools["columns"]


def test_codings_are_measured_against_predicting_zero(result):
    part = section(result, "PCA and autoencoders")
    losses, sizes, seconds, table, coded = part["tables"]
    assert [row["here"] for row in rows(sizes)] == [355, 420, 775]
    assert rows(seconds)[0]["published"] == 90
    assert row_of(losses, "loss of the first epoch")["published"] == "1.2110"
    assert row_of(table, "linear autoencoder as published")["parameters"] == 775
    assert {len(row["codes"]) for row in rows(coded)} == {5}
    assert row_of(table, "stacked autoencoder, 32 and 5")["parameters"] == 4_939
    explained, losses = part["charts"]
    together, each = (series["y"] for series in explained["series"])
    assert together[-1] == pytest.approx(1, abs=1e-4)
    assert each == sorted(each, reverse=True)
    assert losses["series"][1]["y"] == list(PUBLISHED_LOSS)
    levels = losses["levels"]
    assert levels["PCA"] == pytest.approx(levels["predicting zero"] * (1 - together[4]), rel=0.02)


def test_text_autoencoders_stand_beside_the_most_frequent_words(result):
    (table, *_) = section(result, "Autoencoders of summaries")["tables"]
    readers = [row["read by"] for row in rows(table)]
    assert readers[0] == "always the most frequent words"
    assert len(readers) == 4
    for row in rows(table):
        assert 0 <= row["words right"] <= 1


def test_the_regressor_stands_beside_trivial_answers(result, log):
    part = section(result, "The rating regressor")
    table, sizes, seconds, far = part["tables"]
    assert [row["here"] for row in rows(sizes)] == [63_633, 62_657]
    assert rows(seconds)[0]["published"] == 210
    assert rows(seconds)[0]["here"] > 0
    first = row_of(table, regressor.ORIGINAL)
    assert (first["published MAE"], first["published MSE"]) == (0.3398, 31.7)
    sides = MusicSetup(log=log, seed=0, run=Run()).published_split(0).sides
    truth = log.ratings[sides == TEST].astype(float)
    highest = row_of(table, regressor.HIGHEST)
    assert highest["MAE"] == pytest.approx(np.mean(5 - truth))
    assert highest["MSE"] == pytest.approx(np.mean((5 - truth) ** 2))
    mean = log.ratings[sides == TRAIN].astype(float).mean()
    assert row_of(table, "global-mean")["MSE"] == pytest.approx(np.mean((mean - truth) ** 2))
    assert row_of(table, "DNN, bounded output")["farthest off"] <= 4
    off = [row["off"] for row in rows(far)]
    assert off == sorted(off, reverse=True)
    assert off[0] == pytest.approx(first["farthest off"], abs=1e-4)


def test_traps_are_measured_one_by_one(result, log):
    part = section(result, "What the regressor knew")
    statistics, texts = part["tables"]
    leaking = row_of(statistics, "the product's mean, test rows among it")
    clean = row_of(statistics, "the product's mean, without them")
    sides = MusicSetup(log=log, seed=0, run=Run()).published_split(0).sides
    test = log.events.filter(pl.Series(sides == TEST))
    means = log.events.group_by("item").agg(mean=pl.col("rating").cast(pl.Float64).mean())
    seen = test.join(means, on="item", how="left")
    wanted = ((seen["mean"] - seen["rating"]) ** 2).mean()
    assert leaking["MSE"] == pytest.approx(wanted, rel=1e-5)
    assert clean["MSE"] > leaking["MSE"]  # the answer is in the one and not in the other
    own = row_of(texts, "own texts, as published")
    as_published = row_of(statistics, "network, statistics of all rows, as published")
    assert own["MSE"] == pytest.approx(as_published["MSE"])
    assert len(rows(texts)) == 4


def test_the_honest_comparison_is_by_time_and_has_trivial_answers(result):
    part = section(result, "Honestly")
    compared, read = part["comparisons"]
    assert compared["split"] == read["split"]
    assert compared["split"]["kind"] == "time"
    names = {e["model"]: e for e in compared["tables"]["rating"]["entries"]}
    assert {"global-mean", "item-mean", "user-mean", "bias"} <= set(names)
    assert names["DNN, honest features"]["verdict"] in ("beats", "no better", "worse")
    assert not any("own text" in name for name in names)
    assert any("own text" in e["model"] for e in read["tables"]["rating"]["entries"])
    assert part["conclusions"][0]["level"] == "verdict"


def test_published_lists_are_rows_and_real_lists_are_of_unseen_products(result, log):
    part = section(result, "Recommendations")
    first, second, ways, *users = part["tables"]
    assert [row["by"] for row in rows(ways)] == list(lists.MODELS)
    for table in (first, second):
        predicted = [row["predicted"] for row in rows(table)]
        assert predicted == sorted(predicted, reverse=True)
        assert len(predicted) == 5
        for row in rows(table):  # each is a review that this user has written already
            user = log.users.indices([row["reviewed by"]])[0]
            mine = log.events.filter(pl.col("user") == user)["item"].to_numpy()
            assert row["product"] in log.titles(mine)
    assert len(users) == 3
    for table in users:
        user = log.users.indices([table["caption"].split()[2].rstrip(",")])[0]
        mine = set(log.titles(log.events.filter(pl.col("user") == user)["item"].to_numpy()))
        for row in rows(table):
            for way in table["columns"][1:]:
                assert row[way] not in mine


def test_everything_can_be_written(result, tmp_path):
    page = report(result, tmp_path / "music.html").read_text(encoding="utf-8")
    for part in result.sections:
        assert part.title.replace("'", "&#39;") in page or part.title in page
    assert json.loads(result.to_json())["study"] == "music"


def test_the_first_screen_can_be_read(result):
    assert result.opening.faults == []
    assert "off by" in result.opening.holds
    # The advice goes by another measure on another split than the picture.
    assert "by squared errors on later reviews" in result.opening.use
    assert "squared errors on later reviews" in result.opening.graph.caption
    assert "drawn at random" in result.opening.graph.caption


def test_charts_of_sentiment_say_of_which_reviews_each_curve_is(result):
    loss, accuracy, *_ = section(result, "Sentiment")["charts"]
    names = {series["name"] for series in loss["series"]}
    assert names == {
        "training, as published, made music",
        "training, by user, made music",
        "validation, by user, made music",
    }
    tables = section(result, "Sentiment")["tables"]
    assert accuracy["levels"] == {
        "larger class, as published, made music": pytest.approx(rows(tables[0])[1]["accuracy"]),
        "larger class, by user, made music": row_of(tables[4], "majority")["accuracy"],
        "published": 0.914,
    }


def test_every_conclusion_is_short(result):
    for part in result.sections:
        for conclusion in part.conclusions:
            assert len(conclusion.sentence.split()) <= 40, conclusion.sentence


def test_what_was_kept_gives_the_same_again(whole, kept, result):
    again = find("music").run(whole, quick=True, run=StudyRun(output=kept, threads=1))
    assert set(again.reused_steps) == {step.name for step in again.steps}
    assert again.to_dict()["sections"] == [
        part | {"reused": True} for part in result.to_dict()["sections"]
    ]


@pytest.mark.parametrize("lost", ["rating", "text", "summary"])
def test_logs_without_reviews_are_refused(log, lost):
    bare = Dataset.from_frame(log.frame().drop(lost), name="bare")
    with pytest.raises(DataError, match=f"needs reviews, and the log 'bare' has no {lost}"):
        find("music").run(bare)
