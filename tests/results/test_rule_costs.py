from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.results.rule_costs import RuleCost, RuleCosts


def costs(*figures, notes=()):
    found = tuple(RuleCost("ease", metric, *values, -1, 1) for metric, values in figures)
    return RuleCosts("rules.toml", tuple(m for m, _ in figures), found, 0.95, notes)


def test_means_over_comparisons_weigh_by_their_users():
    march = costs(("ndcg@5", (0.4, 0.3)), ("coverage@5", (0.5, 0.9)), notes=("a",))
    april = costs(("ndcg@5", (0.1, 0.2)), ("coverage@5", (math.nan, 0.9)), notes=("a", "b"))
    mean = RuleCosts.mean("month", [(30, march), (10, april)])
    own = mean.of_model("ease")
    assert own["ndcg@5"].without == pytest.approx((30 * 0.4 + 10 * 0.1) / 40)
    assert own["ndcg@5"].with_rules == pytest.approx((30 * 0.3 + 10 * 0.2) / 40)
    assert own["ndcg@5"].deviation == pytest.approx(np.std([-0.1, 0.1], ddof=1))
    assert math.isnan(own["ndcg@5"].low)
    assert own["coverage@5"].without == 0.5  # of March alone, for April has no figure
    assert math.isnan(own["coverage@5"].deviation)
    assert mean.notes == ("a", "b")
    assert mean.sentence("ease") == (
        "With rules.toml the lists of ease over 2 months have ndcg@5 0.2750 in place of 0.3250 "
        "(-0.0500 ± 0.1414); coverage@5 0.9000 in place of 0.5000 (+0.4000)."
    )
    assert mean.spread == "with its standard deviation over 2 months"
    assert "95 % interval" in march.spread


def test_a_figure_that_no_comparison_has_stays_unknown():
    nothing = costs(("ndcg@5", (math.nan, math.nan)))
    (cost,) = RuleCosts.mean("fold", [(3, nothing), (4, nothing)]).costs
    assert math.isnan(cost.difference)
    assert math.isnan(cost.low)
