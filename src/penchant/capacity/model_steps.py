"""Further models as steps, and what their time and memory grow with."""

from __future__ import annotations

from penchant.capacity.amounts import (
    CELLS,
    EVENTS,
    ITEM_PAIRS,
    PAIRS,
    SINGULAR_VECTORS,
    Amount,
    Work,
    model_bytes,
    singular_vector_bytes,
)
from penchant.capacity.step import WITHOUT_OLD, Step

_WORK: dict[Work, str] = {
    EVENTS: "random personal-popular personal-recent recent-popular decayed-frequency tifu-knn"
    " basket-co-occurrence markov sequential-rules vs-knn stan user-knn jaccard-agreement"
    " global-mean user-mean item-mean bias majority user-majority bayesian-fm boosted-trees",
    PAIRS: "p3alpha co-occurrence repeat-item-knn",
    ITEM_PAIRS: "slim",
    SINGULAR_VECTORS: "graph-filter",
}
_WORK_OF_EPOCHS: dict[Work, str] = {
    EVENTS: "warp dot neumf sampled-softmax nmf svdpp asymmetric-svd factorisation-machine"
    " hybrid-factors sasrec esasrec gru4rec fpmc sr-gnn lightgcn ultragcn"
    " feature-mlp deep-fm dcn-v2 dnn-regressor ordinal",
    CELLS: "mult-dae mult-vae autoencoder autorec rbm rating-rbm sparse-fc glocal-k rating-nmf",
}

_BYTES: dict[str, Amount] = {
    # of an event, of a user and of an item
    "tifu-knn": model_bytes(100),
    "basket-co-occurrence": model_bytes(120, items=3200),
    "markov": model_bytes(40),
    "sequential-rules": model_bytes(240),
    "vs-knn": model_bytes(40),
    "stan": model_bytes(40),
    "user-knn": model_bytes(45),
    "jaccard-agreement": model_bytes(65),
    "bayesian-fm": model_bytes(200, users=3840, items=7680),
    "boosted-trees": model_bytes(300),
    "p3alpha": model_bytes(60, items=3200),
    "co-occurrence": model_bytes(60, items=3200),
    "repeat-item-knn": model_bytes(36, items=1600),
    "slim": model_bytes(24, items=3200, gram_bytes=4),
    "graph-filter": singular_vector_bytes,
    "warp": model_bytes(30, users=1024, items=1024),
    "dot": model_bytes(20, users=512, items=512),
    "neumf": model_bytes(30, users=512, items=512),
    "sampled-softmax": model_bytes(30, users=1024, items=1024),
    "nmf": model_bytes(16, users=1024, items=1024),
    "svdpp": model_bytes(60, users=1024, items=1024),
    "asymmetric-svd": model_bytes(60, users=512, items=512),
    "factorisation-machine": model_bytes(60, users=256, items=256),
    "hybrid-factors": model_bytes(320, users=256, items=256),
    "sasrec": model_bytes(20, items=2304),
    "esasrec": model_bytes(20, items=2304),
    "gru4rec": model_bytes(20, items=2304),
    "sr-gnn": model_bytes(20, items=2304),
    "fpmc": model_bytes(40, users=1024, items=3072),
    "lightgcn": model_bytes(32, users=3072, items=3072),
    "ultragcn": model_bytes(30, users=1024, items=1144),
    "feature-mlp": model_bytes(800),
    "deep-fm": model_bytes(800, users=128, items=128),
    "dcn-v2": model_bytes(800, users=128, items=128),
    "dnn-regressor": model_bytes(430),
    "ordinal": model_bytes(950, users=128, items=128),
    "mult-dae": model_bytes(items=26_400),
    "mult-vae": model_bytes(items=26_400),
    "autoencoder": model_bytes(items=12_640),
    "autorec": model_bytes(users=24_000, items=4000),
    "rbm": model_bytes(25, items=2760),
    "rating-rbm": model_bytes(300, users=48_000, items=800),
    "sparse-fc": model_bytes(480, users=120_000, items=16_000),
    "glocal-k": model_bytes(2200, users=120_000, items=16_000),
    "rating-nmf": model_bytes(cells=4.5),
}
"""Memory beside the log; trivial models take hardly any."""


def _steps() -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for by_work, spec, title in (
        (_WORK, "{}", "{}"),
        (_WORK_OF_EPOCHS, "{}:epochs=1", "{}, an epoch"),
    ):
        for work, names in by_work.items():
            for name in names.split():
                steps[name] = Step(
                    title=title.format(name),
                    work=work,
                    array_bytes=_BYTES.get(name, model_bytes()),
                    spec=spec.format(name),
                    remedy=WITHOUT_OLD,
                )
    return steps


MODEL_STEPS: dict[str, Step] = _steps()
"""By the names that measurements have."""
