from __future__ import annotations

import contextlib

import pytest
import torch

from penchant.errors import PenchantError
from penchant.nn import loop, weight_average
from penchant.nn.loop import GradientStep, Schedule, threads, train
from penchant.nn.weight_average import WeightAverage
from penchant.run import Run


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(()))


@pytest.fixture
def data():
    x = torch.linspace(-1, 1, 50)
    return x, 3 * x


def fit(network, data, schedule, *, lr=0.1, seed=0, **options):
    return train(
        network,
        GradientStep(
            lambda x, y: (network.slope * x - y).square().mean(),
            [torch.optim.SGD(network.parameters(), lr=lr)],
        ),
        data,
        schedule,
        generator=torch.Generator().manual_seed(seed),
        **options,
    )


def test_it_learns_and_keeps_a_history(data):
    network = Line()
    curve, best = fit(network, data, Schedule(epochs=40, batch_size=8))
    assert network.slope.item() == pytest.approx(3, abs=1e-3)
    assert [row["epoch"] for row in curve] == list(range(1, 41))
    assert best == 40
    assert curve[0]["loss"] > curve[5]["loss"] > curve[-1]["loss"]
    assert "validation_loss" not in curve[0]
    seconds = [row["seconds"] for row in curve]
    assert seconds == sorted(seconds)


def test_the_last_and_smaller_batch_counts_by_its_rows():
    network = Line()
    x = torch.tensor([1.0, 1.0, 1.0])
    y = torch.tensor([0.0, 0.0, 3.0])
    curve, _ = fit(network, (x, y), Schedule(epochs=1, batch_size=2), lr=0)
    assert curve[0]["loss"] == pytest.approx(3)


def test_every_row_is_used_once_in_an_epoch(data):
    seen = []
    network = Line()

    def step(x, y):
        seen.append(x)
        return torch.zeros(())

    generator = torch.Generator().manual_seed(0)
    train(network, step, data, Schedule(epochs=2, batch_size=7), generator=generator)
    first, second = torch.cat(seen[:8]), torch.cat(seen[8:])
    assert torch.equal(first.sort().values, data[0])
    assert torch.equal(second.sort().values, data[0])
    assert not torch.equal(first, second)


def test_early_stopping_restores_the_best_weights(data):
    network = Line()
    losses = iter([5.0, 4.0, 2.0, 3.0, 2.5, 9.0])
    slopes = []

    def validate():
        assert not torch.is_grad_enabled()
        assert not network.training
        slopes.append(network.slope.item())
        return next(losses)

    curve, best = fit(
        network, data, Schedule(epochs=30, batch_size=8, patience=2), validate=validate
    )
    assert best == 3
    assert [row["validation_loss"] for row in curve] == [5, 4, 2, 3, 2.5]
    assert network.slope.item() == slopes[2] != slopes[4]


def test_without_patience_all_epochs_run_and_the_best_is_kept(data):
    network = Line()
    losses = iter([5.0, 1.0, 2.0, 3.0])
    slopes = []

    def validate():
        slopes.append(network.slope.item())
        return next(losses)

    curve, best = fit(network, data, Schedule(epochs=4, batch_size=8), validate=validate)
    assert (len(curve), best) == (4, 2)
    assert network.slope.item() == slopes[1]


def test_small_improvements_do_not_count(data):
    losses = iter([5.0, 4.9, 4.8, 4.7])
    schedule = Schedule(epochs=4, batch_size=8, patience=2, min_delta=0.5)
    curve, best = fit(Line(), data, schedule, validate=lambda: next(losses))
    assert (len(curve), best) == (3, 1)


def test_a_mean_of_the_weights_is_validated_and_kept(data):
    schedule = {"epochs": 4, "batch_size": 8}  # seven steps an epoch
    steps, means, validated = [], [0.0], []

    def slopes_of(network):
        plain = GradientStep(
            lambda x, y: (network.slope * x - y).square().mean(),
            [torch.optim.SGD(network.parameters(), lr=0.1)],
        )

        def step(*batch):
            loss = plain(*batch)
            steps.append(network.slope.item())
            return loss

        return step

    def fitted(**options):
        network = Line()
        generator = torch.Generator().manual_seed(0)
        found = train(
            network,
            slopes_of(network),
            data,
            Schedule(**schedule, ema_decay=0.75),
            generator=generator,
            **{name: option(network) for name, option in options.items()},
        )
        return network.slope.item(), found[1]

    kept, _ = fitted()
    for n, slope in enumerate(steps, 1):
        decay = min(0.75, (1 + n) / (10 + n))
        means.append(decay * means[-1] + (1 - decay) * slope)
    assert len(steps) == 28
    assert kept == pytest.approx(means[-1])
    trained, losses = list(steps), iter([5.0, 1.0, 2.0, 3.0])
    steps.clear()

    def validate(network):
        return lambda: (validated.append(network.slope.item()), next(losses))[1]

    kept, best = fitted(validate=validate)
    assert steps == trained  # training goes on from the weights, not from their mean
    assert validated == pytest.approx(means[7::7])
    assert (best, kept) == (2, pytest.approx(means[14]))


def test_the_mean_of_a_large_network_is_of_every_few_steps(monkeypatch):
    monkeypatch.setattr(weight_average, "_WEIGHTS_A_STEP", 1)
    network = torch.nn.Linear(2, 1)  # three weights
    average = WeightAverage(network, 0.5)
    values = iter([4.0, 8.0, 12.0, 16.0, 99.0])

    def step():
        with torch.no_grad():
            network.weight.fill_(next(values))
        return torch.zeros(())

    followed = average.following(step)
    start = network.weight.detach().clone()
    for _ in range(5):
        followed()
    share = (5 / 14) ** 4  # of the beginning, after the fourth step
    with average.applied():
        assert torch.allclose(network.weight, share * start + (1 - share) * 16)
    assert (network.weight == 99).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_refused(data, value):
    network = Line()
    with pytest.raises(PenchantError, match=r"loss of net became (nan|inf) in epoch 1: lower"):
        train(
            network,
            lambda x, y: torch.tensor(value),
            data,
            Schedule(epochs=3, batch_size=8),
            generator=torch.Generator(),
            name="net",
        )


def test_a_diverging_network_is_refused(data):
    with pytest.raises(PenchantError, match="lower the learning rate"):
        fit(Line(), data, Schedule(epochs=100, batch_size=8), lr=1e6)


def test_a_validation_loss_that_is_never_finite_is_refused(data):
    with pytest.raises(PenchantError, match="validation loss"):
        fit(Line(), data, Schedule(epochs=3, batch_size=8), validate=lambda: float("nan"))


def test_the_generator_decides_the_order(data):
    slopes = []
    for seed in (0, 0, 1):
        network = Line()
        fit(network, data, Schedule(epochs=1, batch_size=3), seed=seed)
        slopes.append(network.slope.item())
    assert slopes[0] == slopes[1] != slopes[2]


def test_data_may_be_made_for_each_epoch(data):
    made = []

    def make():
        made.append(1)
        return data

    fit(Line(), make, Schedule(epochs=3, batch_size=8))
    assert len(made) == 3


def test_callbacks_see_each_row(data):
    rows = []
    curve, _ = fit(
        Line(), data, Schedule(epochs=3, batch_size=8), run=Run(callbacks=(rows.append,))
    )
    assert rows == curve


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with threads(Run(), 64):
        assert torch.get_num_threads() == 1
    with contextlib.suppress(KeyError), threads(Run(threads=before + 1), 10**6):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before


def test_rows_may_come_in_their_order_without_those_left_over():
    batches = []

    def step(x):
        batches.append(x.tolist())
        return x.mean()

    rows = (torch.arange(7.0),)
    schedule = Schedule(epochs=2, batch_size=3, shuffle=False, drop_last=True)
    generator = torch.Generator().manual_seed(0)
    curve, _ = train(Line(), step, rows, schedule, generator=generator)
    assert batches == [[0, 1, 2], [3, 4, 5]] * 2
    assert curve[0]["loss"] == pytest.approx(2.5)
    batches.clear()
    train(Line(), step, (torch.arange(2.0),), schedule, generator=generator)
    assert batches == [[0, 1]] * 2  # there is no whole batch to leave them out for


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_rows_are_put_in_order_some_at_a_time(data, monkeypatch, shuffle, drop_last):
    def batches():
        seen = []

        def step(x, y):
            seen.append(x.tolist())
            return x.mean()

        schedule = Schedule(epochs=2, batch_size=8, shuffle=shuffle, drop_last=drop_last)
        generator = torch.Generator().manual_seed(0)
        curve, _ = train(Line(), step, data, schedule, generator=generator)
        return seen, [row["loss"] for row in curve]

    expected = batches()
    monkeypatch.setattr(loop, "_ROWS_AT_ONCE", 20)  # two batches
    assert batches() == expected
