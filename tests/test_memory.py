from __future__ import annotations

import tracemalloc

import numpy as np
import polars as pl
import pytest

from penchant import memory
from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.models import make
from penchant.models.shared.item_weights import ease_bytes, ease_weights
from penchant.testing import planted_ratings


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A system whose kernel and control group say what the test writes."""
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    return tmp_path


def test_the_kernels_estimate(system):
    assert memory.available_memory() is None
    (system / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    2000 kB\n")
    assert memory.available_memory() == 2000 * 1024


def test_the_process_may_have_less(system, monkeypatch):
    resource = pytest.importorskip("resource")
    (system / "meminfo").write_text("MemAvailable:    2000 kB\n")
    (system / "status").write_text("VmPeak:\t 900 kB\nVmSize:\t 700 kB\n")
    monkeypatch.setattr(memory, "_STATUS", system / "status")
    monkeypatch.setattr(resource, "getrlimit", lambda what: (1500 * 1024, resource.RLIM_INFINITY))
    assert memory.available_memory() == 800 * 1024
    (system / "status").write_text("VmSize:\t 7000 kB\n")
    assert memory.available_memory() == 0
    (system / "status").unlink()
    assert memory.available_memory() == 2000 * 1024


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_may_have_less(system, version):
    (system / "meminfo").write_text("MemAvailable:    2000 kB\n")
    folder = system if version == 2 else system / "memory"
    folder.mkdir(exist_ok=True)
    names = ("memory.max", "memory.current")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    cache = "inactive_file" if version == 2 else "total_inactive_file"
    (folder / "memory.stat").write_text(f"anon 5\n{cache} 70\n")
    (folder / names[1]).write_text("500\n")
    (folder / names[0]).write_text("1000\n")
    assert memory.available_memory() == 1000 - 500 + 70
    (folder / names[0]).write_text("max\n" if version == 2 else "9223372036854771712\n")
    assert memory.available_memory() == 2000 * 1024


def test_work_that_does_not_fit_is_refused_in_one_sentence(system):
    memory.require_memory(1e18, "Nothing", "do nothing")  # where the system does not tell
    (system / "meminfo").write_text("MemAvailable:    3000000 kB\n")
    memory.require_memory(3.0e9, "This", "do that")
    with pytest.raises(DataError) as refusal:
        memory.require_memory(4.1e9, "This", "do that")
    assert str(refusal.value) == "This takes 4.1 GB of memory, and 3.1 GB are free: do that."


def log_of(n_items):
    rng = np.random.default_rng(0)
    items = np.append(np.arange(n_items), rng.integers(0, n_items, 20_000))
    return Dataset.from_frame(
        pl.DataFrame({"user": rng.integers(0, 500, len(items)), "item": items})
    )


def test_ease_takes_the_memory_that_it_asks_for():
    log = log_of(1500)
    log.histories.matrix("weight")
    tracemalloc.start()
    try:
        ease_weights(log, 10.0, 2000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.6 * ease_bytes(1500, 1500) < peak < 1.1 * ease_bytes(1500, 1500)


def test_ease_that_does_not_fit_is_refused(system):
    (system / "meminfo").write_text("MemAvailable:    1000 kB\n")
    with pytest.raises(DataError, match=r"Fitting EASE to 1,500 items takes 0\.0 GB .* ials\."):
        make("ease").fit(log_of(1500))


@pytest.mark.parametrize("name", ["item-knn", "ials"])
def test_models_foretell_the_memory_that_events_take(system, name):
    log = log_of(1500)
    twice = Dataset.from_frame(pl.concat([log.frame()] * 2).drop("row"))
    costs = [make(name)._cost(some).memory for some in (log, twice)]
    assert costs[1] - costs[0] >= 16 * len(log)  # of an event in two sparse matrices
    (system / "meminfo").write_text("MemAvailable:     100 kB\n")
    with pytest.raises(
        DataError, match=r"Fitting .* takes 0\.0 GB of memory, and 0\.0 GB are free"
    ):
        make(name).fit(log)


@pytest.mark.parametrize("name", ["bpr", "dot", "feature-mlp", "neumf", "sasrec", "svdpp"])
def test_a_log_of_too_many_events_is_refused_before_it_is_learned_from(system, name):
    model, log = make(name), planted_ratings()
    needed = model.fitting_cost(log).memory
    (system / "meminfo").write_text(f"MemAvailable: {int(0.9 * needed / 1024)} kB\n")
    with pytest.raises(DataError, match=r"of memory, and 0\.0 GB are free"):
        model.fit(log)
