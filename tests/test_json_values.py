from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from penchant.json_values import json_value


@dataclass
class Record:
    name: str

    def __str__(self):
        return f"record {self.name}"


class Own:
    def to_dict(self):
        return {"inner": np.float64("nan")}


def test_values_become_what_json_has():
    value = {
        1: (math.inf, pl.Series([1, None]), None, True),
        "numbers": [np.int64(3), np.float32(0.5), np.array([1.0, math.nan])],
        "frame": pl.DataFrame({"a": [1], "t": [datetime(2020, 1, 2)]}),
        "records": [Record("x"), Own()],
        "other": 3 + 4j,
    }
    assert json.loads(json.dumps(json_value(value), allow_nan=False)) == {
        "1": [None, [1, None], None, True],
        "numbers": [3, 0.5, [1.0, None]],
        "frame": [{"a": 1, "t": "2020-01-02T00:00:00"}],
        "records": ["record x", {"inner": None}],
        "other": "(3+4j)",
    }
