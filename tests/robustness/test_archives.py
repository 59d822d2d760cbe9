"""Hostile archives: unpacked within their folder, or refused in one sentence."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np

from penchant.data.fetching.archive import Limits, unpack
from penchant.errors import DownloadError
from support.fuzzing import generator, one_sentence, tally, tries

SECONDS = 5.0  # that one archive may take

ODD_NAMES = (
    "", "/", ".", "..", "../x", "a/../../x", "../../x",
    "../../../x", "a/../../../../x", "FOLDER/x", "/FOLDER/x", "\\x", "..\\x", "C:x", "C:/x", "a\0b",
    "./x", "a//b", "x" * 300, "d/" * 300 + "x", "\x1b[31m", "\u202ex", "NUL", "x.", "~", "~root/x",
    "a\nb", "café", "u.data", "U.DATA", "u.data/x",
)  # fmt: skip


def odd_names(rng: np.random.Generator, folder: Path) -> list[str]:
    """Names of members; those that are absolute lead into a folder of the test's own."""
    names = rng.choice(ODD_NAMES, int(rng.integers(1, 4)), replace=False)
    return [str(name).replace("FOLDER", str(folder)) for name in names]


def odd_zip(rng: np.random.Generator, folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in odd_names(rng, folder):
            info = zipfile.ZipInfo("u.item")
            info.filename = name  # as it is, without the constructor's mending
            kind = rng.choice([0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
            info.external_attr = int(kind | 0o777) << 16
            archive.writestr(info, b"../../escaped" if rng.random() < 0.5 else bytes(3 << 20))
        if rng.random() < 0.5:
            archive.writestr("u.good", rng.bytes(2000))
    return buffer.getvalue()


def odd_tar(rng: np.random.Generator, folder: Path) -> bytes:
    buffer = io.BytesIO()
    form = int(rng.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
    with tarfile.open(
        fileobj=buffer, mode=str(rng.choice(["w", "w:gz", "w:xz"])), format=form
    ) as tar:
        for name in odd_names(rng, folder):
            info = tarfile.TarInfo(name)
            info.type = bytes(
                rng.choice([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE,
                            tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE])
            )  # fmt: skip
            info.linkname = str(rng.choice(["/etc/passwd", "../../escaped", "u.data"]))
            info.mode = 0o7777
            content = bytes(int(rng.choice([0, 2000, 3 << 20]))) if info.isreg() else b""
            info.size = len(content)
            if rng.random() < 0.2:
                info.pax_headers = {"comment": "x" * 100_000, "size": str(rng.choice([-1, 10**30]))}
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes flipped, or cut off, or moved."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(0, 6))):
        changed[rng.integers(len(changed))] = rng.integers(256)
    if rng.random() < 0.2:
        del changed[int(rng.integers(len(changed))) :]
    return bytes(changed)


def test_hostile_archives(tmp_path: Path) -> None:
    rng, limits = generator("archives"), Limits(size=4 << 20, free=1 << 20)
    work = tmp_path / "deep" / "work"  # so deep that no number of .. leads out of `tmp_path`
    work.mkdir(parents=True)
    with tally("hostile archives") as counts:
        for n in range(tries(100)):
            make = odd_zip if rng.random() < 0.5 else odd_tar
            content = make(rng, tmp_path)
            if rng.random() < 0.7:
                content = damaged(content, rng)
            archive = tmp_path / "archive"
            archive.write_bytes(content)
            started = time.monotonic()
            try:
                unpack(archive, work / "out", limits=limits)
            except DownloadError as error:
                if not one_sentence(error) or list(work.iterdir()):
                    counts.fault(f"archive {n}: {error}; left {list(work.iterdir())}")
                else:
                    counts.refused += 1
            except Exception as error:
                counts.fault(f"archive {n}: {type(error).__name__}: {error}")
            else:
                counts.accepted += 1
                for path in (work / "out").rglob("*"):
                    if path.is_symlink() or not (path.is_file() or path.is_dir()):
                        counts.fault(f"archive {n} made the link or device {path.name}")
                    elif path.is_file() and path.stat().st_mode & 0o7022 & ~_umask_bits(tmp_path):
                        counts.fault(f"archive {n} made {path.name} with an open mode")
                _remove(work / "out")
            found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
            if outside := found - {"deep", "deep/work", "archive", "mode"}:
                counts.fault(f"archive {n} wrote outside: {outside}")
                for name in outside:
                    (tmp_path / name).unlink(missing_ok=True)
            if time.monotonic() - started > SECONDS:
                counts.fault(f"archive {n} took {time.monotonic() - started:.1f} s")


def _umask_bits(folder: Path) -> int:
    (folder / "mode").touch()
    return (folder / "mode").stat().st_mode & 0o777


def _remove(folder: Path) -> None:
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            (Path(path) / name).unlink()
        for name in folders:
            (Path(path) / name).rmdir()
    folder.rmdir()
