"""Hyper-parameters as JSON, and models built from them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from penchant.bundle import plain, strict_json
from penchant.bundle.damage import DamageError, located_in
from penchant.data.target import Target
from penchant.errors import BundleError, ParameterError, PenchantError
from penchant.models import TABLE, find, name_of
from penchant.models.base import Recommender
from penchant.models.foreign import place_of
from penchant.models.parameters import check_names

Classes = Sequence[type[Recommender]]
_MODEL = "$model"


def encode(model: Recommender) -> dict[str, Any]:
    """The hyper-parameters as JSON can hold them.

    Raises:
        BundleError: a value cannot be kept.
    """
    found = {}
    for name, value in model.params().items():
        try:
            found[name] = _encode(value)
        except DamageError as damage:
            raise BundleError(
                f"{type(model).__name__} cannot be saved, because its parameter {name!r} cannot "
                f"be kept: {damage}."
            ) from None
    return found


def _encode(value: Any) -> Any:
    if isinstance(value, Target):
        text = str(value)
        try:
            same = Target.parse(text) == value
        except ParameterError:
            same = False
        if not same:
            raise DamageError(f"{text} does not say all of {value!r}")
        return text
    if isinstance(value, Recommender):
        return {_MODEL: identity(type(value)) | {"parameters": encode(value)}}
    if isinstance(value, list | tuple):
        return [_encode(v) for v in value]
    return plain.encode(value)


def _decode(value: Any, classes: Classes) -> Any:
    if isinstance(value, dict) and _MODEL in value:
        inner = value[_MODEL]
        if not isinstance(inner, dict) or set(inner) != {"name", "class", "parameters"}:
            raise DamageError("it holds a model that is not described")
        cls = class_of(inner["name"], inner["class"], classes)
        return build(cls, inner["parameters"], classes)
    if isinstance(value, list):
        return [_decode(v, classes) for v in value]
    return plain.decode(value)


def build(cls: type[Recommender], parameters: Any, classes: Classes) -> Recommender:
    """An unfitted model from what `encode` gave.

    Raises:
        DamageError: a name is unknown, or a value impossible or of another type.
    """
    if not isinstance(parameters, Mapping):
        raise DamageError("parameters are not given by name")
    try:
        check_names(cls, list(parameters))
        model = cls(**{name: _decode(value, classes) for name, value in parameters.items()})
        read = encode(model)
    except (BundleError, DamageError):
        raise
    except PenchantError as error:
        raise DamageError(str(error).rstrip(".")) from None
    for name, value in parameters.items():
        with located_in(f"parameter {name}"):
            # 1 == True == 1.0 in Python: types must agree too.
            if (type(read[name]), read[name]) != (type(value), value):
                raise DamageError("it has the wrong type")
    return model


def identity(cls: type[Recommender]) -> dict[str, str | None]:
    """What the manifest says of a class."""
    return {"name": name_of(cls), "class": cls.__name__}


def place_to_name(cls: type[Recommender]) -> str | None:
    """Where a class outside of penchant is defined, for people; None for one that has no place."""
    if name_of(cls) is not None or cls.__module__ == "__main__" or "<" in cls.__qualname__:
        return None
    place = place_of(cls)
    if place is not None:
        module, _, own = place.rpartition(":")
        return f"{Path(module).name if module.endswith('.py') else module}:{own}"
    return f"{cls.__module__}:{cls.__qualname__}"


def class_of(
    name: object, cls: object, classes: Classes, place: str | None = None
) -> type[Recommender]:
    """The class that `identity` describes: of the table of models, or one of `classes`.

    Raises:
        BundleError: it is in neither.
        DamageError: the name in the table belongs to another class.
    """
    if name is None:
        for one in classes:
            if one.__name__ == cls and name_of(one) is None:
                return one
        known, named = str(cls)[:100], (place or "package.module:Class")[:200]
        raise BundleError(
            f"The bundle holds a model of the class {known!r}, which is not one of penchant's, and "
            f"nothing is imported unasked: give it, as in restore(folder, model={known}), or name "
            f"it on the command line, as in -m {named}."
        )
    if not isinstance(name, str) or name not in TABLE:
        raise BundleError(
            f"The bundle holds the model {str(name)[:100]!r}, which penchant {version('penchant')} "
            "does not have: install the version that made the bundle, or a newer one."
        )
    found = find(name)
    if found.__name__ != cls:
        raise DamageError(f"the model {name} is not of the class {str(cls)[:100]!r}")
    return found


def checked(model: Recommender) -> dict[str, Any]:
    """What `encode` gives, once a model with equal parameters has been built from it.

    Raises:
        BundleError: a value cannot be kept, or the class does not take it back.
    """
    found = encode(model)
    try:
        build(type(model), strict_json.loads(strict_json.dumps(found)), _classes_in(model))
    except DamageError as damage:
        raise BundleError(
            f"{type(model).__name__} cannot be saved, because it cannot be built from its own "
            f"parameters: {damage}."
        ) from None
    return found


def _classes_in(value: Any) -> list[type[Recommender]]:
    """The classes of all models that are among the parameters."""
    if isinstance(value, Recommender):
        return [type(value), *_classes_in(list(value.params().values()))]
    if isinstance(value, list | tuple):
        return [cls for inner in value for cls in _classes_in(inner)]
    return []
