"""A deep dense network that predicts ratings from the features of reviews."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Rating, Target
from penchant.encoders.tabular.autoencoder import FeatureAutoencoder
from penchant.features.reviews.features import ReviewFeatures, ReviewSettings
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, integers, plain
from penchant.models.parameters import Layers, Space
from penchant.models.shared.base_models import scored_grid
from penchant.nn.dense import dense, dense_layers
from penchant.nn.loop import GradientStep, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import Float32, Int32

RATING: Target = Rating()
_ROWS_AT_ONCE = 2**15


class Regressor(nn.Module):
    """Hidden layers with relu, each followed by batch normalisation, and one linear unit.

    Args:
        n_features: numbers of a row.
        hidden: units of each hidden layer.
        bounds: the lowest and highest output, approached by a sigmoid; None leaves it linear.
        generator: source of the initial weights.
    """

    def __init__(
        self,
        n_features: int,
        hidden: tuple[int, ...],
        bounds: tuple[float, float] | None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.hidden = dense_layers([n_features, *hidden], generator)
        # Momentum and epsilon are Keras' usual ones.
        self.norms = nn.ModuleList(nn.BatchNorm1d(n, eps=1e-3, momentum=0.01) for n in hidden)
        self.output = dense(hidden[-1], 1, generator)
        self.bounds = bounds

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Predictions float[n], and the first layer's activity float[n, units[0]]."""
        activity = x
        for place, (layer, norm) in enumerate(zip(self.hidden, self.norms, strict=True)):
            x = torch.relu(layer(x))
            if place == 0:
                activity = x
            x = norm(x)
        found = self.output(x)[:, 0]
        if self.bounds is not None:
            low, high = self.bounds
            found = low + (high - low) * torch.sigmoid(found)
        return found, activity

    def before_bounds(self, rating: float) -> float:
        """The last layer's value that is about this rating, a little inside of the bounds."""
        if self.bounds is None:
            return rating
        low, high = self.bounds
        share = min(max((rating - low) / max(high - low, 1e-9), 0.01), 0.99)
        return math.log(share / (1 - share))


class DNNRegressor(Recommender):
    """A deep network that predicts ratings from features of the review, its item and its user.

    The defaults of the network are a published one: five hidden layers with batch normalisation
    and a penalty on the first layer's activity, squared error, Adam; over 70 features it has
    63,633 parameters, of which 976 are running means and variances. It was published with
    `own_text=true`: then the review that is being predicted is an input, which nobody has when
    recommending. By default it is not, and all inputs are known beforehand.

    Attributes:
        own_text: whether the text written in the very event is a feature; rankings, for which
            there is none, then see a training mean in its place.
        statistics: `out-of-fold` counts items' ratings in training events; `table` takes
            `overall_mean`, `overall_median` and `overall_count` of the item table.
        log_scale: whether prices, ranks and counts enter by their logarithms.
        clip: standard deviations beyond which features count no more; 0 leaves them as
            they are.
        output: `linear`, as published; `bounded` cannot leave the scale of the training ratings.
        code_dim: length of an autoencoder's codings from whose reconstruction the network
            learns; 0 gives it the features themselves.
        code_optimiser: how that autoencoder learns: `adam`, 20 epochs at a rate of .001, or
            `sgd`, as published: 10 epochs of plain descent at .0001, which hardly move it.
        output_start: what the last layer says before training: the `mean` rating, or `zero`, as
            published.
        text_dim: length of the vectors of texts.
        hidden: units of each hidden layer, such as `256x128x64`.
        activity_l1: penalty on the sum of the first layer's activity.
        learning_rate: of Adam.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    own_text: bool = False
    statistics: Literal["out-of-fold", "table"] = "out-of-fold"
    log_scale: bool = True
    clip: Annotated[float, Field(ge=0)] = 5.0
    output: Literal["linear", "bounded"] = "bounded"
    code_dim: Annotated[int, Field(ge=0)] = 0
    code_optimiser: Literal["adam", "sgd"] = "adam"
    output_start: Literal["mean", "zero"] = "mean"
    text_dim: Annotated[int, Field(gt=0)] = 32
    hidden: Annotated[Layers, Field(min_length=1)] = (256, 128, 64, 32, 8)
    activity_l1: Annotated[float, Field(ge=0), Space(1e-4, 0.1, log=True)] = 0.01
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-2, log=True)] = 0.001
    batch_size: Annotated[int, Field(gt=1), Space(16, 1024, log=True)] = 32
    epochs: Annotated[int, Field(gt=0)] = 10
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    signal: ClassVar[Signal] = "ratings"
    event_bytes: ClassVar[float] = 430.0
    needs_ratings: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "feature_settings_": plain(dict[str, bool | int | str]),
        "mean_": plain(float),
        "has_text_": plain(bool),
        "styles_": plain(dict[str, list[float]]),
        "item_plain_": floats("items+1", "n_plain", missing=True),
        "item_rated_": floats("items+1", "n_rated", missing=True),
        "item_text_": floats("items+1", "n_text", missing=True),
        "feature_means_": floats("n_features"),
        "feature_spreads_": floats("n_features", low=5e-7),
        "text_settings_": plain(dict[str, Any], optional=True),
        "text_keys_": integers("n_words", optional=True),
        "text_idf_": floats("n_words", dtype="float64", optional=True),
        "text_strengths_": floats("n_directions", dtype="float64", low=0, optional=True),
        "text_directions_": floats("n_words", "n_directions", optional=True),
        "low_": plain(float),
        "high_": plain(float),
        "code_": plain(dict[str, list[int]] | None),
        "code_*_weight_": floats("n_code_*", "n_code_*_inputs", optional=True),
        "code_*_bias_": floats("n_code_*", optional=True),
        "n_inputs_": plain(int),
        "hidden_*_weight_": floats("n_units_*", "n_inputs_*", optional=True),
        "hidden_*_bias_": floats("n_units_*", optional=True),
        "norms_*_weight_": floats("n_units_*", optional=True),
        "norms_*_bias_": floats("n_units_*", optional=True),
        "norms_*_running_mean_": floats("n_units_*", optional=True),
        "norms_*_running_var_": floats("n_units_*", low=0, optional=True),
        "norms_*_num_batches_tracked_": integers(optional=True),
        "output_weight_": floats(1, "n_last"),
        "output_bias_": floats(1),
    }

    @property
    def target(self) -> Target:
        """Ratings."""
        return RATING

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        settings = ReviewSettings(
            own_text=self.own_text,
            dim=self.text_dim,
            logs=self.log_scale,
            statistics=self.statistics,
            seed=self.seed,
        )
        features, inputs = ReviewFeatures.fit(train, settings)
        vars(self).update(features.state())
        self.low_, self.high_ = (float(n) for n in train.rating_range or (0.0, 1.0))
        self.code_ = None
        if self.code_dim:
            narrow = FeatureAutoencoder(layers=(self.code_dim,), seed=self.seed, **self._code())
            narrow = narrow.fit(self._clipped(inputs), run=run)
            weights = narrow.weights_
            self.code_ = {name: list(array.shape) for name, array in weights.items()}
            vars(self).update({f"code_{name}": array for name, array in weights.items()})
        truth = torch.tensor(train.ratings)
        generator = torch.Generator().manual_seed(self.seed)
        x = torch.from_numpy(self._prepared(inputs))
        network = self._new(x.shape[1], generator)
        if self.output_start == "mean":  # from elsewhere it would only be a long way to go
            network.output.bias.data.fill_(network.before_bounds(float(truth.mean())))
        adam = torch.optim.Adam(network.parameters(), lr=self.learning_rate, fused=True)

        def loss(batch: Tensor, wanted: Tensor) -> Tensor:
            found, activity = network(batch)
            penalty = self.activity_l1 * activity.sum(1).mean()
            total: Tensor = functional.mse_loss(found, wanted) + penalty
            return total

        validate = None
        if validation is not None and validation.ratings is not None:
            held = torch.from_numpy(self._prepared(self._features(validation.rows)))
            wanted = torch.tensor(validation.ratings)
            validate = lambda: float(functional.mse_loss(network(held)[0], wanted))  # noqa: E731
        self.curve_, self.best_epoch_ = train_network(
            network,
            GradientStep(loss, [adam]),
            _without_a_last_single(x, truth, self.batch_size),
            Schedule.of(self),
            generator=generator,
            validate=validate,
            run=run,
            name=type(self).__name__,
        )
        self.n_inputs_ = x.shape[1]
        vars(self).update(weights_of(network))

    def _code(self) -> dict[str, Any]:
        """How the autoencoder learns; its own settings are the published ones."""
        if self.code_optimiser == "sgd":
            return {}
        return {"optimiser": "adam", "learning_rate": 1e-3, "epochs": 20}

    def _new(self, n_features: int, generator: torch.Generator | None = None) -> Regressor:
        bounds = (self.low_, self.high_) if self.output == "bounded" else None
        return Regressor(n_features, self.hidden, bounds, generator)

    def n_parameters(self) -> int:
        """Numbers of the network, running means and variances among them."""
        self._require_fitted()
        # How many batches a normalisation has seen is no parameter.
        running = (b for b in self._new(self.n_inputs_).buffers() if b.is_floating_point())
        return self.n_trained() + sum(b.numel() for b in running)

    def n_trained(self) -> int:
        """Numbers of the network that gradients decide."""
        self._require_fitted()
        return sum(value.numel() for value in self._new(self.n_inputs_).parameters())

    @property
    def features(self) -> ReviewFeatures:
        """The fitted features, with their names."""
        self._require_fitted()
        return ReviewFeatures.from_state(vars(self))

    def _features(self, rows: Rows) -> Float32:
        return ReviewFeatures.from_state(vars(self)).of_rows(rows)

    def _clipped(self, inputs: Float32) -> Float32:
        return inputs if not self.clip else np.clip(inputs, -self.clip, self.clip)

    def _prepared(self, inputs: Float32) -> Float32:
        """What the network is shown of features, float32[n, n_features]."""
        found = self._clipped(inputs)
        if self.code_ is None:
            return found
        narrow = FeatureAutoencoder(layers=(self.code_dim,))
        narrow.n_features_ = found.shape[1]
        narrow.weights_ = {name: vars(self)[f"code_{name}"] for name in self.code_}
        return narrow.reconstruct(found)

    @torch.no_grad()
    def _predicted(self, inputs: Float32) -> Float32:
        network = with_weights(partial(self._new, self.n_inputs_), vars(self)).double()
        x = torch.from_numpy(self._prepared(inputs))
        parts = [network(part.double())[0].float() for part in torch.split(x, _ROWS_AT_ONCE)]
        return torch.cat(parts).numpy() if parts else np.empty(0, np.float32)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings."""
        if not len(rows):
            return np.empty(0, np.float32)
        return self._predicted(self._features(rows))

    def _scores(self, users: Histories) -> Float32:
        return self._grid(users, None)

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        return self._grid(users, items)

    def _grid(self, users: Histories, items: Int32 | None) -> Float32:
        features = ReviewFeatures.from_state(vars(self))
        return scored_grid(users, items, lambda rows: self._predicted(features.of_rows(rows)))


def _without_a_last_single(x: Tensor, y: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
    """The same rows; one is there twice where it would be alone in the last batch.

    Batch normalisation knows no variance of a single row.
    """
    if len(x) % batch_size == 1:
        return torch.cat([x, x[:1]]), torch.cat([y, y[:1]])
    return x, y
