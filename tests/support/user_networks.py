"""Small per-user networks and the events that tests train them on."""

from __future__ import annotations

import numpy as np
import torch

from penchant.nn.per_user.activations import ACTIVATIONS
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import TrainingConfig
from penchant.nn.per_user.networks import NetworkShape, UserNetworks
from penchant.nn.per_user.shared_prefixes import prefix_tree

STEPS = 6


def shape_of(cell, hidden, activation="sigmoid", recurrent_activation="sigmoid"):
    """The shape of a network with embeddings of length 4."""
    cell_type = CELLS[cell]
    return NetworkShape(
        cell_type(ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]), hidden, 4
    )


LSTM = shape_of("lstm", 7)
NO_FORGET = shape_of("no-forget", 5, recurrent_activation="tanh")


def patterns_and_users(sizes=(23, 9, 31, 10, 1, 23, 40, 12)):
    """Distinct input patterns, and users with random events of these numbers."""
    rng = np.random.default_rng(1)
    patterns = np.unique(rng.integers(0, 2, (20, STEPS)).astype(np.uint8), axis=0)
    users = [
        UserData(rng.integers(len(patterns), size=n), rng.random(n) < 0.6, key)
        for key, n in enumerate(sizes)
    ]
    return patterns, users


def contradicting(users):
    """Validation events that say the contrary, so that learning makes them worse."""
    return [UserData(user.patterns, ~user.likes, user.key) for user in users]


def config_of(**changes):
    """A quick training configuration."""
    usual = {
        "output": "sigmoid",
        "epochs": 4,
        "batch_size": 10,
        "learning_rate": 0.01,
        "dropout": 0.0,
        "patience": None,
        "seed": 5,
    }
    return TrainingConfig(**(usual | changes))


def probabilities(shape, weights, patterns):
    """The chance of a like of each pattern, by each network."""
    tree = prefix_tree(torch.from_numpy(patterns.astype(np.float32)))
    networks = UserNetworks(shape, "sigmoid")
    logits = networks.logits(shape.views(torch.from_numpy(weights)), tree)
    return networks.probabilities(logits).numpy().astype(float)


class Counting:
    """Progress that adds up."""

    def __init__(self):
        self.total = self.done = 0

    def task(self, description, total=None):
        self.total = total
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def advance(self, amount=1, note=""):
        self.done += amount
