"""Further models as steps, and what their time and memory grow with."""

from __future__ import annotations

from penchant.capacity.amounts import (
    CELLS,
    EVENTS,
    ITEM_CELLS,
    PAIRS,
    USER_PAIRS,
    Work,
    vector_bytes,
)
from penchant.capacity.step import WITHOUT_OLD, Step

_AT_ONCE: dict[Work, str] = {
    EVENTS: "random personal-popular personal-recent recent-popular decayed-frequency tifu-knn"
    " basket-co-occurrence markov sequential-rules vs-knn stan"
    " global-mean user-mean item-mean bias majority user-majority bayesian-fm boosted-trees",
    PAIRS: "p3alpha co-occurrence repeat-item-knn",
    USER_PAIRS: "user-knn jaccard-agreement",
    ITEM_CELLS: "slim",
    CELLS: "graph-filter",
}
_BY_EPOCHS: dict[Work, str] = {
    EVENTS: "warp dot neumf sampled-softmax nmf svdpp asymmetric-svd factorisation-machine"
    " hybrid-factors sasrec esasrec gru4rec fpmc sr-gnn lightgcn ultragcn"
    " feature-mlp deep-fm dcn-v2 dnn-regressor ordinal",
    CELLS: "mult-dae mult-vae autoencoder autorec rbm rating-rbm sparse-fc glocal-k rating-nmf",
}


def _steps() -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for by_work, spec, title, remedy in (
        (_AT_ONCE, "{}", "{}", WITHOUT_OLD),
        (_BY_EPOCHS, "{}:epochs=1", "{}, an epoch", f"lower `epochs`, or {WITHOUT_OLD}"),
    ):
        for work, names in by_work.items():
            for name in names.split():
                steps[name] = Step(
                    title=title.format(name),
                    work=work,
                    memory=vector_bytes if work is EVENTS else work.amount,
                    spec=spec.format(name),
                    remedy=remedy,
                )
    return steps


MODEL_STEPS: dict[str, Step] = _steps()
"""By the names that measurements have."""
