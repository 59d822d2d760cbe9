"""Figures of the study of books: those published, and some recomputed on a part of the real set."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

import penchant as pn
from penchant.data import Adjusted
from penchant.data.sources.book_crossing import FULL
from penchant.metrics import AUC
from penchant.models import JaccardAgreement
from penchant.run import Run
from penchant.studies.books.moved_threshold import ADJUSTED_RATINGS
from penchant.studies.books.networks import NETWORKS
from penchant.studies.books.published_tables import CONTENDERS, WEIGHTS, published_cuts
from penchant.studies.books.setup import BooksSetup
from penchant.studies.books.transform_tuning import PUBLISHED

real = [pytest.mark.mirror, pytest.mark.usefixtures("mirror")]


def test_adjusted_ratings_are_those_published():
    values = Adjusted().of_ratings(list(ADJUSTED_RATINGS))
    assert values == pytest.approx(list(ADJUSTED_RATINGS.values()), abs=1e-6)
    exact = {r: 1 + 9 / (1 + np.exp(5 - r)) for r in ADJUSTED_RATINGS}
    assert exact == pytest.approx(dict(ADJUSTED_RATINGS), abs=1e-13)
    assert Adjusted().to_rating([8])[0] == pytest.approx(6.25, abs=0.005)


def test_recommending_everything_equals_what_was_published():
    likes = sum(FULL.explicit[7:]) / FULL.n_explicit
    assert likes == pytest.approx(0.576, abs=5e-4)
    everything = 2 * likes / (1 + likes)
    assert everything == pytest.approx(0.731, abs=5e-4)
    same = [value for value in PUBLISHED.values() if abs(value - everything) < 0.001]
    assert len(same) == 5
    assert sum(WEIGHTS[part] for part in list(WEIGHTS)[:-1]) == WEIGHTS["all"] == 263_782


@pytest.fixture(scope="module")
def setup(mirror):
    return BooksSetup(log=pn.load("book-crossing", mirror=mirror), seed=13, run=Run(threads=1))


class TestRealPart:
    pytestmark = real

    def test_biases_and_recommending_everything(self, setup):
        y = setup.liked(setup.test)
        assert 2 * y.mean() / (1 + y.mean()) == pytest.approx(0.756, abs=0.002)
        bias = pn.models.make("bias").fit(setup.split.train)
        predictions = bias.predict(setup.published_test.rows)
        assert AUC()(predictions, y) == pytest.approx(0.726, abs=0.006)

    def test_jaccard_by_plain_loops(self, setup):
        """The published similarity, written again for some rows without any matrix."""
        model = JaccardAgreement().fit(setup.split.train)
        rows = setup.published_test.rows
        by_user: dict[int, dict[int, float]] = defaultdict(dict)
        by_book: dict[int, dict[int, float]] = defaultdict(dict)
        train = setup.split.train
        for user, item, rating in zip(
            train.events["user"], train.events["item"], train.ratings.tolist(), strict=True
        ):
            by_user[user][item] = by_book[item][user] = rating
        mean = float(train.ratings.mean(dtype=np.float64))
        chosen = np.random.default_rng(0).permutation(len(rows.items))[:300]
        predictions = model.predict(rows)[chosen]
        for n, place in enumerate(chosen):
            user, item = int(rows.users[place]), int(rows.items[place])
            own = by_user[user]
            total = weight = 0.0
            for other, rating in by_book[item].items():
                theirs = by_user[other]
                same = sum(theirs.get(book) == value for book, value in own.items())
                similarity = same / len(own.keys() | theirs.keys())
                total, weight = total + similarity * rating, weight + similarity
            known = np.mean(list(own.values())) if own else mean
            expected = total / weight if weight else known
            assert predictions[n] == pytest.approx(expected, abs=1e-5)

    @pytest.mark.slow
    def test_a_network_with_dropout_recommends_everything(self, setup):
        network = next(e for e in NETWORKS if e.name == CONTENDERS["dropout-adjusted"])
        assert published_cuts(setup)[network.name] == (8, (None, 0.7329))
        model = network.model(setup, epochs=10)
        model.fit(setup.split.train, setup.validation)
        decided = model.predict(setup.published_test.rows) >= 8
        assert decided.mean() > 0.99
