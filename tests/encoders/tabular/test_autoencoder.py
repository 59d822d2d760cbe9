from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from penchant.encoders.tabular.autoencoder import FeatureAutoencoder
from penchant.encoders.tabular.pca import PrincipalComponents
from penchant.errors import DataError, NotFittedError, ParameterError


@pytest.fixture(scope="module")
def rows():
    """Standardised rows of which three directions say most."""
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(600, 3)) @ rng.normal(size=(3, 12)) + rng.normal(0, 0.3, (600, 12))
    return (mixed - mixed.mean(0)) / mixed.std(0)


def test_the_published_size():
    rows = np.random.default_rng(0).normal(size=(64, 70))
    model = FeatureAutoencoder(epochs=1).fit(rows)
    assert model.n_parameters() == 355 + 420 == 775
    assert model.encode(rows).shape == (64, 5)
    assert model.reconstruct(rows).shape == (64, 70)


def test_a_linear_one_finds_the_subspace_of_the_principal_components(rows):
    model = FeatureAutoencoder(
        layers=(3,), optimiser="adam", learning_rate=0.01, epochs=500, batch_size=len(rows) // 2
    ).fit(rows)
    components = PrincipalComponents(dim=3).fit(rows)
    # What the decoder can say is the plane of the components.
    plane = model.weights_["decoder_0_weight_"]
    assert np.rad2deg(subspace_angles(plane, components.components_.T)).max() < 2
    found = ((model.reconstruct(rows) - rows) ** 2).mean()
    best = ((components.decode(components.encode(rows)) - rows) ** 2).mean()
    assert best <= found + 1e-6 < best * 1.02


def test_a_stacked_one_bends_with_the_rows():
    """A curve needs one number for each point, but no line is near it."""
    t = np.random.default_rng(0).uniform(-1, 1, 800)[:, None]
    rows = np.hstack([t, t**2 - 0.33, np.sin(4 * t)])
    deep = FeatureAutoencoder(
        layers=(16, 1), activation="tanh", optimiser="adam", learning_rate=0.01, epochs=60
    ).fit(rows)
    line = PrincipalComponents(dim=1).fit(rows)
    found = ((deep.reconstruct(rows) - rows) ** 2).mean()
    assert found < 0.6 * ((line.decode(line.encode(rows)) - rows) ** 2).mean()


def test_decoding_codings_is_reconstructing(rows):
    model = FeatureAutoencoder(layers=(8, 2), epochs=2).fit(rows)
    np.testing.assert_allclose(model.decode(model.encode(rows)), model.reconstruct(rows), atol=1e-6)
    again = FeatureAutoencoder.from_state(model.state())
    np.testing.assert_array_equal(again.encode(rows), model.encode(rows))


def test_validation_rows_choose_the_epoch(rows):
    model = FeatureAutoencoder(
        layers=(10,), optimiser="adam", learning_rate=0.02, epochs=60, patience=3
    ).fit(rows[:30], rows[30:])
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == int(np.argmin(losses)) + 1
    held = ((model.reconstruct(rows[30:]) - rows[30:]) ** 2).mean()
    assert held == pytest.approx(min(losses), rel=1e-4)


def test_one_seed_decides_everything(rows):
    found = [
        FeatureAutoencoder(seed=seed, noise=0.5, epochs=1).fit(rows).encode(rows)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-3


def test_what_cannot_be(rows):
    for wrong in (
        {"layers": ()},
        {"layers": (5, 0)},
        {"activation": "step"},
        {"optimiser": "luck"},
        {"noise": -1.0},
        {"learning_rate": 0.0},
    ):
        with pytest.raises(ParameterError):
            FeatureAutoencoder(**wrong)
    with pytest.raises(DataError, match="not 11"):
        FeatureAutoencoder().fit(rows, rows[:, :11])
    with pytest.raises(NotFittedError):
        FeatureAutoencoder().encode(rows)
