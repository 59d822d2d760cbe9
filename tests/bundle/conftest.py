from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import EASE, ItemKNN

Change = Callable[[dict[str, Any]], None]


def planted(*, texts: bool) -> Dataset:
    """30 users of two tastes among 24 items, two of which nobody has touched."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(30):
        own = rng.permutation(np.arange(user % 2, 22, 2))[: 4 + user % 5]
        other = rng.permutation(np.arange(1 - user % 2, 22, 2))[:2]
        rows += [(user, item, 4.0 + rng.integers(2)) for item in own]
        rows += [(user, item, 1.0 + rng.integers(2)) for item in other]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    frame = frame.with_columns(
        time=pl.datetime(2021, 3, 1) + pl.duration(minutes=pl.int_range(pl.len())),
    )
    table = pl.DataFrame(
        {
            "item": range(24),
            "title": [None if n == 3 else f"Film {n} – Ü|<b>" for n in range(24)],
            "genres": [["Drama", "Comedy", None][: n % 4] if n != 5 else None for n in range(24)],
            "year": pl.Series([1990 + n for n in range(24)], dtype=pl.Int16),
        }
    )
    if texts:
        frame = frame.with_columns(pl.format("u{}", "user").alias("user"))
        frame = frame.with_columns(pl.format("é{}", "item").alias("item"))
        table = table.with_columns(pl.format("é{}", "item").alias("item"))
    return Dataset.from_frame(frame, item_table=table, name="planted | log", scale=(1, 5))


@pytest.fixture(scope="session")
def log() -> Dataset:
    return planted(texts=False)


@pytest.fixture(scope="session")
def text_log() -> Dataset:
    return planted(texts=True)


@pytest.fixture(scope="session")
def saved(log: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of EASE and ItemKNN, to copy."""
    folder = tmp_path_factory.mktemp("saved")
    save(EASE(l2=10).fit(log), folder / "ease")
    save(ItemKNN(neighbours=5).fit(log), folder / "knn")
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A bundle of EASE."""
    return Path(shutil.copytree(saved / "ease", tmp_path / "ease"))


@pytest.fixture
def sparse_folder(saved: Path, tmp_path: Path) -> Path:
    """A bundle of ItemKNN, which has sparse matrices."""
    return Path(shutil.copytree(saved / "knn", tmp_path / "knn"))


def reseal(folder: Path, change: Change | None = None, *, measure: bool = True) -> None:
    """Change a manifest as an attacker would: with all checksums made right again."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    content.pop("sha256")
    if measure:
        for name in content["files"]:
            if (folder / name).is_file():
                data = (folder / name).read_bytes()
                fits = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                content["files"][name] = fits
    if change is not None:
        change(content)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    content["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(content))


@pytest.fixture(name="reseal")
def _reseal() -> Callable[..., None]:
    return reseal
