"""The study of fashion on a made-up mirror of reviews and films."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image

from penchant.data.sources import load
from penchant.errors import DataError
from penchant.reporting import report
from penchant.run import Run
from penchant.studies import find
from penchant.studies.fashion import data
from penchant.studies.fashion.setup import FashionSetup
from penchant.studies.study import StudyRun
from penchant.testing import planted_pairs
from support import fashion_files
from support.study_sections import rows, section


@pytest.fixture(scope="module", autouse=True)
def mirror(tmp_path_factory):
    """The made-up mirror in the place of the real one, and a cache of its own."""
    pytest.importorskip("PIL")
    with pytest.MonkeyPatch.context() as patch:
        folder = fashion_files.write(tmp_path_factory.mktemp("mirror"))
        patch.setenv("PENCHANT_MIRROR", str(folder))
        patch.setenv("PENCHANT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield folder


@pytest.fixture(scope="module")
def log(mirror):
    return load("amazon-2018/AMAZON_FASHION", offline=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def result(log, kept):
    return find("fashion").run(log, quick=True, run=StudyRun(output=kept, threads=1))


def test_copies_are_counted_before_anything_is_learned(result, log):
    part = section(result, "The data")
    counts = rows(part["tables"][0])[0]
    assert counts["reviews"] == len(log) == fashion_files.N_USERS * 2 * fashion_files.N_VARIANTS
    # Each text stands there as it is and in capitals.
    assert counts["distinct user, text and rating"] == fashion_files.N_USERS * 2 * 2
    assert counts["distinct user, text and rating"] > counts["distinct user and text, but for case"]
    assert counts["distinct user and text, but for case"] == fashion_files.N_USERS * 2
    assert any(row["rule"] == "same-text" for row in rows(part["tables"][1]))


def test_the_share_of_known_texts_is_the_audits(log):
    setup = FashionSetup(log=log, seed=3, run=Run())
    found = data.describe_data(setup, {})
    split = setup.published_split
    pairs = log.events.select("user", "text")
    known = set(pairs.filter(split.sides != 2).iter_rows())
    asked = list(pairs.filter(split.sides == 2).iter_rows())
    exact = sum(pair in known for pair in asked) / len(asked)
    assert exact <= found.same_text <= 1
    assert found.same_text > 0.9  # five variants, so that few texts are all in the test part


def test_published_figures_stand_beside_ours_and_nothing_is_claimed_across_data(result, log):
    part = section(result, "As published")
    (figures,) = part["tables"]
    by_figure = {row["figure"]: row for row in rows(figures)}
    assert by_figure["RMSE"]["published"] == "0.753"
    assert {by_figure[f]["comparison"] for f in ("RMSE", "MAE", "Pearson correlation")} == {
        "other data"
    }
    expected = 187_025 + 64 * (log.n_users + log.n_items)
    assert by_figure["parameters"]["ours"] == f"{expected:,}"
    entries = part["comparisons"][0]["tables"]["rating"]["entries"]
    answers = {e["model"]: e["figures"]["rmse"]["value"] for e in entries}
    assert answers["user-mean"] < answers["global-mean"]
    assert {"hybrid as published", "hybrid without content", "bias"} <= set(answers)
    assert [c["kind"] for c in part["charts"]] == ["lines", "points", "points"]


def test_titles_and_pictures_are_vectors_of_the_published_lengths(result):
    part = section(result, "Titles and pictures")
    vectors, missing = part["tables"]
    lengths = {row["vectors of"]: row for row in rows(vectors)}
    assert (lengths["title"]["length"], lengths["picture"]["length"]) == (64, 512)
    n_titled = len(fashion_files.TITLES) * fashion_files.N_VARIANTS
    assert lengths["picture"]["products"] == lengths["picture"]["distinct"] == n_titled
    assert lengths["title"]["distinct"] == n_titled * 4 / 5
    # Products without a title have no address; they are listed and stop nothing.
    assert {row["status"] for row in rows(missing)} == {"no address"}
    assert len(rows(missing)) == fashion_files.N_VARIANTS
    assert "Real pictures of these products are not at hand" in " ".join(part["text"])
    assert len(part["galleries"][0]["items"]) == 10


def test_every_subset_of_the_branches_learns_from_the_reviews(result):
    part = section(result, "Every branch with and without the others, on the reviews")
    assert len(part["tables"]) == 2  # with copies and each review once
    for table in part["tables"]:
        subsets = [row["branches"] for row in rows(table)]
        assert len(subsets) == 16  # and the best answer without a network
        assert subsets[0] == "A B C D"
        assert len({row["rmse"] for row in rows(table)}) > 10
    assert [c["kind"] for c in part["charts"]] == ["bars", "lines", "lines", "points", "points"]


def test_honestly_each_text_is_there_once(result):
    part = section(result, "Honestly")
    titles = [each["title"] for each in part["comparisons"]]
    assert titles == [
        f"amazon-2018/{log}, {way}"
        for log in ("AMAZON_FASHION", "All_Beauty")
        for way in ("by time", "by user")
    ]
    left, reviews = fashion_files.N_USERS * 2, fashion_files.N_USERS * 2 * fashion_files.N_VARIANTS
    table = rows(part["tables"][0])
    assert [row["reviews left"] for row in table] == [f"{left} of {reviews}"] * 4
    assert table[1]["new test users"] == "10 of 10"
    by_user = part["comparisons"][1]
    assert by_user["split"]["test_users_without_history"] == by_user["split"]["test_users"]


def test_a_second_category_is_measured_on_the_same_users(result):
    table = section(result, "What another category adds")["tables"][0]
    found = rows(table)
    assert {row["model"] for row in found} == {"popular", "ease", "content-ease", "two-tower"}
    assert len({row["second log and split"] for row in found}) == 2
    for row in found:
        assert row["gain"] == pytest.approx(row["with the second log"] - row["alone"])
        assert row["gain low"] <= row["gain"] <= row["gain high"]


def test_the_first_screen_is_three_sentences_and_a_picture(result):
    assert result.opening.faults == []
    names = [name for series in result.opening.graph.series for name in series.x]
    assert "the network" in names


def test_all_subsets_of_the_branches_are_compared(result):
    part = section(result, "Every branch with and without the others, on films")
    table = rows(part["tables"][0])
    assert len(table) == 15
    assert {len(row["branches"].split()) for row in table} == {1, 2, 3, 4}
    for row in table:
        assert row["old films low"] <= row["old films"] <= row["old films high"]
    assert [c["kind"] for c in part["charts"]] == ["bars", "columns", "lines", "points"]


def test_plots_and_posters_tell_who_likes_a_new_film(result):
    part = section(result, "Films that nobody")
    table = {row["ridge on"]: row for row in rows(part["tables"][0])}
    assert set(table) >= {"genre and year", "genre, year and plot", "genre, year and poster"}
    # Kinds are in plots and colours alone: genres are drawn by chance.
    assert table["genre, year and plot"]["over genre and year low"] > 0
    assert table["genre, year and poster"]["over genre and year"] > 0
    first = {e["model"] for e in part["comparisons"][0]["tables"]["ranking"]["entries"]}
    assert {"random", "popular", "genre, year, plot and poster"} <= first


def test_the_networks_content_gives_everybody_the_same_new_films(result):
    table = section(result, "Films that nobody")["tables"][1]
    lists = {row["model"]: row["distinct lists"] for row in rows(table)}
    assert lists["hybrid network"] == 1 < lists["genre and year"]


def galleries_of(result):
    return [g for part in result.to_dict()["sections"] for g in part["galleries"]]


def test_the_page_shows_posters(result, tmp_path):
    page = report(result, tmp_path / "fashion.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img src="data:image/jpeg;base64,[A-Za-z0-9+/=]+"', page)
    titles = [i["title"] for g in galleries_of(result) for i in g["items"]]
    assert 10 < len(pictures) <= len(titles) <= 10 + 20  # of products and of films
    assert all(title in page for title in titles)
    assert "http" not in "".join(pictures)
    assert "image" not in json.dumps(galleries_of(result)).replace('"image": ""', "")


def test_it_goes_on_where_it_was(result, log, kept):
    again = find("fashion").run(log, quick=True, run=StudyRun(output=kept, threads=1))
    assert len(again.reused_steps) == len(again.steps) == len(result.steps)
    assert again.to_dict()["sections"][6]["tables"] == result.to_dict()["sections"][6]["tables"]


def test_without_the_films_the_reviews_are_still_there_and_without_pictures_no_branch_d(log):
    found = find("fashion").run(
        log, quick=True, films="movielens-100k", pictures="none", run=StudyRun(output=None)
    )
    assert [s.title for s in found.sections][-1] == "Films with plots and posters"
    assert len(found.sections) == 7
    part = section(found, "Every branch with and without the others, on the reviews")
    assert rows(part["tables"][0])[0]["branches"] == "A B C"
    assert "branch D is absent" in " ".join(section(found, "Titles and pictures")["text"])
    published = section(found, "As published")
    by_figure = {row["figure"]: row for row in rows(published["tables"][0])}
    assert "not all branches" in by_figure["parameters"]["comparison"]


def test_pictures_of_a_folder_take_part(log, tmp_path):
    for n, item in enumerate(log.items.ids):
        Image.new("RGB", (20, 20), (8 * n, 90, 255 - 8 * n)).save(tmp_path / f"{item}.png")
    found = find("fashion").run(
        log, quick=True, films=None, pictures=str(tmp_path), run=StudyRun(output=None)
    )
    assert len(found.sections) == 6
    part = section(found, "Titles and pictures")
    assert f"those of the folder {tmp_path}" in " ".join(part["text"])
    lengths = {row["vectors of"]: row["products"] for row in rows(part["tables"][0])}
    assert lengths["picture"] == log.n_items


def test_it_needs_reviews():
    with pytest.raises(DataError, match=r"needs reviews.*no text"):
        find("fashion").run(planted_pairs())
