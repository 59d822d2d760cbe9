from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.capacity import STEPS, LogSize, measured_growth
from penchant.capacity.amounts import log_bytes
from penchant.capacity.growth import Growth, Measurement, extrapolated
from penchant.capacity.steps import MAIN_STEPS
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models.table import TABLE, make


def growth_of(step: str, seconds: dict[float, float], peaks: dict[float, float]) -> Growth:
    """Measurements on logs with 50 events a user and 200 an item."""
    rows = [
        Measurement(
            step, LogSize(events / 50, events / 200, events), seconds[events], peaks[events]
        )
        for events in seconds
    ]
    return Growth("a machine", "2026-01-01", {}, "python measure.py", tuple(rows))


LINEAR = growth_of("popular", {1e6: 3.0, 1e7: 21.0}, {1e6: 3e8, 1e7: 1.2e9})


@pytest.mark.parametrize(
    ("values", "at_100"),
    [
        ([2.0, 20.0], 200.0),  # in proportion
        ([3.0, 21.0], 201.0),  # with a part that is always there
        ([1.0, 100.0], 10_000.0),  # faster than the amount: a power of it
        ([5.0, 5.0], 5.0),
        ([5.0, 4.0], 5.0),  # noise: more work never takes less
    ],
)
def test_two_measurements_say_what_larger_logs_take(values, at_100):
    assert extrapolated([1.0, 10.0], values, 100.0) == pytest.approx(at_100, rel=1e-6)


def test_only_the_two_largest_logs_count():
    assert extrapolated([1.0, 10.0, 100.0], [70.0, 20.0, 200.0], 1000.0) == pytest.approx(2000)


def test_a_plan_says_what_each_step_takes():
    found = pn.plan(users=2e6, items=5e5, events=1e8, memory_gb=16, max_hours=1, growth=LINEAR)
    (step,) = found.steps
    assert step.hours * 3600 == pytest.approx(201)
    # 44 bytes an event and 100 a user and an item more than at 10 million events
    assert step.gigabytes == pytest.approx(1.2 + 0.044 * 90 + 0.1 * 2.25)
    assert (step.machines, step.limit, step.remedy) == (1, None, "")
    assert step.most_events == pytest.approx(1e7 + 14.8e9 / 46.5, rel=2e-3)
    assert found.bottleneck is step
    assert "popular" in str(found)
    assert "328\N{NO-BREAK SPACE}M events" in str(found)


def test_memory_whose_bytes_are_not_known_follows_from_two_measurements():
    growth = growth_of("sparse-ease", {1e6: 3.0, 1e7: 21.0}, {1e6: 3e8, 1e7: 1.2e9})
    (step,) = pn.plan(users=2e6, items=5e5, events=1e8, growth=growth).steps
    assert step.gigabytes == pytest.approx(10.2)


def test_what_does_not_fit_says_what_lacks_and_what_to_do():
    memory = pn.plan(users=2e7, items=5e6, events=1e9, memory_gb=16, growth=LINEAR)
    assert (memory.steps[0].limit, memory.steps[0].machines) == ("memory", None)
    assert f"one machine lacks memory; {STEPS['popular'].remedy}." in str(memory)
    time = pn.plan(users=2e7, items=5e6, events=1e9, memory_gb=200, max_hours=0.1, growth=LINEAR)
    assert (time.steps[0].limit, time.steps[0].machines) == ("time", None)


def test_machines_share_the_users_of_lists():
    growth = growth_of("lists", {1e6: 1.0, 1e7: 10.0}, {1e6: 3e8, 1e7: 3e8})
    found = pn.plan(users=1e6, items=5e4, events=1e7, max_hours=1, growth=growth)
    (step,) = found.steps
    assert step.hours == pytest.approx(1e6 / 1000 * 10 / 3600)
    assert (step.limit, step.machines) == ("time", 3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"users": 0}, "users is 0, and has to be a positive number"),
        ({"items": -1}, "items is -1"),
        ({"events": float("nan")}, "events is nan"),
        ({"events": float("inf")}, "events is inf"),
        ({"memory_gb": 0}, "memory_gb is 0"),
        ({"max_hours": -2}, "max_hours is -2"),
        ({"users": 1e9}, "There are 100 events, and 1,000,000,000 users or items"),
        ({"steps": ["fly"]}, "'fly' is not a step that was measured"),
    ],
)
def test_what_cannot_be_planned_is_refused(changed, message):
    with pytest.raises(ParameterError, match=message):
        pn.plan(**{"users": 10, "items": 10, "events": 100} | changed)


def test_measurements_cover_every_step_on_two_sizes():
    growth = measured_growth()
    for name, step in STEPS.items():
        sizes = [m.size for m in growth.of(name)]
        assert len(sizes) >= 2, name
        assert [step.work.amount(a) for a in sizes] == sorted(map(step.work.amount, sizes))
    models = {*STEPS} - {"read-csv", "read-parquet", "check", "split-time", "lists"}
    assert models <= {*TABLE}


def rated(users: int, items: int, events: int) -> Dataset:
    """A log in which each user and item has events."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user": np.concatenate([np.arange(users), rng.integers(0, users, events - users)]),
            "item": rng.permutation(np.arange(events) % items),
            "rating": rng.integers(1, 11, events) / 2,
            "time": np.arange(events),
        }
    )
    return Dataset.from_frame(frame)


@pytest.fixture(scope="module")
def logs() -> list[Dataset]:
    """Two, of other proportions, with more users and items than a batch has rows."""
    return [rated(900, 1300, 30_000), rated(3000, 2000, 40_000)]


@pytest.mark.parametrize("name", sorted({*STEPS} & {*TABLE} - {"popular", "ease", "sparse-ease"}))
def test_arrays_are_those_that_models_foretell(name, logs):
    array_bytes = STEPS[name].array_bytes
    assert array_bytes is not None
    model = make(STEPS[name].spec or name)
    sizes = [LogSize(log.n_users, log.n_items, len(log)) for log in logs]
    less, more = (array_bytes(size) - log_bytes(size) for size in sizes)
    low, high = (model.fitting_cost(log).memory for log in logs)
    assert more - less == pytest.approx(high - low, rel=0.01)


def test_a_large_plan_names_its_bottleneck():
    found = pn.plan(users=1e8, items=1e7, events=1e10)
    assert found.bottleneck.step == "ease"  # whose matrix of items is the first to be too large
    assert [step.step for step in found.steps] == [*MAIN_STEPS]
    assert all(step.limit == "memory" for step in found.steps if step.step.startswith("read"))
    assert json.loads(json.dumps(found.to_dict()))["bottleneck"] == "ease"


def test_larger_logs_never_take_less():
    sizes = [LogSize(2e4, 5e3, 1e6).times(factor) for factor in (0.1, 1, 3, 10, 300)]
    plans = [pn.plan(users=s.users, items=s.items, events=s.events, all_models=True) for s in sizes]
    for steps in zip(*(found.steps for found in plans), strict=True):
        assert [s.hours for s in steps] == sorted(s.hours for s in steps)
        assert [s.gigabytes for s in steps] == sorted(s.gigabytes for s in steps)
