"""Tests that a recommender of your own should pass, and logs to try it on.

`check_contract(MyModel, dim=8)` makes all checks. For one test each, with pytest:

    @pytest.mark.parametrize("name", CHECKS)
    def test_contract(name):
        CHECKS[name](MyModel)
"""

from penchant.testing.contract import CHECKS, check_contract
from penchant.testing.helpers import Check, Factory
from penchant.testing.list_simulator import ListSimulator
from penchant.testing.loans import planted_loans
from penchant.testing.logs import (
    planted_attributes,
    planted_nothing,
    planted_pairs,
    planted_popularity,
    planted_ratings,
    planted_sequences,
)
from penchant.testing.orders import planted_orders

__all__ = [
    "CHECKS",
    "Check",
    "Factory",
    "ListSimulator",
    "check_contract",
    "planted_attributes",
    "planted_loans",
    "planted_nothing",
    "planted_orders",
    "planted_pairs",
    "planted_popularity",
    "planted_ratings",
    "planted_sequences",
]
