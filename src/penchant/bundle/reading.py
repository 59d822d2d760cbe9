"""Restoring a recommender from a bundle, and describing one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from penchant.bundle.arrays import read_arrays
from penchant.bundle.atomic_folder import recover
from penchant.bundle.damage import DamageError, bundle_errors, located_in
from penchant.bundle.entries import BaseModelsEntry, IdsEntry, SharedEntry, Spec
from penchant.bundle.files import check_listing, checksum, read_manifest
from penchant.bundle.manifest import ARRAYS, MANIFEST, MAX_NESTING, Manifest
from penchant.bundle.pack import check_name
from penchant.bundle.parameters import Classes, build, class_of
from penchant.bundle.smoke_check import smoke_check
from penchant.bundle.unpack import check_base, unpack
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BundleError
from penchant.models.base import Recommender
from penchant.retrieval.retriever import attach

T = TypeVar("T")
_ATTEMPTS = 20
_COLUMNS_ALWAYS = 2**20  # what any sparse matrix may have, whatever the bundle's size


def restore(
    folder: str | Path,
    *,
    model: type[Recommender] | Sequence[type[Recommender]] | None = None,
) -> Recommender:
    """The fitted recommender that `save` has put into a folder.

    Nothing in the folder is executed, and no class is looked up by a path in it. Everything is
    checked against the manifest and what the model declares of itself before it is used, and the
    model answers for a few users before it is handed out, so that a damaged or hostile folder
    costs no more than memory in proportion to its size.

    Args:
        folder: the bundle.
        model: the class of the recommender where it is not one of penchant's; a sequence, where
            members of a blend are not.

    Raises:
        BundleError: the folder is missing, no bundle, damaged, altered, of another version, or
            of a class that is neither known nor given.

    Example:
        >>> _ = pn.save(make("popular").fit(planted_pairs()), "bundles/popular")
        >>> pn.restore("bundles/popular")
        Popular()
    """
    folder = Path(folder)
    classes = () if model is None else (model,) if isinstance(model, type) else tuple(model)

    def read() -> Recommender:
        manifest = _whole(folder)[0]
        cls = class_of(manifest.model.name, manifest.model.cls, classes, manifest.model.place)
        if isinstance(model, type) and cls is not model:
            raise BundleError(
                f"The bundle {str(folder)!r} holds a model of the class {cls.__name__}, not "
                f"{model.__name__}: leave out model=, or give that class."
            )
        try:
            restored = _restore(folder, manifest, classes, {}, 0)
            smoke_check(restored)
        except DamageError as damage:
            _check_version(folder, manifest, damage)
            raise
        try:
            attach(restored)
        except ValueError as error:
            raise DamageError(f"its index cannot be used: {error}") from None
        return restored

    with bundle_errors(folder):
        return _undisturbed(folder, read)


def describe(folder: str | Path) -> dict[str, Any]:
    """What the manifest of a bundle says: model, parameters, training, versions and files.

    The manifest alone is read and checked, which takes no time; `restore` checks the rest.

    Raises:
        BundleError: the folder is missing, no bundle, or its manifest is damaged.
    """
    folder = Path(folder)
    with bundle_errors(folder):
        return dict(_undisturbed(folder, lambda: _whole(folder)[1]))


def _undisturbed(folder: Path, read: Callable[[], T]) -> T:
    """What is read while the bundle is not overwritten: else files of two would be mixed."""
    for _ in range(_ATTEMPTS):
        before = _version(folder)
        try:
            result = read()
        except (BundleError, DamageError, OSError):
            if before is None or before == _version(folder):
                raise
        else:
            if before is None or before == _version(folder):
                return result
    raise BundleError(
        f"The bundle {str(folder)!r} was overwritten again and again while it was read: try again "
        "when nothing writes it."
    )


def _version(folder: Path) -> tuple[int, int, int] | None:
    """What tells a folder from another one that has taken its place; None if there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _whole(folder: Path) -> tuple[Manifest, dict[str, Any]]:
    if not os.path.lexists(folder):
        recover(folder.absolute())  # a killed overwrite may have left it beside its place
    manifest, content = read_manifest(folder)
    if manifest.part:
        raise BundleError(
            f"{str(folder)!r} is a part of another bundle and has not all it needs: give the "
            "folder of the whole."
        )
    return manifest, content


def _restore(
    folder: Path,
    manifest: Manifest,
    classes: Classes,
    enclosing: Mapping[str, Any],
    nesting: int,
) -> Recommender:
    if nesting > MAX_NESTING:
        raise DamageError("models are nested too deeply")
    check_listing(folder, manifest)
    with located_in(MANIFEST):
        cls = class_of(manifest.model.name, manifest.model.cls, classes, manifest.model.place)
        model = build(cls, manifest.parameters, classes)
        for name in manifest.state:
            with located_in(f"attribute {name}"):
                check_name(cls, name)
    arrays = _arrays(folder, manifest)
    state: dict[str, Any] = {}
    widest = _COLUMNS_ALWAYS + sum(entry.size for entry in manifest.files.values())
    # Vocabularies first: their sizes bound the rest.
    for name in sorted(
        manifest.state, key=lambda n: not isinstance(manifest.state[n], IdsEntry | SharedEntry)
    ):
        entry = manifest.state[name]
        if not isinstance(entry, BaseModelsEntry):
            with located_in(f"attribute {name}"):
                state[name] = unpack(name, entry, arrays, state, enclosing, widest)
            if isinstance(state[name], Vocabulary):
                widest += len(state[name])
    check_base(state)
    training = manifest.training
    if (training.log, training.fingerprint) != (state["log_name_"], state["log_fingerprint_"]):
        raise DamageError(f"{MANIFEST}: it names another log than the model")
    for name, entry in manifest.state.items():
        if isinstance(entry, BaseModelsEntry):
            members = [
                _member(folder / part, classes, state, nesting) for part in entry.members(name)
            ]
            state[name] = members[0] if entry.count is None else members
    for name in manifest.state:
        setattr(model, name, state[name])
    try:
        model.check_fitted_state()
    except ValueError as error:
        raise DamageError(f"attribute {error}") from None
    return model


def _check_version(folder: Path, manifest: Manifest, damage: DamageError) -> None:
    """Tell a whole bundle of another version, whose models kept other things, from a damaged one.

    Raises:
        BundleError: all files are as the manifest says, and another version has made them.
    """
    maker, own = manifest.versions.get("penchant"), version("penchant")
    if maker in (None, own):
        return
    try:
        check_listing(folder, manifest)
        whole = all(checksum(folder / file) == entry for file, entry in manifest.files.items())
    except (DamageError, OSError):
        return
    if whole:
        maker, clause = (
            "".join(c if c.isprintable() else "?" for c in text)[:200]
            for text in (str(maker), str(damage))
        )
        raise BundleError(
            f"The bundle {str(folder)!r} was made by penchant {maker}, and penchant {own} cannot "
            f"read it ({clause}): train the model again, as with penchant train LOG -o FOLDER, or "
            f"install penchant=={maker}."
        )


def _member(
    folder: Path, classes: Classes, enclosing: Mapping[str, Any], nesting: int
) -> Recommender:
    with located_in(folder.name):
        manifest, _ = read_manifest(folder)
        if not manifest.part:
            raise DamageError("it is not a part of this bundle")
        return _restore(folder, manifest, classes, enclosing, nesting + 1)


def _arrays(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """All arrays by name, once the checksums of all files have been found right."""
    for file, entry in manifest.files.items():
        with located_in(file):
            if checksum(folder / file) != entry:
                raise DamageError("its checksum does not fit")
    specs: dict[str, Spec] = {}
    for name, one in manifest.state.items():
        specs |= one.specs(name)
    with located_in(ARRAYS):
        return read_arrays(folder / ARRAYS, specs)
