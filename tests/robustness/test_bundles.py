"""Altered bundles with right checksums are refused, or the model that they hold works."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from penchant.bundle import restore, save
from penchant.bundle.files import checksum
from penchant.bundle.manifest import digest
from penchant.data import Rows
from penchant.errors import BundleError, PenchantError
from penchant.explanation import explain
from penchant.models import TABLE, RatesRows, Recommender, make
from penchant.testing.logs import planted_attributes
from penchant.typing import AnyArray
from support.fuzzing import FACTOR, SEED, tally, tries

NAMES = (
    ("popular", "bias", "item-knn", "ease", "dot", "boosted-trees", "blend")
    if FACTOR == 1
    else tuple(TABLE)
)
"""Some models, and all of them in the long form."""
SMALL = {"epochs": 1, "dim": 4, "trees": 5, "min_events": 5, "folds": 2, "networks": 1}
"""Settings with which models are fitted in a moment."""


def small(name: str) -> Recommender:
    model = make(name)
    return model.clone(**{n: v for n, v in SMALL.items() if n in model.params()})


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A folder with the bundle of each model, and what the model answers to `refusals`."""
    folder = tmp_path_factory.mktemp("bundles")
    log = planted_attributes(n_users=20, n_items=12, per_user=6)
    found = []
    for name in NAMES:
        model = small(name).fit(log)
        save(model, folder / name)
        found.append((folder / name, refusals(model)))
    return found


def refusals(model: Recommender) -> set[str]:
    """The questions that a model refuses in a sentence; any other error is passed on."""
    known = model.histories_
    row = np.repeat(np.arange(len(known), dtype=np.int32), known.n_items)
    items = np.tile(np.arange(known.n_items, dtype=np.int32), len(known))
    questions: dict[str, Callable[[], object]] = {
        "recommend": lambda: model.recommend(k=3),
        "new user": lambda: model.recommend(model.history(model.items_.ids[:2].to_list()), k=3),
        "similar items": lambda: model.similar_items(model.items_.ids[:2].to_list()),
        "explain": lambda: [explain(model, user, model.items_.ids[0]) for user in model.users_.ids],
    }
    if isinstance(model, RatesRows):
        questions["predict"] = lambda: model.predict(Rows(known, row, items))
    refused = set()
    for name, question in questions.items():
        try:
            question()
        except PenchantError:
            refused.add(name)
    return refused


def signed(folder: Path, manifest: dict) -> None:
    """Write a manifest with all its checksums right."""
    for name in manifest["files"]:
        manifest["files"][name] = checksum(folder / name).model_dump()
    manifest.pop("sha256")
    manifest["sha256"] = digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def altered(folder: Path, others: list[Path], rng: random.Random) -> str:
    """Change one thing of a bundle and say what."""
    manifest = json.loads((folder / "manifest.json").read_text())
    arrays = load_file(folder / "arrays.safetensors")
    how = rng.choice(["model", "drop", "values", "number", "shape", "plain"])
    own = [n for n in manifest["state"] if n not in ("users_", "items_", "histories_")]
    name = rng.choice(own)
    entry = manifest["state"][name]
    if how == "model":
        other = json.loads((rng.choice(others) / "manifest.json").read_text())
        manifest["model"], manifest["parameters"] = other["model"], other["parameters"]
    elif how == "drop":
        for key in [k for k in arrays if k == name or k.startswith(f"{name}.")]:
            del arrays[key]
        del manifest["state"][name]
    elif how in ("values", "number"):
        key = rng.choice(list(arrays))
        name = key
        arrays[key] = (_other_bytes if how == "values" else _other_number)(arrays[key], rng)
    elif how == "shape" and entry["kind"] == "array" and arrays[name].ndim:
        arrays[name] = np.ascontiguousarray(arrays[name][: rng.randrange(len(arrays[name]) + 1)])
        entry["shape"][0 if entry["order"] == "C" else -1] = len(arrays[name])
    elif entry["kind"] == "plain" and isinstance(entry["value"], str) and rng.random() < 0.7:
        place = rng.randrange(len(entry["value"]))
        entry["value"] = (
            entry["value"][:place] + rng.choice("019-.e= x") + entry["value"][place + 1 :]
        )
    elif entry["kind"] == "plain":
        entry["value"] = rng.choice([None, -1, 10**9, "x", [], {}, [1, "a"], 0.5, True])
    save_file(arrays, folder / "arrays.safetensors")
    signed(folder, manifest)
    return f"{how} {name}"


def _other_bytes(array: AnyArray, rng: random.Random) -> AnyArray:
    raw = bytearray(array.tobytes())
    for _ in range(rng.randint(1, 4) if raw else 0):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return np.frombuffer(bytes(raw), array.dtype).reshape(array.shape)


def _other_number(array: AnyArray, rng: random.Random) -> AnyArray:
    """One number replaced by one that is missing, at an end of its type, or just outside."""
    found = array.copy()
    if found.size and found.dtype.kind in "fiu":
        limits = np.finfo(found.dtype) if found.dtype.kind == "f" else np.iinfo(found.dtype)
        values = [limits.min, limits.max, 0, found.max() + 1 if np.isfinite(found.max()) else 1]
        if found.dtype.kind == "f":
            values += [np.nan, np.inf, -np.inf, -1.0]
        with np.errstate(all="ignore"):
            found.flat[rng.randrange(found.size)] = rng.choice(values)
    return found


@pytest.mark.slow
def test_restored_models_work(bundles, tmp_path):
    rng = random.Random(SEED)
    folders = [folder for folder, _ in bundles]
    with tally("altered bundles") as counts:
        for _ in range(tries(25 if FACTOR == 1 else 100)):
            n = rng.randrange(len(bundles))
            source, expected = bundles[n]
            folder = Path(shutil.copytree(source, tmp_path / "altered"))
            what = f"{NAMES[n]}: {altered(folder, folders, rng)}"
            try:
                model = restore(folder)
            except BundleError:
                counts.refused += 1
            else:
                try:
                    if further := refusals(model) - expected:
                        counts.fault(f"{what}: refuses {', '.join(sorted(further))}")
                    else:
                        counts.accepted += 1
                except Exception as error:
                    counts.fault(f"{what}: {type(error).__name__} {error}")
            shutil.rmtree(folder)
    assert counts.refused
    assert counts.accepted


def test_the_state_of_another_model_is_refused(bundles, tmp_path):
    folder = Path(shutil.copytree(bundles[NAMES.index("popular")][0], tmp_path / "swapped"))
    manifest = json.loads((folder / "manifest.json").read_text())
    other = json.loads((bundles[NAMES.index("ease")][0] / "manifest.json").read_text())
    manifest["model"], manifest["parameters"] = other["model"], other["parameters"]
    signed(folder, manifest)
    with pytest.raises(BundleError, match="weights_ is missing"):
        restore(folder)
