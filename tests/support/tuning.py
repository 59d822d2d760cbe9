"""Splits and models with which tuning is tested."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Annotated

import numpy as np
import pytest
from pydantic import Field

import penchant as pn
from penchant.data.splits import Split
from penchant.errors import DataError
from penchant.models import Bias, DotProduct
from penchant.models.parameters import Space
from penchant.testing.logs import SCALE

TPE = pytest.param(
    "tpe",
    marks=pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs optuna"),
)
GRID = {"inflection": [2, 3, 4], "steepness": [0.5, 1.5, 2.5]}


class Sealed(Split):
    """A split whose test events nobody may see."""

    @property
    def test(self):
        raise AssertionError("the test events were looked at")


def sealed(split):
    return Sealed(**{f.name: getattr(split, f.name) for f in dataclasses.fields(split)})


def adjusted(inflection, steepness):
    return DotProduct(dim=4, epochs=3, target=pn.Adjusted(inflection, steepness, *SCALE))


class Peak(Bias):
    """Its score is known beforehand: best where `at` is 3, and failing where asked to."""

    at: Annotated[float, Field(ge=0, le=10), Space(0, 10)] = 1.0
    failing: str = ""

    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        if self.failing == "data":
            raise DataError("There is too little of it.")
        if self.failing == "number":
            raise ZeroDivisionError("division by zero")
        if self.failing == "bug":
            raise KeyError("bug")
        if self.failing == "stop":
            raise KeyboardInterrupt

    def predict(self, rows):
        return np.full(len(rows), 3 + abs(self.at - 3) * 10, np.float32)
