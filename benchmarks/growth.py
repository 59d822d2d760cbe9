"""How time and memory of learning grow with a log; prints one JSON line.

`python benchmarks/growth.py EVENTS MODEL` fits a model at its defaults to a made-up log with so
many events, a sixtieth as many users and a two hundred and fiftieth as many items, and asks for the
top 10 of a thousand users. `make quality` runs it at 100 thousand, 1 and 10 million events.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from audit_speed import made_up
from penchant.evaluation.cost import measured
from penchant.models.table import make
from penchant.run import Run, versions

USERS = 1000


def main() -> None:
    """Fit, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--max-hours", type=float, default=1.0)
    args = parser.parse_args()
    log = made_up(args.events)
    _ = log.histories  # sorted once for all models
    run = Run(threads=args.threads, max_hours=args.max_hours)
    model = make(args.model)
    with measured() as fitting:
        model.fit(log, run=run)
    users = np.random.default_rng(0).choice(log.n_users, min(USERS, log.n_users), replace=False)
    started = time.perf_counter()
    model.recommend(log.users.take(users).to_list(), 10)
    print(
        json.dumps(
            {
                "events": args.events,
                "fit_seconds": round(fitting.seconds, 3),
                "peak_mb": None if fitting.peak_bytes is None else round(fitting.peak_bytes / 1e6),
                "list_ms": round((time.perf_counter() - started) / len(users) * 1e3, 3),
                "versions": versions(),
            }
        )
    )


if __name__ == "__main__":
    main()
