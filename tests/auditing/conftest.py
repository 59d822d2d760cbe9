from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.testing.planted_faults.logs import synthetic_log


@pytest.fixture(scope="session")
def parts() -> dict[str, pl.DataFrame]:
    """Training and test events of others, with texts, and good predictions of the latter."""
    synthetic = synthetic_log(5)
    frame = synthetic.frame(texts=True)
    held = synthetic.rng.random(len(synthetic)) < 0.2
    good = pl.Series("score", synthetic.exact + synthetic.rng.normal(0, 0.1, len(synthetic)))
    test = frame.filter(pl.Series(held))
    return {
        "train": frame.filter(pl.Series(~held)),
        "test": test,
        "predictions": test.select("user", "item").with_columns(good.filter(pl.Series(held))),
    }


@pytest.fixture(scope="session")
def folder(parts, tmp_path_factory):
    """The same as files, one of each kind."""
    path = tmp_path_factory.mktemp("theirs")
    parts["train"].write_csv(path / "train.csv")
    parts["test"].write_parquet(path / "test.parquet")
    parts["predictions"].write_csv(path / "predictions.csv", separator="\t")
    return path


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
