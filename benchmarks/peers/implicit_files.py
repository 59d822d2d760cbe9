"""Fit implicit's models to a training file and write their recommendations as plain files.

Run inside the environment of `implicit.txt`: `python implicit_files.py TRAIN FOLDER`, where TRAIN
has tab-separated user, item, rating and time as MovieLens 100K's parts do. FOLDER gets one
`lists-<model>.csv` a model with user, item and rank. Prints one JSON line.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "1")

import argparse
import json
from pathlib import Path

import implicit
import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender
from scipy import sparse

COLUMNS = ["user", "item", "rating", "time"]
THREADS = int(os.environ["OMP_NUM_THREADS"])


def main() -> None:
    """Fit, recommend and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=10)
    args = parser.parse_args()

    frame = pd.read_csv(args.train, sep="\t", names=COLUMNS)
    users, user_ids = pd.factorize(frame["user"])
    items, item_ids = pd.factorize(frame["item"])
    ones = np.ones(len(frame), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (users, items)), shape=(len(user_ids), len(item_ids)))
    models = {
        "als": AlternatingLeastSquares(
            factors=32, iterations=15, num_threads=THREADS, random_state=0
        ),
        "bm25-knn": BM25Recommender(K=50, num_threads=THREADS),
    }
    written = {}
    for name, model in models.items():
        model.fit(matrix, show_progress=False)
        found, _ = model.recommend(np.arange(len(user_ids)), matrix, N=args.n)
        lists = pd.DataFrame(
            {
                "user": np.repeat(user_ids.to_numpy(), found.shape[1]),
                "item": item_ids.to_numpy()[found.ravel()],
                "rank": np.tile(np.arange(1, found.shape[1] + 1), len(user_ids)),
            }
        )
        lists.to_csv(args.folder / f"lists-{name}.csv", index=False)
        written[name] = len(lists)
    print(json.dumps({"peer": "implicit", "version": implicit.__version__, "rows": written}))


if __name__ == "__main__":
    main()
