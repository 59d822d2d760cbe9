"""Time predicted ratings of LensKit's neighbours; prints one JSON line.

Run inside the environment of `lenskit.txt`. The scorers are LensKit's for explicit feedback, at
their defaults but for the number of neighbours.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import warnings

import numpy as np
import pandas as pd
from lenskit.batch import predict
from lenskit.data import ItemListCollection, from_interactions_df
from lenskit.knn import ItemKNNScorer, UserKNNScorer
from lenskit.parallel import initialize
from lenskit.pipeline import predict_pipeline
from ratings import NEIGHBOURS, THREADS, arguments, parts, reply

NAMES = {"user": "user_id", "item": "item_id"}


def main() -> None:
    """Fit, predict several times, and print the figures."""
    args = arguments(__doc__)
    warnings.simplefilter("ignore")
    initialize(processes=1, threads=THREADS, backend_threads=THREADS)
    train, test = (
        part.rename(columns=NAMES).drop(columns="timestamp") for part in parts(args.path)
    )
    kind = ItemKNNScorer if args.of == "items" else UserKNNScorer
    scorer = kind(max_nbrs=NEIGHBOURS, feedback="explicit")
    pipeline = predict_pipeline(scorer)
    pipeline.train(from_interactions_df(train))
    asked = ItemListCollection.from_df(test, ["user_id"])
    truth = test.set_index(["user_id", "item_id"])["rating"]

    def predicted() -> np.ndarray:
        said = (
            predict(pipeline, asked, n_jobs=THREADS)
            .to_df()
            .set_index(["user_id", "item_id"])["score"]
        )
        found: pd.Series = said.reindex(truth.index)
        return found.to_numpy()

    reply("lenskit", "lenskit", predicted, truth.to_numpy(), args.repeats)


if __name__ == "__main__":
    main()
