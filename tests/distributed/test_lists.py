"""Lists for everybody, made by the workers of a cluster."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support import cluster_work
from tests.support.ray_cluster import environment, mortal_head

import penchant as pn
from penchant.batch import write as writing
from penchant.batch import write_lists
from penchant.models import make
from penchant.rules import Rules
from penchant.run import Run
from penchant.testing import planted_pairs


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of two users for lists of five."""
    monkeypatch.setattr(writing, "_ROWS", 10)
    monkeypatch.setattr(writing, "_EXPLAINED_ROWS", 10)


@pytest.fixture(scope="module")
def model():
    return make("item-knn:shrinkage=0").fit(planted_pairs(n_users=11, n_items=8))


def lists(model, path, run=None, **options):
    summary = write_lists(model, path, 5, run=run, **options)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    return pl.read_parquet(path), summary.to_dict() | {"seconds": None, "destination": None}


def on(cluster):
    return Run(ray=cluster.address)


@pytest.mark.parametrize(
    "options",
    [
        {"rules": Rules(exclude={"items": [2]}), "repeats": "allowed"},
        {"explain": True, "repeats": "allowed"},
        {"users": [3, 1, 2]},
    ],
    ids=["rules", "reasons", "users"],
)
def test_lists_are_those_of_one_process(model, ray_cluster, tmp_path, small_parts, caplog, options):
    here, summary = lists(model, tmp_path / "here" / "lists.parquet", **options)
    told = caplog.messages.copy()
    caplog.clear()
    there, same = lists(model, tmp_path / "there" / "lists.parquet", on(ray_cluster), **options)
    assert_frame_equal(here, there)
    assert same == summary
    assert caplog.messages == told


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["worker", "node"])
def test_lists_are_the_same_where_something_dies(
    model, ray_cluster, tmp_path, small_parts, monkeypatch, dies
):
    expected, _ = lists(model, tmp_path / "here" / "lists.parquet")
    node = ray_cluster.add_node() if dies == "node" else None
    flag = tmp_path / "died"
    work = cluster_work.after_a_death(writing._rows_of, flag, node)
    monkeypatch.setattr(writing, "_rows_of", work)
    found, _ = lists(model, tmp_path / "there" / "lists.parquet", on(ray_cluster))
    assert flag.exists()
    assert_frame_equal(found, expected)


_DRIVER = """
import sys
from pathlib import Path
import penchant as pn
from penchant.batch import write as writing
from penchant.run import Run
from tests.support import cluster_work

folder, address = Path(sys.argv[1]), sys.argv[2]
writing._ROWS = 10
writing._rows_of = cluster_work.when_allowed(writing._rows_of, folder / "go")
writing.write_lists(
    pn.restore(folder / "model"), folder / "lists.parquet", 5, run=Run(ray=address)
)
"""


@pytest.mark.slow
def test_a_run_whose_driver_was_killed_goes_on(
    model, ray_cluster, tmp_path, small_parts, monkeypatch, notices
):
    pn.save(model, tmp_path / "model")
    (tmp_path / "polars.py").write_text("raise SystemExit")  # which workers must not find
    words = [sys.executable, "-P", "-c", _DRIVER, str(tmp_path), ray_cluster.address]
    path = tmp_path / "lists.parquet"
    with subprocess.Popen(words, cwd=tmp_path) as driver:
        try:
            cluster_work.wait_for(path.with_name("lists.parquet.parts") / "000000.parquet")
        finally:
            driver.kill()
    assert not path.exists()
    (tmp_path / "go").touch()
    restored = pn.restore(tmp_path / "model")
    notices()
    write_lists(restored, path, 5, run=on(ray_cluster))
    assert "1 of 6 parts exist" in notices()
    expected = model.recommend(None, 5)
    assert pl.read_parquet(path)["item"].equals(expected["item"])


_COMMAND = """
import sys
from pathlib import Path
from penchant.batch import write as writing
from penchant.cli import main
from penchant.distributed import head
from tests.support import cluster_work

writing._ROWS = 10
writing._rows_of = cluster_work.when_allowed(writing._rows_of, Path(sys.argv.pop(1)))
head.PATIENCE, head.EVERY = 2.0, 0.5
main()
"""


@pytest.mark.slow
def test_a_run_whose_head_dies_ends_with_a_sentence_and_goes_on(model, tmp_path, small_parts, call):
    pn.save(model, tmp_path / "model")
    path = tmp_path / "lists.parquet"
    words = ["recommend", tmp_path / "model", "-k", "5", "-o", path]
    with mortal_head() as (address, kill):
        python = [sys.executable, "-P", "-c", _COMMAND, tmp_path / "go"]
        with subprocess.Popen(
            [*map(str, python + words), "--ray", address],
            cwd=tmp_path,
            env=os.environ | environment(),
            stderr=subprocess.PIPE,
            text=True,
        ) as driver:
            try:
                first = path.with_name("lists.parquet.parts") / "000000.parquet"
                cluster_work.wait_for(first, lambda: driver.poll() is None)
                kill()
                _, told = driver.communicate(timeout=cluster_work.PATIENCE)
            finally:
                driver.kill()
    assert driver.returncode == 1
    assert f"Error: The Ray cluster at {address} no longer answers: start it again" in told
    assert "Traceback" not in told
    assert not path.exists()
    found = call(*words)
    assert found.exit_code == 0
    assert "1 of 6 parts exist" in found.stderr
    expected = model.recommend(None, 5)
    assert_frame_equal(pl.read_parquet(path).select("user", "item"), expected["user", "item"])


@pytest.mark.slow
def test_a_full_disk_is_said_and_what_is_done_is_kept(
    model, ray_cluster, tmp_path, small_parts, monkeypatch, call
):
    pn.save(model, tmp_path / "model")
    path, real = tmp_path / "lists.parquet", writing.PartFolder.write
    words = ["recommend", tmp_path / "model", "-k", 5, "-o", path, "--ray", ray_cluster.address]

    def write(folder, number, frame):
        if list(folder.path.glob("*.parquet")):
            raise OSError(errno.ENOSPC, "No space left on device", str(folder.part(number)))
        real(folder, number, frame)

    with monkeypatch.context() as patch:
        patch.setattr(writing.PartFolder, "write", write)
        found = call(*words)
    assert found.exit_code == 1
    assert found.stderr.endswith("No space left on device.\n")
    assert not path.exists()
    found = call(*words)
    assert found.exit_code == 0
    assert "1 of 6 parts exist" in found.stderr
    assert pl.read_parquet(path)["item"].equals(model.recommend(None, 5)["item"])


def test_a_bad_address_is_one_sentence_and_leaves_no_file(model, tmp_path, call):
    pn.save(model, tmp_path / "model")
    found = call("recommend", tmp_path / "model", "-o", tmp_path / "lists.csv", "--ray", "nowhere")
    assert found.exit_code == 1
    assert "'nowhere' is not the address of a Ray cluster" in found.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_cluster_is_for_lists_that_are_written(tmp_path, call):
    found = call("recommend", tmp_path, "--user", 1, "--ray", "auto")
    assert found.exit_code == 1
    assert "say where with -o" in found.stderr


def _read_only(value):
    """What a worker gets: arrays that share memory with others and cannot be written."""
    import pickle

    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return pickle.loads(text, buffers=[memoryview(bytes(b.raw())) for b in buffers])


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@pytest.mark.parametrize(
    "name",
    [
        "bias",
        "ease",
        "ials:epochs=2",
        "item-knn",
        "user-knn",
        "dot:epochs=1,target=interaction",
        "sasrec:epochs=1",
        "mult-vae:epochs=1",
        "rp3beta",
        "slim",
        "markov",
    ],
)
def test_models_answer_the_same_from_arrays_that_cannot_be_written(name):
    model = make(name).fit(planted_pairs())
    sent = _read_only(model)
    assert not sent.histories_.items.flags.writeable
    assert_frame_equal(sent.recommend(None, 5), model.recommend(None, 5))
    users = np.arange(3)
    ids = model.users_.take(users)
    assert_frame_equal(pn.explain_lists(sent, ids, 2), pn.explain_lists(model, ids, 2))
