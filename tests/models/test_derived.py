"""What is computed of fitted attributes once."""

from __future__ import annotations

import copy

from penchant.models.derived import derived_from, forget_derived


class Model:
    def __init__(self):
        self.computed = 0
        self.weights_ = [1, 2]

    @derived_from("weights_", "bias_")
    def total(self):
        """Of all weights."""
        self.computed += 1
        return sum(self.weights_) + getattr(self, "bias_", 0)


def test_it_is_computed_again_where_what_it_follows_from_is_new():
    model = Model()
    assert (model.total, model.total, model.computed) == (3, 3, 1)
    model.weights_ = [1, 2]
    assert (model.total, model.computed) == (3, 2)
    model.bias_ = 4
    assert (model.total, model.total, model.computed) == (7, 7, 3)
    assert Model.total.__doc__ == "Of all weights."


def test_a_copy_with_other_weights_has_its_own():
    model = Model()
    assert model.total == 3
    other = copy.copy(model)
    other.weights_ = [5]
    assert (other.total, model.total) == (5, 3)


def test_it_can_be_freed():
    model = Model()
    assert model.total == 3
    forget_derived(model)
    assert (model.total, model.computed) == (3, 2)
    assert [name for name in vars(model) if name.endswith("_")] == ["weights_"]
