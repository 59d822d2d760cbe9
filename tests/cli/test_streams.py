from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")


def run(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f'exec "$0" -P -m penchant "$@" {redirection}'
    return subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["--help", "fetch"])
def test_closed_and_full_output(command):
    closed = run(">&-", command)
    assert (closed.returncode, closed.stderr) == (0, "")
    full = run(">/dev/full", command)
    assert full.returncode == 1
    assert full.stderr.startswith("Error: No space left on device")
    assert full.stderr.count("\n") == 1


def test_files_do_not_get_the_numbers_of_closed_streams(tmp_path):
    (tmp_path / "log.csv").write_text("user,item\n" + "1,2\n1,3\n2,2\n" * 5)
    before = (tmp_path / "log.csv").read_bytes()
    done = run("<&- >&- 2>&-", "explore", str(tmp_path / "log.csv"))
    assert done.returncode == 0
    assert (tmp_path / "log.csv").read_bytes() == before
