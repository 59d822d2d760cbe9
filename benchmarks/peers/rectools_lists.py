"""Lists by a model of RecTools at its defaults, for test users of a split in a folder."""

import time
from importlib.metadata import version

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
from parts import Parts, arguments, reply
from rectools.dataset import Dataset
from rectools.models import (
    EASEModel,
    ImplicitALSWrapperModel,
    ImplicitBPRWrapperModel,
    ImplicitItemKNNWrapperModel,
)

MODELS = {
    "ease": EASEModel,
    "als": lambda: ImplicitALSWrapperModel(AlternatingLeastSquares(random_state=0)),
    "bpr": lambda: ImplicitBPRWrapperModel(BayesianPersonalizedRanking(random_state=0)),
    "cosine": lambda: ImplicitItemKNNWrapperModel(CosineRecommender()),
    "tfidf": lambda: ImplicitItemKNNWrapperModel(TFIDFRecommender()),
}


def dataset(matrix):
    """Ones for events, in order of users and items."""
    users, items = matrix.nonzero()
    frame = pd.DataFrame({"user_id": users, "item_id": items, "weight": 1.0})
    return Dataset.construct(frame.assign(datetime=pd.Timestamp("2020-01-01")))


args = arguments(MODELS)
parts = Parts(args.folder, args.positive)
model = MODELS[args.model]()
data = dataset(parts.train)
started = time.perf_counter()
model.fit(data)
seconds = time.perf_counter() - started
place_of = {user: place for place, user in enumerate(parts.test_users)}
warm = np.intersect1d(parts.test_users, data.user_id_map.external_ids)
lists = np.full((len(parts.test_users), args.n), -1)
found = model.recommend(warm, data, k=args.n + 50, filter_viewed=True)
for user, group in found.sort_values(["user_id", "rank"]).groupby("user_id"):
    seen = set(parts.known[user].indices)
    own = [item for item in group["item_id"] if item not in seen][: args.n]
    lists[place_of[user], : len(own)] = own
parts.write(lists, args.lists)
reply(seconds, f"rectools {version('rectools')}")
