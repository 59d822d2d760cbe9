"""Time predicted ratings of Surprise's neighbours; prints one JSON line.

Run inside the environment of `surprise.txt`. Its best model of neighbours: KNNBaseline with
`pearson_baseline`, whose similarities are made while it is fitted, which is not timed.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import numpy as np
from ratings import COLUMNS, NEIGHBOURS, arguments, parts, reply
from surprise import Dataset, KNNBaseline, Reader


def main() -> None:
    """Fit, predict several times, and print the figures."""
    args = arguments(__doc__)
    train, test = parts(args.path)
    data = Dataset.load_from_df(train[COLUMNS[:3]], Reader(rating_scale=(1, 5)))
    model = KNNBaseline(
        k=NEIGHBOURS,
        sim_options={"name": "pearson_baseline", "user_based": args.of == "users"},
        verbose=False,
    )
    model.fit(data.build_full_trainset())
    rows = list(test[COLUMNS[:3]].itertuples(index=False, name=None))
    reply(
        "surprise",
        "scikit-surprise",
        lambda: np.array([p.est for p in model.test(rows)]),
        test["rating"].to_numpy(),
        args.repeats,
    )


if __name__ == "__main__":
    main()
