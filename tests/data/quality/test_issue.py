"""Which users always have the same value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.quality import issue

EVENTS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1.0, 2.5])), max_size=40)


@pytest.mark.parametrize("at_once", [1, 7, 2**22])
@given(events=EVENTS)
def test_users_of_one_value_are_found_whatever_the_parts(at_once, events):
    users, values = (
        (np.array(column) for column in zip(*events, strict=True)) if events else ((), ())
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issue, "_AT_ONCE", at_once)
        one, constant = issue._values_of_constant_users(
            np.array(users, np.int32), np.array(values, np.float32), 6
        )
    for user in range(6):
        own = {value for who, value in events if who == user}
        assert constant[user] == (len(own) == 1)
        assert not constant[user] or own == {one[user]}
