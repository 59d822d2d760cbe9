"""Fit Surprise's models to a training file and write their predictions as a plain file.

Run inside the environment of `surprise.txt`: `python surprise_files.py TRAIN TEST FOLDER`, where
both have tab-separated user, item, rating and time as MovieLens 100K's parts do. FOLDER gets
`predictions.csv` with user, item and a column for each model. Prints one JSON line.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "1")

import argparse
import csv
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from surprise import SVD, BaselineOnly, Dataset, KNNBaseline, NormalPredictor, Reader
from surprise.model_selection import PredefinedKFold


def main() -> None:
    """Fit, predict and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()

    np.random.seed(0)  # noqa: NPY002 (the normal predictor draws from this state)
    reader = Reader(line_format="user item rating timestamp", sep="\t", rating_scale=(1, 5))
    data = Dataset.load_from_folds([(str(args.train), str(args.test))], reader=reader)
    train, test = next(PredefinedKFold().split(data))
    models = {
        "svd": SVD(random_state=0),
        "knn-baseline": KNNBaseline(verbose=False),
        "baseline-only": BaselineOnly(verbose=False),
        "normal-predictor": NormalPredictor(),
    }
    said = {name: [p.est for p in model.fit(train).test(test)] for name, model in models.items()}
    with (args.folder / "predictions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user", "item", *said])
        for (user, item, _), *values in zip(test, *said.values(), strict=True):
            rows.writerow([user, item, *values])
    print(
        json.dumps({"peer": "surprise", "version": version("scikit-surprise"), "rows": len(test)})
    )


if __name__ == "__main__":
    main()
