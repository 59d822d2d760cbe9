"""Checks of hyper-parameters."""

from __future__ import annotations

from penchant.errors import ParameterError
from penchant.models import make, name_of
from penchant.models.parameters import parameters_of
from penchant.testing.fits import fitted
from penchant.testing.helpers import Factory, expect, expect_refusal


def constructor_only_stores(factory: Factory) -> None:
    """A new model has its hyper-parameters and nothing else."""
    model = factory()
    expect(not model.is_fitted, "A new model must not say that it is fitted.")
    further = sorted(set(vars(model)) - set(model.params()))
    expect(not further, f"The constructor must only store parameters, but it sets {further}.")


def parameters_round_trip(factory: Factory) -> None:
    """A clone has the same parameters, takes changes, and has learned nothing."""
    model = fitted(factory)
    clone = model.clone()
    expect(type(clone) is type(model), f"A clone must be a {type(model).__name__}.")
    expect(clone.params() == model.params(), "A clone must have the same parameters.")
    expect(not clone.is_fitted, "A clone must not be fitted.")
    changed = model.clone(seed=model.seed + 1)
    expect(
        changed.params() == {**model.params(), "seed": model.seed + 1},
        "clone(seed=…) must change the seed and nothing else.",
    )
    expect(
        type(model)(**model.params()).params() == model.params(),
        "A model made of params() must have the same parameters.",
    )


def text_round_trip(factory: Factory) -> None:
    """A name of the table with the parameters as text gives the same model."""
    model = factory(seed=3)
    name = name_of(type(model))
    if name is None:
        return
    parameters = parameters_of(type(model))
    texts = [
        f"{key}={value}"
        for key, value in model.params().items()
        if value != parameters[key].default and value is not None
    ]
    spec = f"{name}:{','.join(texts)}"
    expect(make(spec).params() == model.params(), f"{spec!r} must give the same parameters.")


def repr_names_changes(factory: Factory) -> None:
    """The repr is the class and each parameter that is not at its default."""
    model = factory(seed=3)
    text = repr(model)
    parameters = parameters_of(type(model))
    expect(text.startswith(f"{type(model).__name__}("), f"{text!r} must begin with the class.")
    for key, value in model.params().items():
        changed = value != parameters[key].default
        named = any(f"{before}{key}={v}" in text for before in "( " for v in (value, repr(value)))
        expect(
            named == changed,
            f"{text!r} must name {key} exactly if it is not at its default.",
        )


def impossible_parameters_refused(factory: Factory) -> None:
    """An unknown parameter or an impossible value is an error with a sentence."""
    model = factory()
    expect_refusal(ParameterError, lambda: model.clone(no_such_thing=1), "An unknown parameter")
    expect_refusal(ParameterError, lambda: factory(seed=-1), "A negative seed")
    expect_refusal(ParameterError, lambda: factory(seed="x"), "A seed that is no number")


ALL = (
    constructor_only_stores,
    parameters_round_trip,
    text_round_trip,
    repr_names_changes,
    impossible_parameters_refused,
)
