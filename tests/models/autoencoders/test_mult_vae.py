from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.data.splitting import split_random
from penchant.models import MultDAE, MultVAE
from penchant.testing import planted_pairs
from penchant.testing.helpers import ndcg

SMALL = {"hidden": 16, "dim": 6, "batch_size": 20, "epochs": 10}


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=60, cold_items=1)


def naive(model, x):
    """The code and the logits of the paper's network, on inputs of unit length."""
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    hidden = np.tanh(x @ model.encoder_weight_ + model.encoder_bias_)
    code = hidden @ model.code_weight_.T + model.code_bias_
    middle = np.tanh(code[:, : model.dim] @ model.decoder_weight_.T + model.decoder_bias_)
    return code, middle @ model.output_weight_.T + model.output_bias_


@pytest.mark.parametrize(("cls", "code"), [(MultDAE, 6), (MultVAE, 12)])
def test_scores_are_the_logits_of_the_mean_code(log, cls, code):
    model = cls(**SMALL).fit(log)
    found, logits = naive(model, log.histories.matrix().toarray())
    assert found.shape == (60, code)
    np.testing.assert_allclose(model.scores(log.histories), logits, atol=1e-4)


def test_the_loss_is_the_multinomial_likelihood(log):
    settings = SMALL | {"epochs": 1, "learning_rate": 1e-9, "dropout": 0.0}
    x = log.histories.matrix().toarray()
    for model in (MultDAE(**settings), MultDAE(**settings, l2=0.3)):
        model.fit(log)
        _, logits = naive(model, x)
        chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        wanted = -(x * np.log(chance)).sum(1).mean()
        weights = [v for n, v in vars(model).items() if n.endswith(("weight_", "bias_"))]
        wanted += model.l2 * sum(float((w**2).sum()) for w in weights)
        assert model.curve_[0]["loss"] == pytest.approx(wanted, rel=1e-4)


def test_the_penalty_is_the_divergence_and_grows_to_beta():
    model = MultVAE(dim=3, beta=0.4, annealing=10)
    code = torch.randn(50, 6, generator=torch.Generator().manual_seed(1))
    mean, deviation = code[:, :3], (0.5 * code[:, 3:]).exp()
    normal = torch.distributions.Normal
    divergence = torch.distributions.kl_divergence(normal(mean, deviation), normal(0.0, 1.0))
    for progress, beta in ((0, 0), (5, 0.2), (10, 0.4), (99, 0.4)):
        z, penalty = model._sampled(code, progress, torch.Generator().manual_seed(2))
        torch.testing.assert_close(penalty, beta * divergence.sum(1).mean())
    draws = torch.stack(
        [model._sampled(code, 0, torch.Generator().manual_seed(s))[0] for s in range(400)]
    )
    torch.testing.assert_close(draws.mean(0), mean, atol=0.6, rtol=0)
    torch.testing.assert_close(draws.std(0), deviation, atol=0.05, rtol=0.2)
    assert z.shape == (50, 3)


def test_the_denoising_one_has_no_noise_in_its_code():
    code = torch.randn(5, 3)
    z, penalty = MultDAE(dim=3)._sampled(code, 0, torch.Generator())
    assert z is code
    assert penalty == 0


@pytest.mark.parametrize("cls", [MultDAE, MultVAE])
def test_validation_decides_by_ndcg_and_refit_takes_that_over(log, cls):
    split = split_random(log, validation=0.2)
    model = cls(**SMALL | {"epochs": 60}, patience=4).fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert len(losses) <= model.best_epoch_ + 4
    again = model.refit(log)
    assert again.epochs == model.best_epoch_ == len(again.curve_)
    # The restored weights give the best epoch's lists: those of all unseen items are 40 long.
    assert 1 - min(losses) > ndcg(cls(**SMALL | {"epochs": 1}).fit(split.train), split.validation)


def test_ratings_do_not_matter(log):
    model = MultVAE(**SMALL).fit(log)
    one, two = model.history([1, 4], [5, 1]), model.history([4, 1, 4])
    np.testing.assert_allclose(model.scores(one), model.scores(two), atol=1e-6)


def test_cold_items_come_last(log):
    model = MultVAE(**SMALL | {"epochs": 60}).fit(log)
    scores = model.scores(log.histories).mean(axis=0)
    assert scores[40] < np.quantile(scores[:40], 0.2)


@pytest.mark.parametrize("cls", [MultDAE, MultVAE])
@pytest.mark.parametrize("keep", ["user", "item"])
def test_one_user_or_one_item_is_enough(log, cls, keep):
    few = log.subset(log.events[keep].to_numpy() == 0)
    assert np.isfinite(cls(**SMALL).fit(few).scores(few.histories)).all()
