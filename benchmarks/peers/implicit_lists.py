"""Lists by a model of implicit at its defaults, for test users of a split in a folder."""

import time

import implicit
import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from parts import Parts, arguments, reply

MODELS = {
    "als": lambda: AlternatingLeastSquares(random_state=0),
    "bpr": lambda: BayesianPersonalizedRanking(random_state=0),
    "cosine": CosineRecommender,
    "tfidf": TFIDFRecommender,
    "bm25": BM25Recommender,
}

args = arguments(MODELS)
parts = Parts(args.folder, args.positive)
model = MODELS[args.model]()
started = time.perf_counter()
model.fit(parts.train, show_progress=False)
seconds = time.perf_counter() - started
# Users' vectors are made of all that is known of them where the library can do so.
options = {"recalculate_user": True} if args.model == "als" else {}
known = parts.known[parts.test_users]
items, scores = model.recommend(
    parts.test_users, known, N=args.n, filter_already_liked_items=True, **options
)
lowest = np.finfo(np.float32).min
parts.write(np.where(scores > lowest, items, -1), args.lists)
reply(seconds, f"implicit {implicit.__version__}")
