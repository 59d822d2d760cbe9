"""The autoencoder with a global kernel: its stages, what chooses them, and little data."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.metrics import RMSE
from penchant.models import Bias, GLocalK, SparseFC
from penchant.testing import planted_ratings
from support.little_logs import fitted_within_the_ratings, little_logs

SMALL = {"hidden": (12, 8), "l2": 2.0, "epochs": 6, "fine_tuning_epochs": 3}


@pytest.fixture(scope="module")
def split():
    return split_random(planted_ratings(n_users=150), validation=0.1, test=0.2)


def test_predictions_are_better_than_biases(split):
    model = GLocalK(**SMALL | {"epochs": 15}).fit(split.train, split.validation)
    error, trivial = (
        RMSE()(m.predict(split.test.rows), split.test.ratings)
        for m in (model, Bias().fit(split.train))
    )
    assert error < 0.98 * trivial


def test_without_fine_tuning_it_is_the_autoencoder_with_kernelised_weights(split):
    model = GLocalK(**SMALL | {"fine_tuning_epochs": 0}).fit(split.train)
    plain = SparseFC(**{k: v for k, v in SMALL.items() if k != "fine_tuning_epochs"})
    users = split.train.histories
    assert (model.scores(users) == plain.fit(split.train).scores(users)).all()
    assert model.global_kernel_.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_fine_tuning_goes_on_downhill_and_changes_the_kernel(split):
    model = GLocalK(**SMALL).fit(split.train)
    assert [row["epoch"] for row in model.fine_tuning_curve_] == [1, 2, 3]
    assert model.best_fine_tuning_epoch_ == 3
    assert model.fine_tuning_curve_[-1]["loss"] < model.curve_[-1]["loss"]
    assert np.abs(model.global_kernel_ - np.diag([0, 1, 0])).max() > 1e-3


@pytest.mark.parametrize("l2", [2.0, 0.1])
def test_fine_tuning_that_does_not_help_validation_is_undone(split, l2):
    settings = SMALL | {"l2": l2, "epochs": 20}
    model = GLocalK(**settings).fit(split.train, split.validation)
    before, after = (
        min(row["validation_loss"] for row in curve)
        for curve in (model.curve_, model.fine_tuning_curve_)
    )
    assert (model.best_fine_tuning_epoch_ == 0) == (after >= before)
    assert (model.global_kernel_ == np.diag([0, 1, 0])).all() == (after >= before)
    again = model.refit(split.train)
    assert again.fine_tuning_epochs == model.best_fine_tuning_epoch_


def test_a_kernel_needs_a_middle():
    with pytest.raises(ParameterError, match="needs a middle: kernel_size=4"):
        GLocalK(kernel_size=4)


@little_logs
def test_logs_of_which_there_is_little(columns):
    fitted_within_the_ratings(GLocalK(**SMALL), columns)
