"""What an attacker can write, who makes all checksums right again."""

from __future__ import annotations

import builtins
import copy
import importlib
import json
import pickle
import random
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from penchant.bundle import restore
from penchant.errors import BundleError

BIG = 2**47


def put(*path, value):
    """A change that sets one value of a manifest; None as a value removes it."""

    def change(content):
        for step in path[:-1]:
            content = content[step]
        if value is None:
            del content[path[-1]]
        else:
            content[path[-1]] = value

    return change


def plain(value):
    return {"kind": "plain", "value": value}


def array(shape, dtype="float32", **more):
    return {"kind": "array", "dtype": dtype, "shape": shape, "order": "C"} | more


def csr(shape):
    return {"kind": "csr", "shape": shape, "entries": 1, "dtype": "float32", "index": "int32"}


CHANGES = {
    "version 0": put("format_version", value=0),
    "version text": put("format_version", value="1"),
    "version true": put("format_version", value=True),
    "further key": put("run", value="rm -rf"),
    "no state": put("state", value=None),
    "state list": put("state", value=[]),
    "no model": put("model", value={}),
    "model list": put("model", "name", value=["ease"]),
    "model path": put("model", "name", value="../../evil"),
    "model import": put("model", "name", value="os:system"),
    "model dunder": put("model", "name", value="__class__"),
    "other class": put("model", "class", value="Popular"),
    "part": put("part", value=True),
    "unknown parameter": put("parameters", "speed", value=3),
    "dunder parameter": put("parameters", "__class__", value=3),
    "impossible parameter": put("parameters", "l2", value=-1.0),
    "text parameter": put("parameters", "l2", value="10"),
    "integer parameter": put("parameters", "l2", value=10),
    "true parameter": put("parameters", "l2", value=True),
    "list parameter": put("parameters", "l2", value=[10.0]),
    "NaN parameter": put("parameters", "l2", value={"$float": "nan"}),
    "model parameter": put("parameters", "l2", value={"$model": {"name": "ease"}}),
    "import parameter": put(
        "parameters", "l2", value={"$model": {"name": "os", "class": "x", "parameters": {}}}
    ),
    "parameters list": put("parameters", value=[1]),
    "parent file": put("files", "../x", value={"sha256": "0" * 64, "size": 0}),
    "absolute file": put("files", "/etc/passwd", value={"sha256": "0" * 64, "size": 0}),
    "windows file": put("files", "C:\\x", value={"sha256": "0" * 64, "size": 0}),
    "newline file": put("files", "card.md\n", value={"sha256": "0" * 64, "size": 0}),
    "empty file name": put("files", "", value={"sha256": "0" * 64, "size": 0}),
    "further file": put("files", "extra.md", value={"sha256": "0" * 64, "size": 0}),
    "manifest file": put("files", "manifest.json", value={"sha256": "0" * 64, "size": 0}),
    "no card": put("files", "card.md", value=None),
    "negative size": put("files", "card.md", "size", value=-1),
    "huge size": put("files", "card.md", "size", value=2**63),
    "float size": put("files", "card.md", "size", value=1.5),
    "bad checksum": put("files", "card.md", "sha256", value="g" * 64),
    "other checksum": put("files", "card.md", "sha256", value="0" * 64),
    "method": put("state", "fit", value=plain(1)),
    "dunder": put("state", "__class__", value=plain(1)),
    "dunder with end": put("state", "__init_subclass___", value=plain(1)),
    "no underscore": put("state", "l2", value=plain(1)),
    "path attribute": put("state", "../x_", value=plain(1)),
    "dotted attribute": put("state", "a.b_", value=plain(1)),
    "terminal attribute": put("state", "\x1b[2J_", value=plain(1)),
    "newline attribute": put("state", "a_\n", value=plain(1)),
    "unknown kind": put("state", "x_", value={"kind": "pickle", "value": "gASV"}),
    "no kind": put("state", "x_", value={"value": 1}),
    "entry list": put("state", "x_", value=[1]),
    "unknown float": put("state", "x_", value=plain({"$float": "1e5"})),
    "wide float": put("state", "x_", value=plain({"$float": "nan", "b": 1})),
    "integer beyond 64 bits": put("state", "x_", value=plain([2**64])),
    "key of JSON's own": put("state", "x_", value=plain([{"$model": 1}])),
    "deep plain": put("state", "x_", value=plain([[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]])),
    "object array": put("state", "weights_", "dtype", value="object"),
    "other dtype": put("state", "weights_", "dtype", value="float64"),
    "same width dtype": put("state", "weights_", "dtype", value="int32"),
    "other shape": put("state", "weights_", "shape", value=[12, 48]),
    "negative shape": put("state", "weights_", "shape", value=[-24, -24]),
    "huge shape": put("state", "weights_", "shape", value=[BIG, BIG]),
    "empty huge shape": put("state", "weights_", "shape", value=[0, BIG]),
    "many dimensions": put("state", "weights_", "shape", value=[1] * 70),
    "other order": put("state", "weights_", value=array([24, 24], order="A")),
    "scalar with shape": put("state", "weights_", "kind", value="scalar"),
    "tensor in columns": put("state", "weights_", value=array([24, 24], kind="tensor", order="F")),
    "array that is not there": put("state", "x_", value=array([24, 24])),
    "array for which nobody asks": put("state", "weights_", value=None),
    "huge array that is not there": put("state", "x_", value=array([BIG, BIG])),
    "csr of nothing": put("state", "x_", value=csr([1, 1])),
    "shared with nobody": put("state", "histories_", value={"kind": "shared"}),
    "member that is not there": put("state", "inner_", value={"kind": "models", "count": None}),
    "many members": put("state", "inner_", value={"kind": "models", "count": 10**9}),
    "no users": put("state", "users_", value=None),
    "users plain": put("state", "users_", value=plain([1, 2])),
    "no histories": put("state", "histories_", value=None),
    "no name": put("state", "log_name_", value=None),
    "number as name": put("state", "log_name_", value=plain(3)),
    "other name": put("state", "log_name_", value=plain("x")),
    "other fingerprint": put("training", "fingerprint", value="0" * 64),
    "negative training": put("training", "events", value=-1),
    "text as seconds": put("training", "seconds", value="1"),
    "infinite seconds": put("training", "seconds", value={"$float": "inf"}),
    "other items": put("state", "histories_", "n_items", value=23),
    "huge items": put("state", "histories_", "n_items", value=BIG),
    "fewer users": put("state", "histories_", "users", value=29),
    "other events": put("state", "histories_", "events", value=BIG),
    "no ratings": put("state", "histories_", "ratings", value=False),
    "ids as texts": put("state", "items_", "column", "dtype", value="String"),
    "ids as times": put("state", "items_", "column", "dtype", value="Date"),
    "ids as floats": put("state", "items_", "column", "dtype", value="Float64"),
    "ids with nulls": put("state", "items_", "column", "nulls", value=True),
    "many ids": put("state", "items_", "column", "size", value=2**31),
    "table of nothing": put("state", "item_table_", "columns", value=[]),
    "table without ids": put("state", "item_table_", "columns", 0, value=None),
    "table of users": put("state", "item_table_", "vocabulary", value="users_"),
    "table of arrays": put("state", "item_table_", "vocabulary", value="weights_"),
    "table is none": put("state", "item_table_", value=plain(3)),
    "column twice": put("state", "item_table_", "columns", 1, "name", value="item"),
    "column of objects": put("state", "item_table_", "columns", 1, "dtype", value="Object"),
    "text as number": put("state", "item_table_", "columns", 1, "dtype", value="Int64"),
    "text of no length": put("state", "item_table_", "columns", 1, "bytes", value=None),
    "text of other length": put("state", "item_table_", "columns", 1, "bytes", value=5),
    "list without values": put("state", "item_table_", "columns", 2, "inner", value=None),
    "column of other length": put("state", "item_table_", "columns", 3, "size", value=3),
    "nothing of great length": put(
        "state",
        "x_",
        value={
            "kind": "table",
            "vocabulary": None,
            "columns": [{"name": "a", "dtype": "Null", "size": BIG, "nulls": False}],
        },
    ),
}  # fmt: skip


def forbid_execution(monkeypatch):
    """Fail where a restore imports by name, unpickles or evaluates."""
    import_module = importlib.import_module

    def guarded(name, *rest):
        assert name in sys.modules or name.startswith("penchant.models.")
        return import_module(name, *rest)

    def refuse(*_, **__):
        raise AssertionError("a bundle must not execute anything")

    for module, name in ((pickle, "load"), (pickle, "loads"), (torch, "load"), (np, "load")):
        monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr(builtins, "eval", refuse)
    monkeypatch.setattr(importlib, "import_module", guarded)


@pytest.mark.parametrize("name", CHANGES)
def test_a_hostile_manifest(name, folder, reseal, monkeypatch):
    reseal(folder)
    restore(folder)
    reseal(folder, CHANGES[name], measure=False)
    forbid_execution(monkeypatch)
    with pytest.raises(BundleError) as caught:
        restore(folder)
    assert "\n" not in str(caught.value)


ARRAYS = {
    "item beyond": ("histories_.items", lambda a: a + 20),
    "item below": ("histories_.items", lambda a: a - 1),
    "user beyond": ("histories_.users", lambda a: a + 1),
    "user below": ("histories_.users", lambda a: a - 2),
    "users out of order": ("histories_.users", lambda a: a[::-1].copy()),
    "offsets decrease": ("histories_.offsets", lambda a: np.r_[0, a[2], a[1], a[3:]]),
    "offsets end late": ("histories_.offsets", lambda a: np.r_[a[:-1], a[-1] + 1]),
    "offsets start late": ("histories_.offsets", lambda a: np.r_[1, a[1:]]),
    "offsets huge": ("histories_.offsets", lambda a: np.r_[0, a[1:-1] * 0 + 2**62, a[-1]]),
    "offsets of other type": ("histories_.offsets", lambda a: a.astype(np.uint64)),
    "fewer items": ("histories_.items", lambda a: a[:-1]),
    "ids out of order": ("items_.values", lambda a: a[::-1].copy()),
    "ids twice": ("items_.values", lambda a: np.r_[a[0], a[:-1]]),
    "text starts late": ("item_table_.1.offsets", lambda a: a + 1),
    "text ends within a letter": ("item_table_.1.offsets", lambda a: np.r_[a[0], a[1] - 5, a[2:]]),
    "text is not text": ("item_table_.1.text", lambda a: a * 0 + 255),
    "lists decrease": ("item_table_.2.offsets", lambda a: np.r_[0, 9, 3, a[3:]]),
    "truth is more": ("item_table_.1.valid", lambda a: np.full(24, 7, np.uint8).view(bool)),
    "column starts late": ("near_.indptr", lambda a: np.r_[1, a[1:]]),
    "rows decrease": ("near_.indptr", lambda a: np.r_[0, a[-1], a[1:-2], a[-1]]),
    "rows end late": ("near_.indptr", lambda a: np.r_[a[:-1], a[-1] + 9]),
    "columns beyond": ("near_.indices", lambda a: a + 20),
    "columns below": ("near_.indices", lambda a: a - 1),
    "entries missing": ("near_.data", lambda a: a[:-1]),
    "entries of other type": ("near_.data", lambda a: a.astype(np.float64)),
    "index of other type": ("near_.indices", lambda a: a.astype(np.uint32)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_hostile_arrays(name, sparse_folder, reseal):
    path = sparse_folder / "arrays.safetensors"
    arrays = load_file(path)
    key, change = ARRAYS[name]
    before = arrays[key]
    after = change(before)
    if after.dtype != before.dtype and np.can_cast(after.dtype, before.dtype, "same_kind"):
        after = after.astype(before.dtype) if "other type" not in name else after
    arrays[key] = np.ascontiguousarray(after)
    save_file(arrays, path)
    reseal(sparse_folder)
    with pytest.raises(BundleError) as caught:
        restore(sparse_folder)
    assert "\n" not in str(caught.value)


def test_a_matrix_of_more_columns_than_the_bundle_can_have(sparse_folder, reseal):
    reseal(sparse_folder, lambda c: c["state"]["near_"].update(shape=[24, 2**40]))
    with pytest.raises(BundleError, match="columns are more than"):
        restore(sparse_folder)


def header(data):
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: b"",
        lambda d: d[:7],
        lambda d: (2**63).to_bytes(8, "little") + d[8:],
        lambda d: (10**8 + 1).to_bytes(8, "little") + d[8:],
        lambda d: len(d).to_bytes(8, "little") + d[8:],
        lambda d: d[:8] + b"x" + d[9:],
        lambda d: d[:-1],
        lambda d: d + b"\0",
        lambda d: d.replace(b'"F32"', b'"F64"'),
        lambda d: d.replace(b'"F32"', b'"I32"'),
        lambda d: d.replace(b'"F32"', b'"XYZ"'),
        lambda d: d.replace(b"[24,24]", b"[12,48]"),
        lambda d: d.replace(b"[24,24]", b"[99,99]"),
        lambda d: d.replace(b'"weights_"', b'"histories_.x"'),
        lambda d: d.replace(b'"data_offsets":[0,', b'"data_offsets":[8,'),
        lambda d: (2).to_bytes(8, "little") + b"{}" + d[8 + len(header(d)) :],
        lambda d: b"\x80\x04" + d[2:],
    ],
    ids=range(17),
)
def test_a_hostile_safetensors_file(change, folder, reseal):
    path = folder / "arrays.safetensors"
    data = path.read_bytes()
    changed = change(data)
    assert changed != data
    path.write_bytes(changed)
    reseal(folder)
    with pytest.raises(BundleError) as caught:
        restore(folder)
    assert "\n" not in str(caught.value)


def test_random_damage_is_refused_or_harmless(folder, reseal):
    """Whatever bytes change, a restore gives a model or a BundleError, and nothing else."""
    pristine = {p: p.read_bytes() for p in folder.iterdir()}
    rng = random.Random(8)
    outcomes = set()
    for _ in range(60):
        for path, data in pristine.items():
            path.write_bytes(data)
        path = folder / "arrays.safetensors"
        data = bytearray(pristine[path])
        for _ in range(rng.choice([1, 3])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        reseal(folder)
        try:
            restore(folder)
            outcomes.add("restored")
        except BundleError:
            outcomes.add("refused")
    assert outcomes == {"restored", "refused"}


def leaves(content, path=()):
    if isinstance(content, dict | list):
        yield path
        keys = content if isinstance(content, dict) else range(len(content))
        for key in keys:
            yield from leaves(content[key], (*path, key))
    else:
        yield path


def test_any_value_of_another_type_is_refused_or_harmless(folder, reseal):
    pristine = json.loads((folder / "manifest.json").read_text())
    pristine.pop("sha256")
    rng = random.Random(4)
    paths = [p for p in leaves(pristine) if p]
    for path in rng.sample(paths, 80):
        value = rng.choice([-1, 0, 2**40, 1.5, "", "x", [], {}, True, [[]], {"a": 1}])

        def change(content, path=path, value=value):
            content.clear()
            content.update(copy.deepcopy(pristine))
            put(*path, value=value)(content)

        reseal(folder, change, measure=False)
        try:
            restore(folder)
        except BundleError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_fit_of_less_than_no_time_is_refused(folder, reseal):
    reseal(folder, lambda manifest: manifest["state"]["fit_seconds_"].update(value=-0.5))
    with pytest.raises(BundleError, match="fit_seconds_ is no number of seconds"):
        restore(folder)


def test_options_that_are_no_options_are_refused(folder, reseal):
    entry = {"kind": "plain", "value": "--query"}
    reseal(folder, lambda manifest: manifest["state"].update(log_options_=entry))
    with pytest.raises(BundleError, match="log_options_ is of a wrong kind"):
        restore(folder)
