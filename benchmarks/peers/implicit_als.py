"""Fit implicit's ALS at several settings and judge each epoch; prints one JSON line.

Run inside the environment of `implicit.txt`: `python implicit_als.py FILE`, the arrays that
`least_squares.py` makes. What judging takes does not count.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import argparse
import json
import time
from pathlib import Path

import implicit
import numpy as np
from implicit.als import AlternatingLeastSquares
from ndcg import ndcg
from scipy import sparse

THREADS = int(os.environ["OMP_NUM_THREADS"])


def main() -> None:
    """Fit each setting once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--judged", type=int, nargs="*", default=[1, 2, 3, 5, 8, 15])
    parser.add_argument("--alpha", type=float, nargs="*", default=[0.25, 1, 4])
    parser.add_argument("--regularization", type=float, nargs="*", default=[3, 10, 30])
    args = parser.parse_args()
    held = dict(np.load(args.path))
    ones = np.ones(len(held["user"]), np.float32)
    shape = int(held["n_users"]), int(held["n_items"])
    matrix = sparse.csr_matrix((ones, (held["user"], held["item"])), shape=shape)
    curves = {}
    for alpha in args.alpha:
        for regularization in args.regularization:
            model = AlternatingLeastSquares(
                factors=args.factors,
                iterations=max(args.judged),
                alpha=alpha,
                regularization=regularization,
                use_cg=True,
                num_threads=THREADS,
                random_state=0,
            )
            curve: list[dict[str, float]] = []
            paused = 0.0

            def judge(iteration: int, *_: object) -> None:
                nonlocal paused
                now = time.perf_counter()
                if iteration + 1 in args.judged:
                    row = {"epochs": iteration + 1, "seconds": now - start - paused}  # noqa: B023
                    users, items = model.user_factors, model.item_factors  # noqa: B023
                    curve.append(row | {"ndcg": ndcg(users, items, held)})  # noqa: B023
                paused += time.perf_counter() - now

            start = time.perf_counter()
            model.fit(matrix, show_progress=False, callback=judge)
            curves[f"alpha {alpha:g}, regularization {regularization:g}"] = curve
    print(json.dumps({"peer": "implicit", "version": implicit.__version__, "curves": curves}))


if __name__ == "__main__":
    main()
