"""A process that is killed at any event leaves the old or the new, whole, and no open modes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from support.crash_points import DATA_SET
from support.fuzzing import FACTOR, SEED, tally

WHOLE = {"killed": -9, "recovered": 0, "names": [], "open": []}
_EVENTS = 3  # of an operation, in the short form
_ROUNDS = 7  # at most, in the long form


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(tmp_path):
    """A web server with the files of a data set."""
    (tmp_path / "web" / "tiny").mkdir(parents=True)
    for name, content in DATA_SET.items():
        (tmp_path / "web" / "tiny" / name).write_bytes(content)
    handler = partial(Quiet, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork is killed, and this system has none")
def test_a_kill_at_any_event_leaves_the_old_or_the_new(tmp_path, address):
    places = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    events = 0 if FACTOR > 1 else _EVENTS
    (tmp_path / "work").mkdir()
    words = [str(tmp_path / "work"), address, *map(str, (events, min(FACTOR, _ROUNDS), SEED))]
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "support.crash_operations", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(places),
                "OMP_NUM_THREADS": "1",
                "PYTHONDONTWRITEBYTECODE": "1",  # else the first fork alone writes modules
            },
            umask=0o022,
        ) as process,
    ):
        for name in json.loads(process.stdout.readline() or "[]"):
            with tally(f"kills while writing {name}") as counts:
                for line in process.stdout:
                    row = json.loads(line)
                    if "end" in row:
                        assert row["end"] == name
                        break
                    if row == WHOLE | {"events": row["events"]}:
                        counts.accepted += 1
                    else:
                        counts.fault(line.strip())
                else:
                    counts.fault("it ended too early")
                if counts.faults:
                    errors.seek(0)
                    counts.fault(errors.read())
            assert counts.accepted >= 3
        errors.seek(0)
        assert process.wait(60) == 0, errors.read()
