"""Take MovieLens 100K to other libraries and their results back, with their real packages.

`python benchmarks/interchange.py [LIBRARY …]` prints a JSON line for each: how many events came
back out of the library's own object, how many rows of predictions or lists, and what the audit says
of them. Environments are those of `run.py`; what penchant needs beside them is taken from this one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sysconfig
from pathlib import Path

from run import HERE, environment

LIBRARIES = ("surprise", "lenskit", "rectools", "cornac", "recbole")


def main() -> None:
    """Run each library's part in its environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help=", ".join(LIBRARIES))
    parser.add_argument("--peers", type=Path, default=HERE / ".peers", help="Environments.")
    args = parser.parse_args()
    if unknown := sorted({*args.libraries} - {*LIBRARIES}):
        parser.error(f"{unknown[0]!r} is none of {', '.join(LIBRARIES)}")
    paths = [str(HERE.parent / "src"), sysconfig.get_path("purelib")]
    for library in args.libraries or LIBRARIES:
        command = [environment(library, args.peers), HERE / "peers" / "interchange.py", library]
        variables = os.environ | {"PENCHANT_PATHS": os.pathsep.join(paths), "PYTHONPATH": ""}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
        if done.returncode:
            raise SystemExit(f"{library} failed:\n{done.stderr[-2000:]}")
        print(done.stdout.strip().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
