"""Values that stay where they are made, here and on a cluster."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support import cluster_work

from penchant.distributed.object_store import object_store
from penchant.errors import DataError, PenchantError
from penchant.run import Run


@pytest.mark.parametrize("on_cluster", [False, True])
def test_values_are_made_of_others(request, on_cluster):
    ray = request.getfixturevalue("ray_cluster").address if on_cluster else None
    with object_store(Run(ray=ray)) as store:
        first = store.put(np.arange(200_000))
        fourth = store.submit(cluster_work.square_of, store.submit(cluster_work.square_of, first))
        found = store.get(fourth)
        assert store.slots >= 1
    np.testing.assert_array_equal(found, np.arange(200_000) ** 4)
    assert found.flags.writeable  # and not memory that is the cluster's


def test_a_refusal_is_the_callers_also_where_other_values_wait_for_it(ray_cluster):
    with object_store(Run(ray=ray_cluster.address)) as store:
        refused = store.submit(cluster_work.refuse_value)
        waiting = store.submit(cluster_work.square_of, refused)
        for value in (refused, waiting):
            with pytest.raises(DataError, match="This value cannot be made"):
                store.get(value)


def test_another_version_on_the_workers_is_refused(ray_cluster, monkeypatch):
    monkeypatch.setattr("penchant.distributed.object_store.own_version", lambda: "9.9.9")
    with object_store(Run(ray=ray_cluster.address)) as store:
        value = store.submit(cluster_work.square_of, store.put(1))
        with pytest.raises(PenchantError, match=r"and this is 9\.9\.9: install the same version"):
            store.get(value)
