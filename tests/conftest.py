from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings

from penchant.data.dataset import Dataset
from penchant.testing import planted_pairs

# How long one example takes depends on what else runs on the machine. Each run draws new ones.
settings.register_profile("penchant", deadline=None, max_examples=40)
settings.load_profile("penchant")


def pytest_collection_finish() -> None:
    """Keep modules and tests out of searches for garbage, each of which takes half a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _no_search_for_garbage_whenever_a_service_starts() -> Iterator[None]:
    """In a process with all tests this would take longer than all else of a start."""
    app = sys.modules.get("penchant.serving.app")
    with pytest.MonkeyPatch.context() as patch:
        if app is not None:  # where some test collected here starts one
            patch.setattr(app, "spare_collector", lambda: None)
        yield


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder with copies of published data sets."""
    named = os.environ.get("PENCHANT_MIRROR")
    if not named or not Path(named).is_dir():
        pytest.skip("PENCHANT_MIRROR names no folder with copies of published data sets")
    return Path(named)


@pytest.fixture
def notices(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What the package has logged since the last call, a message a line."""
    caplog.set_level(logging.INFO, "penchant")

    def messages() -> str:
        text = "".join(f"{record.getMessage()}\n" for record in caplog.records)
        caplog.clear()
        return text

    return messages


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """40 users of two tastes with ratings, times and titles."""
    log = planted_pairs(n_users=40, n_items=20)
    table = pl.DataFrame({"item": log.items.ids}).with_columns(
        title=pl.format("Film {}, The (19{})", "item", pl.int_range(50, 50 + pl.len()))
    )
    frame = log.frame().drop("row")
    return Dataset.from_frame(frame, item_table=table, name="tiny", scale=(1, 5))


@pytest.fixture(scope="session")
def tiny_csv(tiny: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of `tiny` as a CSV file."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.csv"
    tiny.frame().drop("row").write_csv(path)
    return path
