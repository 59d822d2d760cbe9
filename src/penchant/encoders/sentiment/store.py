"""Classifiers of sentiment as folders of JSON and arrays, restored without executing anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from penchant.atomic_write import atomic_path, set_default_permissions, write_text_atomically
from penchant.encoders.sentiment.base import SentimentClassifier, make
from penchant.errors import BundleError, NotFittedError, PenchantError

_FORMAT = 1


def save(classifier: SentimentClassifier, folder: str | Path) -> Path:
    """Keep a fitted classifier in a folder, which is made; files there are replaced.

    Raises:
        NotFittedError: it has learned nothing yet.
    """
    if not classifier.columns_:
        raise NotFittedError(f"{type(classifier).__name__} has learned nothing yet: fit it first.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    plain, arrays = classifier.state()
    with atomic_path(folder / "arrays.safetensors") as draft:
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, draft)
        set_default_permissions(draft)
    card = {
        "format": _FORMAT,
        "name": type(classifier).name,
        "fields": _plain(classifier.params()),
        "columns": list(classifier.columns_),
        "curve": classifier.curve_,
        "state": _plain(plain),
    }
    write_text_atomically(json.dumps(card, ensure_ascii=False), folder / "classifier.json")
    return folder


def restore(folder: str | Path) -> SentimentClassifier:
    """The classifier that `save` has kept.

    Raises:
        BundleError: the folder holds none, or a damaged or a newer one.
    """
    folder = Path(folder)
    try:
        card = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / "arrays.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        said = str(error).splitlines()[0]
        raise BundleError(f"{str(folder)!r} holds no classifier of sentiment: {said}.") from None
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise BundleError(
            f"{str(folder)!r} is not of the form {_FORMAT} that this version reads: save it again."
        )
    try:
        made = make(card["name"], **_fields(card["fields"]))
        made.take(card["state"], arrays, card["columns"])
        made.curve_ = card["curve"]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, PenchantError) as error:
        raise BundleError(f"The classifier in {str(folder)!r} is damaged: {error}.") from None
    return made


def _plain(value: Any) -> Any:
    """Values as JSON can hold them; a classifier among the fields is its name and its fields."""
    if isinstance(value, SentimentClassifier):
        return {"$classifier": type(value).name, "fields": _plain(value.params())}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _fields(value: Any) -> Any:
    if isinstance(value, dict):
        if "$classifier" in value:
            return make(value["$classifier"], **_fields(value["fields"]))
        return {k: _fields(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_fields(v) for v in value]
    return value
