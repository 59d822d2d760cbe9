"""Tests of significance: honest under the null, awake under an effect."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from penchant.errors import ParameterError
from penchant.metrics import (
    AUC,
    PairedComparison,
    compare,
    fewest_replicates,
    fewest_users,
    holm,
    interval,
    mean_replicates,
    replicates,
    tie_groups,
    verdict,
)
from penchant.metrics.significance import tail_probabilities
from penchant.typing import Float64

N_REPLICATES = 400


def compare_columns(values: Float64, higher_is_better: bool = True) -> PairedComparison:
    """Column 0 is the model, the others are baselines."""
    means, figures = mean_replicates(values, N_REPLICATES), values.mean(axis=0)
    return compare(
        means[:, 0],
        figures[0],
        means[:, 1:],
        figures[1:],
        n_users=len(values),
        higher_is_better=higher_is_better,
    )


def studies(n: int, n_baselines: int, seed: int) -> list[PairedComparison]:
    """Studies of 60 users in which all models have the same merit."""
    rng = np.random.default_rng(seed)
    return [compare_columns(rng.normal(size=(60, 1 + n_baselines))) for _ in range(n)]


def test_p_values_are_about_uniform_without_a_difference():
    p = np.array([c.p_value for c in studies(400, 1, seed=0)])
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        assert (p <= level).mean() == pytest.approx(level, abs=4 * math.sqrt(level / 400))


def test_many_equal_baselines_make_neither_winners_nor_losers():
    found = [verdict(*c) for c in studies(200, 5, seed=1)]
    assert found.count("beats") <= 4
    assert found.count("worse") <= 14


def test_real_differences_are_found_in_both_directions():
    values = np.random.default_rng(0).normal(size=(400, 4))
    values[:, 0] += 0.5
    better = compare_columns(values)
    assert verdict(*better) == "beats"
    assert better.gain == pytest.approx(values[:, 0].mean() - values[:, 1:].mean(axis=0).max())
    worse = compare_columns(values, higher_is_better=False)
    assert verdict(*worse) == "worse"
    assert worse.low < worse.gain < worse.high < 0


def test_one_baseline_is_the_ordinary_paired_bootstrap():
    values = np.random.default_rng(2).normal(size=(50, 2))
    means = mean_replicates(values, N_REPLICATES)
    lead = means[:, 0] - means[:, 1]
    result = compare_columns(values)
    np.testing.assert_allclose([result.low, result.high], interval(lead))


@pytest.mark.parametrize("n_users", [8, 30, 400])
@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_the_p_value_of_a_mean_is_that_of_the_paired_t_test(n_users, gain):
    values = np.random.default_rng(n_users).exponential(size=(n_users, 2))
    values[:, 0] += gain
    means = mean_replicates(values, 8000)
    lead, figures = means[:, :1] - means[:, 1:], values.mean(axis=0)
    above, below = tail_probabilities(figures[:1] - figures[1:], lead, n_users, 1.0)
    greater, z = stats.ttest_rel(*values.T, alternative="greater").pvalue, stats.norm.isf
    assert z(above[0]) == pytest.approx(z(max(greater, 0.5**n_users)), rel=0.04, abs=0.02)
    assert z(below[0]) == pytest.approx(z(1 - greater), rel=0.04, abs=0.02)


def test_users_alike_in_everything_prove_no_more_than_a_sign_test():
    values = np.tile([0.9, 0.1], (7, 1))
    assert compare_columns(values).p_value == pytest.approx(2 * 0.5**7)
    assert compare_columns(values[:1]).p_value == 1


def test_rounding_errors_are_no_difference():
    values = np.random.default_rng(0).random((50, 1))
    values = np.hstack([values, values + 1e-16])
    assert compare_columns(values).p_value == 1


def per_user_ndcg(rng: np.random.Generator, n_users: int, n_models: int) -> Float64:
    """Values as nDCG has them: of users more or less easy to please, many exactly 0."""
    ease = rng.beta(0.6, 2.0, (n_users, 1))
    return np.where(rng.random((n_users, n_models)) < ease, rng.random((n_users, n_models)), 0.0)


@pytest.mark.parametrize("n_baselines", [1, 3])
def test_a_false_verdict_on_any_of_six_models_is_rare(n_baselines):
    rng, n_studies, wrong = np.random.default_rng(0), 300, 0
    for study in range(n_studies):
        values = per_user_ndcg(rng, 80, 6 + n_baselines)
        means, figures = mean_replicates(values, 200, seed=study), values.mean(axis=0)
        compared = [
            compare(means[:, m], figures[m], means[:, 6:], figures[6:], n_users=80)
            for m in range(6)
        ]
        p_values = holm([c.p_value for c in compared])
        verdicts = [verdict(*c[:3], p) for c, p in zip(compared, p_values, strict=True)]
        wrong += verdicts != ["no better"] * 6
    assert wrong / n_studies <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / n_studies)


def test_false_verdicts_are_rare_for_metrics_that_are_no_means():
    """AUC of users with different numbers of rows, and predictions that err by user and row."""
    rng, n_studies, n_users, wrong = np.random.default_rng(0), 120, 40, 0
    for study in range(n_studies):
        user = np.repeat(np.arange(n_users), rng.geometric(0.1, n_users))
        taste = rng.normal(size=len(user)) + rng.normal(0, 0.5, n_users)[user]
        liked = (taste + rng.normal(size=len(user)) > 0).astype(float)
        errors = rng.normal(size=(7, len(user))) + rng.normal(0, 0.3, (7, n_users))[:, user]
        drawn = [replicates(AUC(), taste + e, liked, user, 100, study) for e in errors]
        figures = np.array([AUC()(taste + e, liked) for e in errors])
        means = np.stack(drawn, axis=1)
        compared = [
            compare(means[:, m], figures[m], means[:, 6:], figures[6:], n_users=n_users)
            for m in range(6)
        ]
        p_values = holm([c.p_value for c in compared])
        verdicts = [verdict(*c[:3], p) for c, p in zip(compared, p_values, strict=True)]
        wrong += verdicts != ["no better"] * 6
    assert wrong / n_studies <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / n_studies)


@pytest.mark.parametrize("n_models", [6, 30])
def test_a_real_gain_is_found_among_many_models_with_few_resamples(n_models):
    rng = np.random.default_rng(1)
    values = per_user_ndcg(rng, 300, n_models + 1)
    values[:, :n_models] += 0.1 * (rng.random((300, n_models)) < 0.6)
    means, figures = mean_replicates(values, 200), values.mean(axis=0)
    compared = [
        compare(means[:, m], figures[m], means[:, -1:], figures[-1:], n_users=300)
        for m in range(n_models)
    ]
    p_values = holm([c.p_value for c in compared])
    verdicts = [verdict(*c[:3], p) for c, p in zip(compared, p_values, strict=True)]
    assert verdicts.count("beats") >= 0.9 * n_models


@given(st.integers(1, 500), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_fewest_users_are_those_whose_agreement_is_significant(n_models, level):
    n = fewest_users(n_models, level)
    assert n_models * 2 * 0.5**n < 1 - level
    assert n_models * 2 * 0.5 ** (n - 1) >= 1 - level


def test_the_fewest_replicates_leave_one_outside_the_interval():
    assert [fewest_replicates(level) for level in (0.8, 0.9, 0.95, 0.99)] == [9, 19, 39, 199]


def test_direction_is_a_change_of_sign():
    values = np.random.default_rng(3).normal(size=(50, 4))
    assert compare_columns(values) == pytest.approx(compare_columns(-values, False))


def test_the_best_baseline_is_taken_inside_each_replicate():
    model = np.full(2, 1.0)
    baselines = np.array([[0.0, 2.0], [2.0, 0.0]])
    result = compare(model, 1.0, baselines, np.array([1.0, 1.0]), n_users=9)
    assert (result.gain, result.low, result.high) == (0, -1, 1)


def test_a_model_is_no_better_than_itself():
    values = np.random.default_rng(0).normal(size=(30, 1))
    result = compare_columns(np.tile(values, (1, 2)))
    assert result == (0, 0, 0, 1)
    assert verdict(*result) == "no better"


def test_undefined_baselines_are_left_out():
    judge = partial(compare, n_users=50)
    rng = np.random.default_rng(0)
    means, figures = rng.normal(size=(50, 3)), rng.normal(size=3)
    with_nan = np.column_stack([means[:, 1:], np.full(50, np.nan)])
    known = judge(means[:, 0], figures[0], means[:, 1:], figures[1:])
    assert judge(means[:, 0], figures[0], with_nan, np.append(figures[1:], np.nan)) == known
    model = np.append(means[:, 0], np.nan)
    more = np.concatenate([means[:, 1:], np.ones((1, 2))])
    assert judge(model, figures[0], more, figures[1:]) == known
    for undefined in (
        judge(means[:, 0], math.nan, means[:, 1:], figures[1:]),
        judge(means[:, 0], figures[0], with_nan[:, 2:], np.array([np.nan])),
        judge(means[:, 0], figures[0], means[:, :0], figures[:0]),
    ):
        assert np.isnan(undefined).all()
        assert verdict(*undefined) == "no better"


def test_shapes_that_do_not_fit():
    with pytest.raises(ParameterError, match="do not fit"):
        compare(np.zeros(5), 0.0, np.zeros((4, 2)), np.zeros(2), n_users=5)


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(P_VALUES, st.floats(0.01, 0.5))
def test_holm_rejects_what_the_procedure_rejects(p: list[float], alpha: float):
    """Holm's procedure as its author states it, by steps."""
    order, n = sorted(range(len(p)), key=p.__getitem__), len(p)
    by_holm = set()
    for step, i in enumerate(order):
        if p[i] * (n - step) > alpha:
            break
        by_holm.add(i)
    assert set(np.nonzero(holm(p) <= alpha)[0]) == by_holm


def test_holm_of_known_values():
    p = [0.01, math.nan, 0.04, 0.03]
    np.testing.assert_allclose(holm(p), [0.03, math.nan, 0.06, 0.06])
    assert holm([]).shape == (0,)
    with pytest.raises(ParameterError, match="between 0 and 1"):
        holm([0.5, 1.5])


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ((0.2, 0.1, 0.3, 0.01), "beats"),
        ((0.2, 0.1, 0.3, 0.20), "no better"),
        ((0.2, -0.1, 0.3, 0.01), "no better"),
        ((-0.2, -0.3, -0.1, 0.01), "worse"),
        ((-0.2, -0.3, -0.1, 0.05), "no better"),
        ((-0.2, -0.3, 0.1, 0.01), "no better"),
        ((0.2, 0.1, 0.3, math.nan), "no better"),
    ],
)
def test_verdicts(comparison: tuple[float, float, float, float], expected: str):
    assert verdict(*comparison) == expected


def test_tie_groups_follow_their_leaders():
    rng = np.random.default_rng(0)
    common = rng.normal(0, 0.1, 1000)  # what all share does not blur differences
    values = {"a": 0.50, "b": 0.495, "c": 0.40, "d": 0.398, "e": 0.1}
    drawn = {n: v + common + rng.normal(0, 0.01, 1000) for n, v in values.items()}
    assert tie_groups(drawn, values, n_users=1000) == (("a", "b"), ("c", "d"), ("e",))
    lower = tie_groups(drawn, values, n_users=1000, higher_is_better=False)
    assert lower == (("e",), ("d", "c"), ("b", "a"))
