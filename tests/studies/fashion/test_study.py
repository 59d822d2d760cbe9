"""The study of fashion on a made-up mirror of reviews and films."""

from __future__ import annotations

import json
import re

import pytest

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
from support.study_sections import rows, section, sentences


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


def test_published_figures_stand_beside_ours_and_the_users_mean(result):
    part = section(result, "As published")
    shown = {row["answer"]: row for row in rows(part["tables"][0])}
    assert (shown["published"]["rmse"], shown["published"]["pearson"]) == (0.753, 0.82)
    assert shown["user-mean"]["rmse"] < shown["global-mean"]["rmse"]
    assert {"hybrid as published", "hybrid without texts", "bias"} <= set(shown)
    claims = rows(part["tables"][1])
    assert {claim["verdict"] for claim in claims} <= {"better", "no better"}
    assert all("user-mean" in claim["published"] for claim in claims)
    assert "branch D is absent" in " ".join(part["text"])
    assert [c["kind"] for c in part["charts"]] == ["lines", "points", "points"]


def test_honestly_each_text_is_there_once(result):
    part = section(result, "Honestly")
    titles = [each["title"] for each in part["comparisons"]]
    assert titles == [
        f"amazon-2018/{log}, {way}"
        for log in ("AMAZON_FASHION", "All_Beauty")
        for way in ("by time", "by user")
    ]
    left, reviews = fashion_files.N_USERS * 2, fashion_files.N_USERS * 2 * fashion_files.N_VARIANTS
    assert f"{left} of {reviews} reviews are left" in " ".join(part["text"])
    by_user = part["comparisons"][1]
    assert by_user["split"]["test_users_without_history"] == by_user["split"]["test_users"]


def test_all_subsets_of_the_branches_are_compared(result):
    part = section(result, "Every branch")
    table = rows(part["tables"][0])
    assert len(table) == 15
    assert {len(row["branches"].split()) for row in table} == {1, 2, 3, 4}
    for row in table:
        assert row["old films low"] <= row["old films"] <= row["old films high"]
    assert [c["kind"] for c in part["charts"]] == ["bars", "columns"]


def test_plots_and_posters_tell_who_likes_a_new_film(result):
    part = section(result, "Films that nobody")
    table = {row["ridge on"]: row for row in rows(part["tables"][0])}
    assert set(table) >= {"genre and year", "genre, year and plot", "genre, year and poster"}
    # Kinds are in plots and colours alone: genres are drawn by chance.
    assert table["genre, year and plot"]["over genre and year low"] > 0
    assert table["genre, year and poster"]["over genre and year"] > 0
    assert "the network makes" in sentences(part)
    first = {e["model"] for e in part["comparisons"][0]["tables"]["ranking"]["entries"]}
    assert {"random", "popular", "genre, year, plot and poster"} <= first


def test_the_networks_content_gives_everybody_the_same_new_films(result):
    found = re.search(
        r"five new films the network makes (\d+) distinct, the ridge on genre and year (\d+)",
        sentences(section(result, "Films that nobody")),
    )
    assert found
    assert int(found[1]) == 1 < int(found[2])


def galleries_of(result):
    return [g for part in result.to_dict()["sections"] for g in part["galleries"]]


def test_the_page_shows_posters(result, tmp_path):
    page = report(result, tmp_path / "fashion.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img src="data:image/jpeg;base64,[A-Za-z0-9+/=]+"', page)
    titles = [i["title"] for g in galleries_of(result) for i in g["items"]]
    assert 0 < len(pictures) <= len(titles) <= 20
    assert all(title in page for title in titles)
    assert "http" not in "".join(pictures)
    assert "image" not in json.dumps(galleries_of(result)).replace('"image": ""', "")


def test_it_goes_on_where_it_was(result, log, kept):
    again = find("fashion").run(log, quick=True, run=StudyRun(output=kept, threads=1))
    assert len(again.reused_steps) == len(again.steps) == len(result.steps)
    assert again.to_dict()["sections"][4]["tables"] == result.to_dict()["sections"][4]["tables"]


def test_without_films_the_reviews_are_still_there(log, kept):
    found = find("fashion").run(log, quick=True, films="movielens-100k", run=StudyRun(output=None))
    assert [s.title for s in found.sections][-1] == "Films with plots and posters"
    assert len(found.sections) == 4


def test_it_needs_reviews():
    with pytest.raises(DataError, match=r"needs reviews.*no text"):
        find("fashion").run(planted_pairs())
