"""Altered bundles with right checksums are refused, or the model that they hold works."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from penchant.bundle import restore, save
from penchant.bundle.files import checksum
from penchant.bundle.manifest import digest
from penchant.errors import BundleError, PenchantError
from penchant.explanation import explain
from penchant.models import make
from penchant.testing.logs import planted_ratings
from support.fuzzing import SEED, tally, tries

SPECS = (
    "popular",
    "bias",
    "item-knn",
    "user-knn",
    "ease",
    "ials:dim=4,epochs=2",
    "dot:dim=4,epochs=1",
    "boosted-trees:trees=5,min_events=5,folds=2",
)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    log = planted_ratings(n_users=20, n_items=12, per_user=6)
    for n, spec in enumerate(SPECS):
        save(make(spec).fit(log), folder / str(n))
    return [folder / str(n) for n in range(len(SPECS))]


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
    how = rng.choice(["model", "drop", "values", "shape", "plain"])
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
    elif how == "values":
        key = rng.choice(list(arrays))
        raw = bytearray(arrays[key].tobytes())
        for _ in range(rng.randint(1, 4) if raw else 0):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        arrays[key] = np.frombuffer(bytes(raw), arrays[key].dtype).reshape(arrays[key].shape)
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


def test_restored_models_work(bundles, tmp_path):
    rng = random.Random(SEED)
    with tally("altered bundles") as counts:
        for _ in range(tries(60)):
            source = rng.choice(bundles)
            folder = Path(shutil.copytree(source, tmp_path / "altered"))
            what = f"{SPECS[bundles.index(source)]}: {altered(folder, bundles, rng)}"
            try:
                model = restore(folder)
            except BundleError:
                counts.refused += 1
            else:
                try:
                    model.recommend(k=3)
                    model.similar_items(model.items_.ids[:2].to_list())
                    explain(model, model.users_.ids[0], model.items_.ids[0])
                except PenchantError:
                    counts.accepted += 1
                except Exception as error:
                    counts.fault(f"{what}: {type(error).__name__} {error}")
                else:
                    counts.accepted += 1
            shutil.rmtree(folder)
    assert counts.refused
    assert counts.accepted


def test_the_state_of_another_model_is_refused(bundles, tmp_path):
    folder = Path(shutil.copytree(bundles[SPECS.index("popular")], tmp_path / "swapped"))
    manifest = json.loads((folder / "manifest.json").read_text())
    other = json.loads((bundles[SPECS.index("ease")] / "manifest.json").read_text())
    manifest["model"], manifest["parameters"] = other["model"], other["parameters"]
    signed(folder, manifest)
    with pytest.raises(BundleError, match="does not fit a EASE"):
        restore(folder)
