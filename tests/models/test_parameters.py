from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from penchant.errors import ParameterError
from penchant.models import EASE, DotProduct
from penchant.models.parameters import Space, parameters_of


def test_parameters_carry_types_defaults_and_spaces():
    found = parameters_of(DotProduct)
    assert list(found)[:3] == ["seed", "dim", "target"]
    assert found["dim"].space == Space(1, 128, log=True)
    assert found["epochs"].space is None
    assert found["learning_rate"].default == 0.003
    assert found["dim"].type_name == "int"
    assert found["patience"].type_name == "int | None"
    assert found["target"].type_name == "Target"
    assert found["biases"].type_name == "bool"


def test_values_are_converted_once_checked():
    class Mine(EASE):
        share: Annotated[float, Field(ge=0, le=1)] = 0.5

    assert isinstance(Mine(share="0.25").share, float)
    assert repr(Mine(share=1)) == "Mine(share=1.0)"
    with pytest.raises(ParameterError, match="Mine: share cannot be 2"):
        Mine(share=2)
    with pytest.raises(ParameterError, match="no parameter 'shares'"):
        Mine().clone(shares=1)
