from __future__ import annotations

import ast
from pathlib import Path

import pytest

import penchant.models as models
from penchant.data.target import Adjusted, Like
from penchant.errors import ParameterError
from penchant.models import (
    BASELINES,
    BASELINES_OF_ORDER,
    BASELINES_OF_REPEATS,
    EASE,
    TABLE,
    DotProduct,
    Popular,
    find,
    make,
    name_of,
)


def test_every_name_gives_its_class_and_back():
    for name in TABLE:
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
        ("eas", r"no model 'eas' \(nearest: 'ease'\); known are random, popular"),
        ("ease:l3=1", "EASE has no parameter 'l3'; it has seed, l2, dropout"),
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


def test_unknown_attributes_of_the_package():
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        models.Nothing  # noqa: B018


def test_type_checkers_see_every_class_where_the_table_has_it():
    tree = ast.parse(Path(models.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {
        f"{node.module.removeprefix('penchant.models.')}:{alias.name}"
        for node in imports
        for alias in node.names
        if alias.asname
    }
    assert seen == set(models._PLACES.values())
    assert set(TABLE.values()) < seen


def test_baselines_are_those_whose_classes_say_so():
    for task, names in BASELINES.items():
        further = (*BASELINES_OF_REPEATS, *BASELINES_OF_ORDER) if task == "ranking" else ()
        found = [name for name in TABLE if task in find(name).baseline_for]
        assert [*names, *further] == found
