"""Build the wheel and the source distribution so that the same commit gives the same bytes.

    python deploy/build_release.py [--outdir dist] [--once]

What git knows of is copied aside with the time of the commit (or SOURCE_DATE_EPOCH), built there by
the packages at hand, and the source distribution is packed again in a fixed order without owners.
Links of the README to files of the repository, which package indexes do not have, lead to the
repository. All is done twice, and compared, unless `--once` is given. Prints sizes and SHA-256.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def epoch(root: Path) -> int:
    """SOURCE_DATE_EPOCH, or the time of the commit, in seconds since 1970."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout)


def copy_of(root: Path, folder: Path, seconds: int) -> Path:
    """The files that git knows of, all of one time."""
    command = ["git", "ls-files", "src", "pyproject.toml", "README.md", "LICENSE"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (root / name).is_file():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, place)
            if name == "README.md":
                address = repository(root)
                place.write_text(linked(place.read_text(encoding="utf-8"), address), "utf-8")
            place.chmod(0o644)
            os.utime(place, (seconds, seconds))
    return folder


def repository(root: Path) -> str | None:
    """The address of the project's branch, as pyproject.toml has it; None without one."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Source")
    return None if address is None else f"{address}/blob/main"


def linked(text: str, address: str | None) -> str:
    """The README with whole addresses for links to files, and for pictures those of the files."""
    if address is None:
        return text
    files = address.replace("/blob/", "/raw/")
    text = re.sub(r"(!\[[^]]*\]\()(?![a-z]+:|#)", rf"\g<1>{files}/", text)
    return re.sub(r"((?<!!)\[(?:[^][]|\[[^]]*\])*\]\()(?![a-z]+:|#)", rf"\g<1>{address}/", text)


def repack(path: Path, seconds: int) -> None:
    """Write a source distribution again: names in order, one time, no owners."""
    with tarfile.open(path) as archive:
        members = sorted(archive.getmembers(), key=lambda member: member.name)
        contents = {m.name: archive.extractfile(m) for m in members if m.isfile()}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
            for member in members:
                member.mtime, member.uid, member.gid = seconds, 0, 0
                member.uname = member.gname = ""
                member.mode = 0o755 if member.isdir() else 0o644
                member.pax_headers = {}
                new.addfile(member, contents.get(member.name))
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=seconds) as compressed,
    ):
        compressed.write(packed.getvalue())


def build(root: Path, outdir: Path, seconds: int) -> dict[str, str]:
    """Build into a folder; gives the SHA-256 of each file by its name."""
    with tempfile.TemporaryDirectory() as place:
        source = copy_of(root, Path(place) / "penchant", seconds)
        command = [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", str(outdir)]
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(seconds)}
        subprocess.run(
            [*command, str(source)], check=True, capture_output=True, cwd=place, env=environment
        )
    for path in outdir.glob("*.tar.gz"):
        repack(path, seconds)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(outdir.iterdir())
    }


def main() -> None:
    """Build, compare and move into place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outdir", type=Path, default=ROOT / "dist")
    parser.add_argument("--once", action="store_true", help="Do not build again to compare.")
    args = parser.parse_args()
    seconds = epoch(ROOT)
    with tempfile.TemporaryDirectory() as place:
        first = Path(place) / "first"
        sums = build(ROOT, first, seconds)
        if not args.once and build(ROOT, Path(place) / "second", seconds) != sums:
            raise SystemExit("Two builds of the same files differ.")
        args.outdir.mkdir(parents=True, exist_ok=True)
        for name, checksum in sums.items():
            shutil.move(first / name, args.outdir / name)
            size = (args.outdir / name).stat().st_size
            print(f"{checksum}  {name}  {size:,} bytes")


if __name__ == "__main__":
    main()
