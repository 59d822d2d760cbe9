"""Studies of trials: killed at every event of the file system, and with altered files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import penchant as pn
from penchant.errors import ParameterError
from penchant.models import ItemMean
from penchant.models.parameters import Space
from penchant.testing import planted_ratings
from support.fuzzing import FACTOR, SEED, generator, tally, tries

SPACE = {"damping": Space(0, 50)}

KILLS = textwrap.dedent("""
    import json, stat, sys
    from pathlib import Path
    import penchant as pn
    from penchant.models import ItemMean
    from penchant.models.parameters import Space
    from penchant.testing import planted_ratings
    from penchant.tuning import tune  # imports now, and not in each fork
    from support.crash_points import forked

    folder = Path(sys.argv[1])
    studies, step, seed = map(int, sys.argv[2:])

    def tuning(name, number):
        split = pn.split_random(planted_ratings(n_users=20), validation=0.2, test=0.2)
        method = ("random", "grid")[number % 2]
        space = {"damping": Space(0, 50) if method == "random" else [0, 1, 5]}
        result = tune(
            ItemMean(), split, "rmse", space=space, trials=3, method=method, seed=seed + number,
            study=folder / name,
        )
        return [(t.number, t.values, t.score) for t in result.trials]

    def write(name, number):
        (folder / f"{name}.json").write_text(json.dumps(tuning(name, number)))

    for number in range(studies):
        code, events = forked(lambda: write(f"whole-{number}", number))
        assert code == 0
        whole = (folder / f"whole-{number}.json").read_text()
        for event in range(1 + seed % step, events + 1, step):
            name = f"{number}-{event}"
            killed, _ = forked(lambda: write(name, number), kill_at=event)
            if number:  # in the long form killed once more, on the way back
                forked(lambda: write(name, number), kill_at=1 + event * 7 % events)
            again, _ = forked(lambda: write(name, number))
            same = again == 0 and (folder / f"{name}.json").read_text() == whole
            mode = stat.S_IMODE((folder / name).stat().st_mode) if same else 0
            litter = [p.name for p in folder.glob(f".{name}.*") if p.name != f".{name}.lock"]
            print(json.dumps([name, killed, same, mode & 0o022, litter]), flush=True)
""")


def test_a_study_survives_kills_at_every_event(tmp_path):
    places = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    with tally("kills of a tuning with a study") as counts:
        studies, step = tries(1, 10), 1 if FACTOR > 1 else 8
        done = subprocess.run(
            [sys.executable, "-P", "-c", KILLS, str(tmp_path), *map(str, (studies, step, SEED))],
            capture_output=True,
            text=True,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(places),
                "PYTHONDONTWRITEBYTECODE": "1",  # else the first fork alone writes modules
            },
            timeout=120 * studies,
            umask=0o022,
        )
        if done.returncode:
            counts.fault(done.stderr)
        for line in done.stdout.splitlines():
            name, killed, same, open_mode, litter = json.loads(line)
            if killed == -9 and same and not open_mode and not litter:
                counts.accepted += 1
            else:
                counts.fault(f"{name}: {killed=}, {same=}, mode {open_mode:o}, {litter=}")
    assert counts.accepted >= 5


def test_altered_studies_are_refused_or_give_the_same_result(tmp_path):
    split = pn.split_random(planted_ratings(n_users=20), validation=0.2, test=0.2, seed=SEED)
    file, rng = tmp_path / "study", generator("altered studies")

    def trials():
        tuning = pn.tune(
            ItemMean(), split, "rmse", space=SPACE, trials=6, method="random", study=file
        )
        return [(t.number, t.values, t.score) for t in tuning.trials]

    whole = trials()
    content = file.read_bytes()
    with tally("altered studies of trials") as counts:
        for number in range(tries(40, 2000)):
            altered = alter(content, rng)
            file.write_bytes(altered)
            try:
                same = trials() == whole
            except ParameterError as error:
                if file.read_bytes() == altered and str(error).count("\n") == 0:
                    counts.refused += 1
                else:
                    counts.fault(f"{number}: {error}")
            except Exception as error:
                counts.fault(f"{number}: {type(error).__name__}: {error}")
            else:
                if same:
                    counts.accepted += 1
                else:
                    counts.fault(f"{number}: other trials")


def alter(content, rng):
    """Bytes with some flipped, cut off, doubled, left out or put in."""
    start, end = sorted(int(place) for place in rng.integers(0, len(content) + 1, 2))
    kind = rng.integers(6)
    if kind == 0:
        flipped = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            flipped[place] ^= 1 << int(rng.integers(8))
        return bytes(flipped)
    if kind == 1:
        return content[:start]
    if kind == 2:
        return content[:end] + content[start:]
    if kind == 3:
        return content[:start] + content[end:]
    if kind == 4:
        return content[:start] + rng.bytes(20) + content[start:]
    lines = content.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)
