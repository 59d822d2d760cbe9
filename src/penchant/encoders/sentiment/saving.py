"""Save classifiers of sentiment as JSON and arrays, and restore them without executing anything."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from penchant.atomic_write import atomic_path, set_default_permissions, write_text_atomically
from penchant.encoders.sentiment import sentiment_classifier
from penchant.encoders.sentiment.base import SentimentClassifier
from penchant.errors import BundleError, NotFittedError, PenchantError

_FORMAT = 2
_CARD = "classifier.json"
_ARRAYS = re.compile(r"arrays(\.[0-9a-f]{8})?\.safetensors")


def save_classifier(classifier: SentimentClassifier, folder: str | Path) -> Path:
    """Write a fitted classifier to a folder, which is created; a classifier there is replaced.

    The old one is there, whole, until the new one is: the card names the file of its arrays.

    Raises:
        NotFittedError: it has learned nothing yet.
    """
    if not classifier.columns_:
        raise NotFittedError(f"{type(classifier).__name__} has learned nothing yet: fit it first.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    plain, arrays = classifier.state()
    file = f"arrays.{secrets.token_hex(4)}.safetensors"
    with atomic_path(folder / file) as draft:
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, draft)
        set_default_permissions(draft)
    card = {
        "format": _FORMAT,
        "name": type(classifier).name,
        "fields": _as_json(classifier.params()),
        "columns": list(classifier.columns_),
        "curve": classifier.curve_,
        "state": _as_json(plain),
        "arrays": file,
    }
    write_text_atomically(json.dumps(card, ensure_ascii=False), folder / _CARD)
    for path in folder.iterdir():
        if path.name != file and _ARRAYS.fullmatch(path.name):
            path.unlink(missing_ok=True)
    return folder


def restore_classifier(folder: str | Path) -> SentimentClassifier:
    """The classifier that `save_classifier` wrote.

    Raises:
        BundleError: the folder holds none, or a damaged or a newer one.
    """
    folder = Path(folder)
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        file = card.get("arrays", "arrays.safetensors") if isinstance(card, dict) else None
        if not isinstance(file, str) or not _ARRAYS.fullmatch(file):
            raise ValueError(f"{_CARD} names no file of arrays")
        arrays = load_file(folder / file)
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(f"{str(folder)!r} holds no classifier of sentiment: {reason}.") from None
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise BundleError(
            f"{str(folder)!r} is not of format {_FORMAT}, which this version reads: save it again."
        )
    try:
        classifier = sentiment_classifier(card["name"], **_parsed(card["fields"]))
        classifier.restore_state(card["state"], arrays, card["columns"])
        classifier.curve_ = card["curve"]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, PenchantError) as error:
        raise BundleError(f"The classifier in {str(folder)!r} is damaged: {error}.") from None
    return classifier


def _as_json(value: Any) -> Any:
    """Values as JSON can hold them; a classifier among the fields is its name and its fields."""
    if isinstance(value, SentimentClassifier):
        return {"$classifier": type(value).name, "fields": _as_json(value.params())}
    if isinstance(value, dict):
        return {str(k): _as_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(v) for v in value]
    return value


def _parsed(value: Any) -> Any:
    """What `_as_json` made JSON of."""
    if isinstance(value, dict):
        if "$classifier" in value:
            return sentiment_classifier(value["$classifier"], **_parsed(value["fields"]))
        return {k: _parsed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_parsed(v) for v in value]
    return value
