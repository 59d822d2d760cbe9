"""`penchant export` on the command line."""

from __future__ import annotations

import json

import pytest

import penchant as pn
from penchant.models import IALS


@pytest.fixture(scope="module")
def ials(tiny, tmp_path_factory):
    return pn.save(IALS(dim=4, epochs=2).fit(tiny), tmp_path_factory.mktemp("bundles") / "ials")


def test_a_model_and_its_vectors(call, ials, tmp_path):
    pytest.importorskip("onnxruntime")
    model, folder = tmp_path / "out" / "ials.onnx", tmp_path / "vectors"
    result = call("export", ials, "-o", model, "--vectors", folder)
    assert result.exit_code == 0, result.stderr
    assert "onnxruntime gives the model's scores within" in result.stdout
    assert "the inner product of a user's and an item's vector" in result.stdout
    assert sorted(p.name for p in model.parent.iterdir()) == ["ials.items.json", "ials.onnx"]
    assert {"items.parquet", "users.parquet", "vectors.json"} == {p.name for p in folder.iterdir()}


def test_json(call, ials, tmp_path):
    result = call("export", ials, "--vectors", tmp_path / "vectors", "--json")
    answer = json.loads(result.stdout)
    assert answer["model"].startswith("IALS(")
    assert answer["vectors"] == {
        "folder": str(tmp_path / "vectors"),
        "similarity": "product",
        "dim": 4,
        "n_items": 20,
        "n_users": 40,
    }
    pytest.importorskip("onnxruntime")
    answer = json.loads(call("export", ials, "-o", tmp_path / "m.onnx", "--json").stdout)
    assert answer["onnx"]["verification"]["largest_difference"] < 1e-5
    assert answer["onnx"]["size"] == (tmp_path / "m.onnx").stat().st_size


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Say what to write"),
        (("-o", "model.pt"), "must be one of .onnx"),
        (("--vectors", "vectors"), "has no vectors of items"),
    ],
)
def test_impossible_wishes(call, bundle, options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("export", bundle, *options)
    assert result.exit_code == 1
    assert words in result.stderr
