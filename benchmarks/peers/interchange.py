"""Take a log to another library and its results back; prints one JSON line.

Run by `interchange.py` one folder up, inside the environment of the library.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

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


def recbole(split: pn.Split) -> dict[str, object]:
    """Lists by BPR after an epoch for test users."""
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.trainer import Trainer
    from recbole.utils import get_model
    from recbole.utils.case_study import full_sort_topk
    from recbole_settings import QUIETLY

    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)  # RecBole writes its logs into the working directory
        (folder / "log").mkdir()
        frame = pn.to_library(split.train, "pandas")[["user", "item", "rating"]]
        frame.columns = ["user_id:token", "item_id:token", "rating:float"]
        frame.to_csv(folder / "log" / "log.inter", sep="\t", index=False)
        settings = {
            "data_path": str(folder),
            "checkpoint_dir": str(folder / "saved"),
            "load_col": {"inter": ["user_id", "item_id", "rating"]},
            # All but a thousandth, as there has to be something to validate on.
            "eval_args": {"split": {"RS": [0.998, 0.001, 0.001]}, "order": "RO", "mode": "full"},
            **QUIETLY,
        }
        arguments, sys.argv = sys.argv, sys.argv[:1]  # RecBole would read the options as its own
        config = Config(model="BPR", dataset="log", config_dict=settings)
        sys.argv = arguments
        data = create_dataset(config)
        events = len(pn.from_library(data))
        train, _, test = data_preparation(config, data)
        model = get_model("BPR")(config, train.dataset)
        Trainer(config, model)._train_epoch(train, 0)
        known = split.test.histories.users[split.test.histories.lengths > 0]
        users = split.log.users.take(known).to_list()
        ids = data.token2id("user_id", [str(user) for user in users])
        _, indices = full_sort_topk(ids, model, test, 10, device="cpu")
        items = data.field2id_token["item_id"]
        lists = pn.lists_from(indices.numpy(), users=users, items=items)
    return {"events": [events], "lists": lists}


LIBRARIES = {
    "surprise": surprise,
    "lenskit": lenskit,
    "rectools": rectools,
    "cornac": cornac,
    "recbole": recbole,
}


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
