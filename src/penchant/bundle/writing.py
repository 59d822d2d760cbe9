"""Saving a fitted recommender as a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from penchant.bundle.arrays import write_arrays
from penchant.bundle.atomic_folder import replacing
from penchant.bundle.card import Evaluated, card
from penchant.bundle.damage import DamageError
from penchant.bundle.files import entries_of
from penchant.bundle.manifest import (
    ARRAYS,
    CARD,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    MAX_NESTING,
    Manifest,
    ModelEntry,
    Training,
)
from penchant.bundle.pack import pack
from penchant.bundle.parameters import checked, identity, place_to_name
from penchant.bundle.unpack import check_base
from penchant.errors import BundleError, NotFittedError
from penchant.models.base import Recommender
from penchant.run import versions


def save(
    model: Recommender,
    folder: str | Path,
    *,
    overwrite: bool = False,
    evaluation: Evaluated | None = None,
    before_placing: Callable[[Path], object] | None = None,
) -> Path:
    """Write a fitted recommender as a bundle: whole, or not at all.

    The bundle grows in a folder beside its place and is moved there when all of it is on disk.

    Args:
        model: a fitted recommender, of penchant or of the caller.
        folder: where the bundle is to be.
        overwrite: replace a bundle that is there; nothing but a bundle is ever replaced.
        evaluation: its figures stand on the model card.
        before_placing: is called with the folder beside the place when the bundle there is whole,
            to note of it what must be known once others see it; what it raises stops all.

    Returns:
        The folder.

    Raises:
        NotFittedError: the model has not been fitted.
        BundleError: something is in the place, the model has learned something that a bundle
            cannot keep, or the folder cannot be written.

    Example:
        >>> model = make("ease").fit(planted_pairs())
        >>> pn.save(model, "bundles/pairs").name
        'pairs'
    """
    folder = Path(folder)
    # A link in the place itself is not followed: it would be left pointing elsewhere.
    target = folder.absolute() if folder.is_symlink() else folder.resolve()
    try:
        with replacing(target, overwrite=overwrite) as new:
            _write(model, new, {}, folder, evaluation, 0)
            if before_placing is not None:
                before_placing(new)
    except OSError as error:
        raise BundleError(
            f"The bundle {str(folder)!r} cannot be written ({error.strerror or error}): make room "
            "or choose another place."
        ) from error
    return folder


def _write(
    model: Recommender,
    new: Path,
    enclosing: Mapping[str, Any],
    place: Path,
    evaluation: Evaluated | None,
    nesting: int,
) -> None:
    if nesting > MAX_NESTING:
        raise BundleError(f"{type(model).__name__} cannot be saved: models are nested too deeply.")
    if not model.is_fitted:
        raise NotFittedError(f"{type(model).__name__} must be fitted before it is saved.")
    parameters = checked(model)
    packed = pack(model, enclosing)
    state = model.fitted_state()
    try:
        check_base(state)
        write_arrays(packed.arrays, new / ARRAYS)
        for name, member in packed.members.items():
            (new / name).mkdir()
            _write(member, new / name, state, place, None, nesting + 1)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        training, installed = _training(model), versions()
        if not nesting:
            text = card(model, training, installed, made, place, evaluation)
            (new / CARD).write_text(text, encoding="utf-8")
        manifest = Manifest(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            part=nesting > 0,
            made=made,
            model=ModelEntry.model_validate(
                identity(type(model)) | {"place": place_to_name(type(model))}
            ),
            parameters=parameters,
            learned_numbers=model.n_parameters(),
            training=training,
            versions=installed,
            state={name: packed.entries[name] for name in state},
            files=entries_of(new),
        )
        (new / MANIFEST).write_bytes(manifest.encode())
    except DamageError as damage:
        raise BundleError(f"{type(model).__name__} cannot be saved: {damage}.") from None


def _training(model: Recommender) -> Training:
    histories = model.histories_
    times = None if histories.times is None or not histories.n_events else histories.times
    first, last = (None, None) if times is None else (_iso(times.min()), _iso(times.max()))
    return Training(
        log=model.log_name_,
        fingerprint=model.log_fingerprint_,
        events=histories.n_events,
        users=int(np.count_nonzero(histories.lengths)),
        items=len(np.unique(histories.items)),
        known_users=len(model.users_),
        known_items=len(model.items_),
        ratings=histories.ratings is not None,
        first=first,
        last=last,
        seconds=float(model.fit_seconds_),
    )


def _iso(microseconds: np.int64) -> str:
    return str(np.datetime64(int(microseconds), "us").astype("datetime64[s]"))
