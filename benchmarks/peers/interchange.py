"""Take a log to another library and its results back; prints one JSON line.

Run by `interchange.py` one folder up, inside the environment of the library.
"""

import argparse
import json
import os
import sys

# What penchant needs and the library does not bring, behind all that it brings.
sys.path += os.environ["PENCHANT_PATHS"].split(os.pathsep)

import numpy as np

import penchant as pn


def surprise(split: pn.Split) -> dict[str, object]:
    """SVD's predictions of the test ratings."""
    import pandas as pd
    from surprise import SVD, Dataset, Reader

    low, high = split.log.rating_range
    frame = pn.to_library(split.train, "surprise")
    data = Dataset.load_from_df(frame, Reader(rating_scale=(low, high)))
    train = data.build_full_trainset()
    back = pn.from_library(train), pn.from_library(data)
    rows = split.log.frame().filter(split.sides == 2)
    test = list(rows.select("user", "item", "rating").iter_rows())
    found = pn.predictions_from(SVD(random_state=0).fit(train).test(test))
    table = found.with_columns(rating=rows["rating"])
    rmse = pn.evaluate_predictions(table, ["rmse"]).values("rmse")["prediction"]
    assert isinstance(frame, pd.DataFrame)
    return {"rmse": rmse, "events": [len(log) for log in back], "predictions": found}


def lenskit(split: pn.Split) -> dict[str, object]:
    """Item neighbours' lists for test users."""
    from lenskit.batch import recommend
    from lenskit.data import from_interactions_df
    from lenskit.knn import ItemKNNScorer
    from lenskit.pipeline import topn_pipeline

    data = from_interactions_df(pn.to_library(split.train, "lenskit"))
    pipeline = topn_pipeline(ItemKNNScorer(feedback="implicit"), n=10)
    pipeline.train(data)
    users = split.log.users.take(split.test.histories.users).to_list()
    found = recommend(pipeline, users, 10)
    return {"events": [len(pn.from_library(data))], "lists": pn.lists_from(found)}


def rectools(split: pn.Split) -> dict[str, object]:
    """EASE's lists for test users."""
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    data = Dataset.construct(pn.to_library(split.train, "rectools"))
    users = split.log.users.take(split.test.histories.users).to_list()
    found = EASEModel().fit(data).recommend(users, data, k=10, filter_viewed=True)
    return {"events": [len(pn.from_library(data))], "lists": pn.lists_from(found)}


def cornac(split: pn.Split) -> dict[str, object]:
    """Lists by matrix factorisation for test users."""
    from cornac.data import Dataset
    from cornac.models import MF

    data = Dataset.from_uirt(pn.to_library(split.train, "cornac"), seed=0)
    model = MF(k=16, max_iter=20, seed=0).fit(data)
    users = split.log.users.take(split.test.histories.users).to_list()
    lists = {
        user: model.recommend(user, k=10, remove_seen=True, train_set=data)
        for user in users
        if user in data.uid_map
    }
    return {"events": [len(pn.from_library(data))], "lists": pn.lists_from(lists)}


LIBRARIES = {"surprise": surprise, "lenskit": lenskit, "rectools": rectools, "cornac": cornac}


def main() -> None:
    """Go there and back, and audit what came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=LIBRARIES)
    args = parser.parse_args()
    np.random.seed(0)  # noqa: NPY002 (Surprise draws from it)
    split = pn.split_random(pn.load("movielens-100k"), validation=0)
    found = LIBRARIES[args.library](split)
    given = {name: found.pop(name) for name in ("predictions", "lists") if name in found}
    findings = pn.audit(split, **{name: {args.library: frame} for name, frame in given.items()})
    print(
        json.dumps(
            {
                "library": args.library,
                "train events": len(split.train),
                **found,
                "rows": {name: len(frame) for name, frame in given.items()},
                "no better than trivial": findings["no-better-than-trivial"].level,
                "objections": len(findings.objections),
            }
        )
    )


if __name__ == "__main__":
    main()
