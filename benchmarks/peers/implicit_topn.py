"""Time implicit's ALS: the fit, and the top 10 for every user with seen items left out.

Run inside the environment of `implicit.txt`; prints one JSON line.
"""

import os

# implicit runs its own threads and asks that BLAS keep to one.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import implicit
import numpy as np
import pandas as pd
import scipy
from implicit.als import AlternatingLeastSquares
from scipy import sparse

THREADS = int(os.environ["OMP_NUM_THREADS"])
COLUMNS = ["user", "item", "rating", "timestamp"]


def load(path: Path) -> sparse.csr_matrix:
    """The users × items matrix with a one for every rating."""
    frame = pd.read_csv(path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
    users, user_ids = pd.factorize(frame["user"])
    items, item_ids = pd.factorize(frame["item"])
    ones = np.ones(len(frame), dtype=np.float32)
    return sparse.csr_matrix((ones, (users, items)), shape=(len(user_ids), len(item_ids)))


def main() -> None:
    """Fit, recommend several times, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=15)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fits", type=int, default=1, help="how often to fit")
    parser.add_argument("--cholesky", action="store_true", help="solve exactly, not by CG")
    args = parser.parse_args()

    matrix = load(args.path)
    fit_seconds = []
    for _ in range(args.fits):
        model = AlternatingLeastSquares(
            factors=args.factors,
            iterations=args.iterations,
            use_cg=not args.cholesky,
            num_threads=THREADS,
            random_state=0,
        )
        start = time.perf_counter()
        model.fit(matrix, show_progress=False)
        fit_seconds.append(round(time.perf_counter() - start, 4))

    users = np.arange(matrix.shape[0])
    model.recommend(users[:256], matrix[:256], N=args.n)  # starts the threads
    seconds = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        model.recommend(users, matrix, N=args.n, filter_already_liked_items=True)
        seconds.append(round(time.perf_counter() - start, 4))
    print(
        json.dumps(
            {
                "peer": "implicit",
                "task": "topn",
                "solver": "cholesky" if args.cholesky else "cg",
                "factors": args.factors,
                "iterations": args.iterations,
                "users": matrix.shape[0],
                "items": matrix.shape[1],
                "interactions": int(matrix.nnz),
                "threads": THREADS,
                "fit_seconds": fit_seconds,
                "seconds": seconds,
                "users_per_s": {
                    "best": round(len(users) / min(seconds), 1),
                    "median": round(len(users) / statistics.median(seconds), 1),
                },
                "versions": {
                    "python": platform.python_version(),
                    "implicit": implicit.__version__,
                    "numpy": np.__version__,
                    "scipy": scipy.__version__,
                },
            }
        )
    )


if __name__ == "__main__":
    main()
