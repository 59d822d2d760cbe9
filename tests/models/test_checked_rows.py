"""`predict` refuses what are no rows in one sentence."""

from __future__ import annotations

import pytest

from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.models import make
from penchant.testing import planted_ratings


@pytest.mark.parametrize("spec", ["bias", "user-majority", "dot:epochs=1", "boosted-trees:trees=2"])
def test_frames_and_held_out_parts_are_no_rows(spec):
    split = split_random(planted_ratings(n_users=30), test=0.2)
    model = make(spec).fit(split.train)
    for given in (split.log.frame(), split.test, [1, 2]):
        with pytest.raises(ParameterError, match="predict takes rows such as"):
            model.predict(given)
    assert model.predict(split.test.rows).shape == (len(split.test),)
