"""Parts of the study of fashion by themselves."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION
from penchant.evaluation.ranking import catalogue_of
from penchant.features.item_content import with_vectors
from penchant.features.pictures import COLUMN as PICTURE
from penchant.models import make
from penchant.models.hybrid.model import HybridRecommender
from penchant.reporting import report
from penchant.results.study.gallery import IMAGE_WIDTH, Gallery, GalleryItem
from penchant.results.study.opening import Opening
from penchant.results.study.result import StudyResult
from penchant.results.study.sections import Section
from penchant.run import Run
from penchant.studies.fashion.branches import COLLABORATIVE, CONTENT, WITHOUT
from penchant.studies.fashion.content import (
    RidgeSettings,
    best_of,
    choose_settings,
    per_user,
    ridge,
)
from penchant.studies.fashion.film_log import FilmLog, sample_users
from penchant.studies.fashion.setup import (
    GAUSSIAN,
    QUICK_START,
    FashionSetup,
    mean_gain,
    split_by_user,
    without_copies,
)
from penchant.studies.fashion.subsets import spec_of, subsets
from penchant.studies.fashion.thumbnails import thumbnail
from penchant.studies.records import predict
from penchant.testing import planted_pairs


@pytest.fixture
def reviews():
    frame = pl.DataFrame(
        {
            "user": ["a", "a", "a", "b", "b", "c", "d", "d", "e", "f"],
            "item": ["x", "y", "z", "x", "y", "x", "y", "z", "z", "x"],
            "rating": [5.0, 5.0, 4.0, 2.0, 2.0, 5.0, 3.0, 3.0, 1.0, 4.0],
            "text": ["Fine!", "fine", "other", "bad", "bad", "fine", None, "", "bad", "good"],
        }
    )
    return Dataset.from_frame(frame, name="few", scale=(1, 5))


@pytest.fixture
def films():
    log = planted_pairs(n_users=60, n_items=30)
    table = pl.DataFrame({"item": log.items.ids}).with_columns(
        title=pl.format("Film {}", "item"), overview=pl.lit("")
    )
    return FilmLog(replace(log, item_table=table), None, 1, Run())


def with_texts(log):
    return replace(log, events=log.events.with_columns(text=pl.lit("fine")))


def test_a_users_text_is_kept_once_and_events_without_text_stay(reviews):
    once = without_copies(reviews)
    left = [
        (reviews.users.ids[u], reviews.items.ids[i])
        for u, i in once.events.select("user", "item").iter_rows()
    ]
    assert left == [
        ("a", "x"), ("a", "z"), ("b", "x"), ("c", "x"), ("d", "y"), ("d", "z"), ("e", "z"),
        ("f", "x"),
    ]  # fmt: skip


def test_by_user_nobody_is_on_two_sides(reviews):
    split = split_by_user(reviews, seed=5)
    users = reviews.events["user"].to_numpy()
    sides = [set(users[split.sides == side]) for side in (TRAIN, VALIDATION, TEST)]
    assert sum(map(len, sides)) == 6
    assert all(sides)
    assert split.test.n_new_users == split.test.n_users


def test_new_films_have_no_training_event_and_settings_never_see_test_films(films):
    asked, chosen = films.cold_items
    assert not set(asked) & set(chosen)
    for validation, offered, hidden in ((False, asked, chosen), (True, chosen, asked)):
        split = films.cold_split(films.log, validation=validation)
        counts = split.train.item_counts
        assert not counts[asked].any()
        assert not counts[chosen].any()
        assert set(split.test.items) <= set(offered)
        assert set(split.candidates.ravel()) == set(offered)
        held = [] if split.validation is None else split.validation.items
        assert set(held) == (set() if validation else set(hidden))


def test_the_mixed_split_has_old_and_new_films(films):
    split = films.mixed_split(films.log)
    counts = split.train.item_counts
    asked, chosen = films.cold_items
    assert not counts[asked].any()
    assert set(asked) <= set(split.test.items)
    assert set(split.test.items) - set(asked)
    assert not set(chosen) & set(split.test.items)


def test_sample_users_are_as_many_as_asked_for(films):
    assert (sample_users(films.log, 7, 0).user_counts > 0).sum() == 7
    assert sample_users(films.log, None, 0) is films.log


def test_a_gain_is_over_users_who_have_both():
    values = np.array([0.5, 0.7, np.nan, 0.9])
    over = np.array([0.4, 0.5, 0.2, np.nan])
    found = mean_gain(values, over, 500, 0)
    assert found.value == pytest.approx(0.15)
    assert (found.low, found.high) == pytest.approx((0.1, 0.2))  # either user alone
    assert mean_gain(np.array([np.nan]), np.array([1.0]), 10, 0) is None


@pytest.mark.parametrize(
    ("branches", "matrix", "layers", "content"),
    [
        ("A B C D", "cosine", (16,), "text;picture"),
        ("B", "none", (16,), ""),
        ("D", "none", (), "picture"),
    ],
)
def test_a_subset_is_the_published_network_without_the_others(
    reviews, branches, matrix, layers, content
):
    model = FashionSetup(log=reviews, seed=0, run=Run()).network(spec_of(branches))
    assert isinstance(model, HybridRecommender)
    assert (model.matrix, tuple(model.hidden), model.content) == (matrix, layers, content)
    assert (model.loss, model.learning_rate, model.learning_rate_decay) == ("mae", 0.01, 1e-4)
    assert model.id_dropout == 0  # no row stands for unknown users or items
    assert (model.optimiser, model.output_start) == ("dense", "zero")  # as in Keras


def test_where_rows_are_few_the_network_starts_at_the_median(reviews):
    setup = FashionSetup(log=reviews, seed=0, run=Run(), epochs=1)
    ratings, medians = reviews.ratings, []
    for changes in ("", QUICK_START):
        model = setup.network(f"content=none,dim=2,learning_rate=0.001,{changes}".rstrip(","))
        rows = setup.published_split.test.rows
        medians.append(float(np.median(predict(model.fit(reviews), rows))))
    assert medians[0] < 0.5 * np.median(ratings)
    assert medians[1] == pytest.approx(np.median(ratings), abs=0.5)


def test_only_branches_that_the_log_feeds_take_part():
    assert subsets(text=False, picture=False) == ["A B", "A", "B"]
    assert subsets(text=True, picture=False)[0] == "A B C"
    assert len(subsets(text=True, picture=True)) == 15


def test_the_best_ridge_is_that_of_the_validation_films():
    settings = {n: RidgeSettings({}, {}, v, []) for n, v in (("a", 0.2), ("b", 0.3), ("c", 0.1))}
    assert best_of(settings) == "b"


def test_settings_are_those_that_order_new_films_best(films):
    """What the quick search finds is what a fitted model with these settings has."""
    kinds = np.arange(films.log.n_items) % 2
    noise = 0.3 * np.random.default_rng(0).normal(size=(len(kinds), 6))
    films.__dict__["log_with_pictures"] = with_vectors(films.log, PICTURE, noise + kinds[:, None])
    setup = FashionSetup(log=with_texts(films.log), seed=1, run=Run())
    settings = choose_settings(setup, films)
    assert list(settings) == ["genre and year", "genre, year and poster"]
    poster = settings["genre, year and poster"]
    assert poster.validation > settings["genre and year"].validation + 0.1
    split = films.cold_split(films.full_log, validation=True)
    model = ridge(setup, poster).fit(split.train)
    assert model.column_weights == f"{PICTURE}={poster.weights['vectors picture']:g}"
    assert model.content_parts_ == ["vectors picture"]
    values = per_user(model, split.test, catalogue_of(split.train), setup)
    assert np.nanmean(values) == pytest.approx(poster.validation, abs=1e-3)


def test_a_process_takes_part_where_there_are_not_too_many_items(reviews):
    assert list(FashionSetup(log=reviews, seed=0, run=Run()).gaussian_process()) == [GAUSSIAN]
    table = pl.DataFrame({"item": [*"xyz", *map(str, range(12_000))]})
    large = Dataset.from_frame(reviews.frame(), item_table=table)
    assert large.n_items > 12_000
    assert FashionSetup(log=large, seed=0, run=Run()).gaussian_process() == {}


def test_models_with_content_have_twins_without():
    assert set(WITHOUT) == set(CONTENT)
    for name, twin in WITHOUT.items():
        told, alone = make(CONTENT[name]), make(COLLABORATIVE[twin])
        assert (bool(told.content), alone.content) == (True, "")
        assert told.clone(content="").params() == alone.params()


def test_an_image_is_made_small_and_a_broken_one_left_out(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    pil.new("RGB", (300, 400), (200, 10, 10)).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"<html>")
    address = thumbnail(tmp_path / "good.png")
    image = pil.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert image.format == "JPEG"
    assert image.size == (IMAGE_WIDTH, round(IMAGE_WIDTH * 4 / 3))
    assert (
        thumbnail(tmp_path / "bad.jpg") == thumbnail(tmp_path / "none.jpg") == thumbnail(None) == ""
    )


def test_what_comes_from_data_is_escaped_and_foreign_addresses_are_not_shown(tmp_path):
    evil = GalleryItem("<b>x</b>", "a & b", 'data:image/jpeg;base64,AA" onerror="x', "<q>")
    far = GalleryItem("far", image="https://example.org/x.jpg")
    page = _page(tmp_path, Gallery("<script>", (evil, far)))
    assert "<b>" not in page
    assert "<q>" not in page
    assert "<script>" not in page
    assert "onerror" not in page
    assert "example.org" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_lists_stand_at_the_end_of_their_section(tmp_path):
    page = _page(tmp_path, Gallery("For somebody", (GalleryItem("A film"),)))
    places = [page.index(text) for text in ("<h2>two", "For somebody", "A film", "<h2>three")]
    assert places == sorted(places)


def _page(folder, gallery):
    pytest.importorskip("jinja2")
    result = StudyResult(
        name="x",
        title="T",
        opening=Opening(claimed="A.", holds="B.", use="C."),
        sections=(
            Section(title="one"),
            Section(title="two", galleries=(gallery,)),
            Section(title="three"),
        ),
        log={"name": "l", "fingerprint": "f"},
        seed=0,
        settings={},
        versions={},
    )
    listed = result.to_dict()["sections"][1]["galleries"]
    assert [item["title"] for item in listed[0]["items"]] == [i.title for i in gallery.items]
    return report(result, folder / "x.html").read_text(encoding="utf-8")
