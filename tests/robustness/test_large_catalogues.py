"""Few events among many items or users cost what the events do, or are refused beforehand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError
from penchant.models import TABLE, find
from support.fitting_process import fit_all
from support.fuzzing import FACTOR, one_sentence, tally

# So many that a table of items × items or users × users (0.8 GB) does not fit into the budget.
SIZE = 14_000
REMEDIES = r"k-core|use .*model"


@pytest.mark.slow
@pytest.mark.parametrize("side", ["items", "users"])
def test_every_model_with_few_events(side):
    size = min(SIZE * FACTOR, 200_000)
    models = [f"{side}:{name}" for name in TABLE]
    with tally(f"models with 10 events among {size:,} {side}") as counts:
        for name, row in fit_all(size, models).items():
            if "refused" in row:
                counts.refused += 1
                if not one_sentence(Exception(row["refused"])):
                    counts.fault(f"{name} refused without a sentence: {row['refused']}")
            elif row.get("lists") and row["same"]:
                counts.accepted += 1
            else:
                counts.fault(f"{name}: {row}")


@pytest.mark.parametrize(
    "name", ["autoencoder", "mult-dae", "mult-vae", "rbm", "rating-rbm", "ease", "content-ease"]
)
def test_users_times_items_are_refused_with_what_they_would_take(name):
    n = 200_000
    each = np.arange(n)
    events = pl.DataFrame({"user": each, "item": each[::-1], "rating": each % 5 + 1.0})
    log = pn.read(events, quiet=True)
    with pytest.raises(DataError, match=rf"(hours|GB).*({REMEDIES})"):
        find(name)().fit(log)
