"""Lists by a model of LensKit at its defaults, for test users of a split in a folder."""

import time
from importlib.metadata import version

import numpy as np
import pandas as pd
from lenskit.als import ImplicitMFScorer
from lenskit.basic import PopScorer
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer, UserKNNScorer
from lenskit.operations import recommend
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions
from parts import Parts, arguments, reply

MODELS = {
    "als": ImplicitMFScorer,
    "item-knn": lambda: ItemKNNScorer(feedback="implicit"),
    "user-knn": lambda: UserKNNScorer(feedback="implicit"),
    "ease": EASEScorer,
    "popular": PopScorer,
}

args = arguments(MODELS)
parts = Parts(args.folder, args.positive)
users, items = parts.train.nonzero()
data = from_interactions_df(pd.DataFrame({"user_id": users, "item_id": items}))
pipeline = topn_pipeline(MODELS[args.model](), n=args.n)
started = time.perf_counter()
pipeline.train(data, TrainingOptions(rng=0))
seconds = time.perf_counter() - started
trained = np.unique(items)  # it knows no others, and refuses histories that have some
lists = np.full((len(parts.test_users), args.n), -1)
for place, user in enumerate(parts.test_users):
    known = np.intersect1d(parts.known[user].indices, trained)
    query = RecQuery(user_id=user, user_items=ItemList(item_ids=known))
    found = recommend(pipeline, query, n=args.n).ids()
    lists[place, : len(found)] = found
parts.write(lists, args.lists)
reply(seconds, f"lenskit {version('lenskit')}")
