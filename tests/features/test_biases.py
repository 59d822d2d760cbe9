from __future__ import annotations

import numpy as np
import pytest

from penchant.features.biases import Groups, fit_biases


def test_sums_counts_and_means_of_groups():
    groups = Groups(np.array([2, 0, 2, 2]), 4)
    values = [3.0, 5.0, 1.0, 2.0]
    assert groups.counts().tolist() == [1, 0, 3, 0]
    assert groups.sums(values).tolist() == [5, 0, 6, 0]
    assert groups.shrunken(values, 1).tolist() == [2.5, 0, 1.5, 0]
    columns = np.column_stack([values, np.ones(4)])
    assert groups.each(columns, 1).tolist() == [[2.5, 0.5], [0, 0], [1.5, 0.75], [0, 0]]


@pytest.mark.parametrize("damping", [0.5, 5.0])
def test_effects_solve_the_normal_equations(damping):
    rng = np.random.default_rng(0)
    a, b = rng.integers(6, size=80), rng.integers(9, size=80)
    values = a - 0.3 * b + rng.normal(size=80)
    mean, (of_a, of_b) = fit_biases(values, [Groups(a, 7), Groups(b, 9)], damping, steps=300)
    design = np.column_stack([np.eye(7)[a], np.eye(9)[b]])
    system = design.T @ design + damping * np.eye(16)
    expected = np.linalg.solve(system, design.T @ (values - values.mean()))
    assert mean == pytest.approx(values.mean())
    np.testing.assert_allclose(np.concatenate([of_a, of_b]), expected, atol=1e-8)
    assert of_a[6] == 0


def test_few_steps_are_enough():
    rng = np.random.default_rng(1)
    groups = [Groups(rng.integers(30, size=600), 30), Groups(rng.integers(40, size=600), 40)]
    values = rng.normal(size=600)
    few, many = (fit_biases(values, groups, 5.0, steps=n)[1] for n in (10, 500))
    np.testing.assert_allclose(np.concatenate(few), np.concatenate(many), atol=1e-4)


def test_nothing_has_no_effect():
    mean, (effects,) = fit_biases([], [Groups(np.empty(0, np.int64), 3)], 5.0)
    assert (mean, effects.tolist()) == (0, [0, 0, 0])
