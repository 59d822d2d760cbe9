from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

import penchant.models as models
from penchant.data.target import Adjusted, Like
from penchant.errors import ParameterError
from penchant.models import EASE, DotProduct, Popular, find, make, name_of
from penchant.models.parameters import Space, parameters


def test_every_name_gives_its_class_and_back():
    for name in models.TABLE:
        assert name_of(find(name)) == name
        assert find(name).__name__ in models.__all__
        assert getattr(models, find(name).__name__) is find(name)


def test_a_class_of_someone_else_has_no_name():
    class Mine(EASE):
        pass

    assert name_of(Mine) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ease", EASE()),
        ("ease:l2=300", EASE(l2=300)),
        (" ease : l2 = 3e2 , max_items=7", EASE(l2=300, max_items=7)),
        ("dot:dim=16,target=adjusted(5,1)", DotProduct(dim=16, target=Adjusted(5, 1))),
        ("dot:target=like>=4,biases=false", DotProduct(target=Like(4), biases=False)),
        ("popular:half_life=30", Popular(half_life=30)),
    ],
)
def test_texts(text, wanted):
    made = make(text)
    assert type(made) is type(wanted)
    assert made.params() == wanted.params()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("eas", "no model 'eas'; known are random, popular"),
        ("ease:l3=1", "EASE has no parameter 'l3'; it has seed, l2, max_items"),
        ("ease:l2", "'l2' in the model 'ease:l2' must be written name=value"),
        ("ease:l2=0", "EASE: l2 cannot be '0': .*greater than 0"),
        ("ease:l2=much", "EASE: l2 cannot be 'much'"),
        ("dot:target=stars", "target cannot be 'stars': there is no target 'stars'"),
        ("dot:loss=l4", "loss cannot be 'l4'"),
        ("popular:half_life=-3", "half_life cannot be '-3'"),
    ],
)
def test_wrong_texts(text, words):
    with pytest.raises(ParameterError, match=words):
        make(text)


def test_parameters_carry_types_defaults_and_spaces():
    found = parameters(DotProduct)
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


def test_unknown_attributes_of_the_package():
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        models.Nothing  # noqa: B018
