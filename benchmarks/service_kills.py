"""Kill the service again and again while people send feedback, and count what is lost.

    python benchmarks/service_kills.py --kills 50

With SQLite, and with a database of PostgreSQL that is named. Every event that the service has
acknowledged must be in the store after the last kill.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import penchant as pn  # noqa: E402
from penchant.models import make  # noqa: E402
from penchant.testing import planted_ratings  # noqa: E402
from support.killed_service import kill_under_writing  # noqa: E402


def main() -> None:
    """Print what was lost as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--postgresql", metavar="URL", help="also with this database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bundle = pn.save(make("popular").fit(planted_ratings()), Path(name) / "bundle")
        stores = {"sqlite": f"sqlite:///{name}/feedback.db"}
        if options.postgresql:
            stores["postgresql"] = options.postgresql
        for database, url in stores.items():
            tally = kill_under_writing(bundle, url, options.kills, options.seed)
            print(json.dumps({"database": database} | asdict(tally)))


if __name__ == "__main__":
    main()
