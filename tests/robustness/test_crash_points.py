"""A process that is killed at any event leaves the old or the new, whole, and no open modes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support.fuzzing import FACTOR, SEED, tally

WORK = textwrap.dedent("""
    import json, shutil, stat, sys
    from pathlib import Path
    import penchant as pn
    from penchant.bundle import atomic_folder
    from penchant.models import EASE, Popular
    from penchant.store import JSON, Store
    from penchant.testing import planted_pairs
    from penchant.atomic_write import write_text_atomically
    from support.crash_points import forked

    root, name = Path(sys.argv[1]), sys.argv[2]
    step, seed = map(int, sys.argv[3:])
    folder = root / "folder"

    def log():
        return planted_pairs(n_users=12, n_items=8)

    def save(model, overwrite):
        pn.save(model.fit(log()), folder / "b", overwrite=overwrite)

    def by_two_renames():
        atomic_folder.exchange = lambda *_: False
        save(EASE(l2=2), True)

    def bundle_of(*models):
        assert isinstance(pn.restore(folder / "b"), models)

    def page_is(*texts):
        assert (folder / "page.html").read_text() in texts

    def value_is(*values):
        assert Store(folder).get("key", JSON) in values

    NEW = "new" * 5000
    OPERATIONS = {  # prepare, do, what may be there after a kill, what is there in the end
        "a new bundle": (
            lambda: None,
            lambda: save(EASE(l2=2), (folder / "b").exists()),
            lambda: (folder / "b").exists() and bundle_of(EASE),
            lambda: bundle_of(EASE),
        ),
        "an overwritten bundle": (
            lambda: save(Popular(), False),
            lambda: save(EASE(l2=2), True),
            lambda: bundle_of(EASE, Popular),
            lambda: bundle_of(EASE),
        ),
        "a bundle overwritten without an exchange": (
            lambda: save(Popular(), False),
            by_two_renames,
            lambda: bundle_of(EASE, Popular),
            lambda: bundle_of(EASE),
        ),
        "a file": (
            lambda: write_text_atomically("old", folder / "page.html"),
            lambda: write_text_atomically(NEW, folder / "page.html"),
            lambda: page_is("old", NEW),
            lambda: page_is(NEW),
        ),
        "a stored value": (
            lambda: Store(folder).put("key", [1], JSON),
            lambda: Store(folder).put("key", [2] * 1000, JSON),
            lambda: value_is([1], [2] * 1000),
            lambda: value_is([2] * 1000),
        ),
    }
    prepare, work, left, done = OPERATIONS[name]

    def fresh():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        code, _ = forked(prepare)
        assert code == 0

    def open_modes():
        return [p.name for p in folder.rglob("*") if stat.S_IMODE(p.stat().st_mode) & 0o022]

    fresh()
    code, events = forked(work)
    assert code == 0
    for event in range(1 + seed % step, events + 1, step):
        fresh()
        killed, _ = forked(work, kill_at=event)
        whole, _ = forked(left)
        again, _ = forked(work)
        finished, _ = forked(done)
        names = [p.name for p in folder.iterdir() if p.name.startswith(".")]
        print(json.dumps([event, killed, whole, again, finished, names, open_modes()]), flush=True)
""")
OPERATIONS = (
    "a new bundle",
    "an overwritten bundle",
    "a bundle overwritten without an exchange",
    "a file",
    "a stored value",
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork is killed, and this system has none")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kill_at_any_event_leaves_the_old_or_the_new(tmp_path, operation):
    places = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    step = 1 if FACTOR > 1 or operation in ("a file", "a stored value") else 3
    with tally(f"kills while writing {operation}") as counts:
        done = subprocess.run(
            [sys.executable, "-P", "-c", WORK, str(tmp_path), operation, str(step), str(SEED)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(places), "OMP_NUM_THREADS": "1"},
            timeout=300,
            umask=0o022,
        )
        if done.returncode:
            counts.fault(done.stderr)
        for line in done.stdout.splitlines():
            event, killed, whole, again, finished, names, modes = json.loads(line)
            if (killed, whole, again, finished, names, modes) == (-9, 0, 0, 0, [], []):
                counts.accepted += 1
            else:
                counts.fault(f"event {event}: {line}")
    assert counts.accepted >= 3
