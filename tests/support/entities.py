"""Rows that are compared, made of dense tables."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from penchant.models.neighbours.entities import Entities


def entities(table):
    has, values = table
    rows, columns = np.nonzero(has)
    ones = np.ones(len(rows), np.float32)
    return Entities(
        sparse.csr_array((ones, (rows, columns)), shape=has.shape),
        sparse.csr_array((values[has], (rows, columns)), shape=has.shape),
    )
