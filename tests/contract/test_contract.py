"""Every model of the table, and some variants, against the whole contract."""

from __future__ import annotations

from functools import partial
from itertools import groupby

import pytest

from penchant.models import TABLE, make
from penchant.testing import CHECKS

VARIANTS = (
    "popular:half_life=30",
    "recent-popular:half_life=30",
    "vs-knn:neighbours=60,idf=false,recent_sessions=100",
    "stan:half_life=30,max_length=4",
    "sequential-rules:window=1,backward=0,source_exponent=1",
    "sequential-rules:event_decay=0.4,neighbours=5",
    "item-mean:damping=5",
    "item-knn:similarity=pearson",
    "item-knn:similarity=adjusted-cosine",
    "item-knn:similarity=jaccard,neighbours=10",
    "user-knn:similarity=adjusted-cosine",
    "user-knn:similarity=pearson,neighbours=10",
    "ease:dropout=0.3,user_exponent=0.5,recency=0.5",
    "graph-filter:sharpening=0,exponent=0.5",
    "sparse-ease:neighbours=8,share=0",
    "co-occurrence:measure=count,shrinkage=0,neighbours=5",
    "co-occurrence:measure=conditional,min_common=3",
    "co-occurrence:measure=lift",
    "co-occurrence:measure=log-likelihood,shrinkage=0",
    "jaccard-agreement:target=adjusted(3,2)",
    "jaccard-agreement:target=like>=4",
    "dot:target=interaction",
    "dot:target=like>=4",
    "dot:target=adjusted(3,1),loss=mae,optimiser=rows",
    "dot:dim=1,biases=false",
    "dot:dropout=0.2,initialisation=uniform",
    "dot:hidden=32x16,skip=first,target=like>=4,loss=bce",
    "dot:hidden=16,activation=sigmoid,skip=dot,loss=mae,epochs=12",
    "dot:hidden=8,activation=linear,biases=false,target=interaction,l2=0.01",
    "ials:nu=0,l2=3",
    "ials:update_epochs=0",
    "rbm:initial_scale=0.1",
    "rbm:initial_scale=0.1,sample=true,hidden=10",
    "rating-rbm:axis=user",
    "rating-rbm:axis=user,refine=false,gibbs_steps=3",
    "autoencoder:initial_scale=0.01,epochs=50",
    "autorec:axis=user",
    "autorec:offsets=mean,presence=0,dropout=0",
    "mult-vae:annealing=0,l2=0.001",
    "attribute-network:architecture=recurrent",
    "attribute-network:architecture=recurrent,cell=gru,layers=2,hidden=8,dropout=0.1",
    "attribute-network:item_rate=true,layers=2,history_dropout=0",
    "item-knn:similarity=correlation",
    "dnn-regressor:output=linear,clip=0,log_scale=false,code_dim=3",
    "boosted-trees:target=like>=4",
    "boosted-trees:base_models=ials,event_share=1",
    "boosted-trees:target=interaction",
    "feature-mlp:target=like>=4,networks=1",
    "deep-fm:target=like>=4,hidden=none",
    "dcn-v2:target=like>=4,rank=4,experts=2,structure=stacked",
    "dcn-v2:rank=0,hidden=none",
    "ordinal:user_thresholds=false,dim=0",
    "ordinal:target=like>=4",
    "blend:target=like>=4,base_models=bias;ials,by_support=false",
    "list-blend:base_models=(user-knn;ials:dim=8,epochs=8),normalisation=reciprocal-rank",
    "list-blend:base_models=ease;popular,weights=0.7;0.3",
    "factorisation-machine:target=like>=4",
    "bayesian-fm:implicit=false,time_bins=0",
    "bayesian-fm:attributes=false,target=like>=4",
    "bayesian-fm:likelihood=ordered-probit",
    "gaussian-process:content=none,rater_dim=0,epochs=1",
    "hybrid-factors:loss=logistic",
    "hybrid:target=interaction",
    "hybrid:matrix=product,hidden=16x8,content=none,target=like>=4",
    "conv-mf:target=rating,l2=2",
    "rnn-autoencoder-mf:target=rating,l2=2,reviews=false",
    "content-profile:dislikes=0,text=0",
    "two-tower:full_softmax_items=0,id_dropout=0",
    "two-tower:labels=0,numbers=0,text=0,vectors=0,dropout=0,l2=0",
    "neumf:hidden=none,l2=0.01",
    "vbpr:labels=0,numbers=0,text=0,vectors=0,negatives=1",
)

# Logs this small need shorter vectors, and more steps an epoch, than the defaults have.
FOR_SMALL_LOGS = {
    "dot": {"dim": 8, "batch_size": 64, "learning_rate": 0.02, "epochs": 8},
    "ials": {"dim": 8, "epochs": 8},
    "rating-rbm": {"hidden": 16, "batch_size": 20, "epochs": 20},
    "attribute-network": {"batch_size": 128, "learning_rate": 0.03, "epochs": 10},
    "dnn-regressor": {"epochs": 6},
    "hybrid": {"epochs": 4},
    "autoencoder": {"initial_scale": 0.1, "hidden": 32, "epochs": 50},
    "autorec": {"hidden": 32, "l2": 2.0, "learning_rate": 0.02, "batch_size": 16, "epochs": 15},
    "boosted-trees": {"min_events": 20, "trees": 30, "learning_rate": 0.1},
    "feature-mlp": {"hidden": 16, "batch_size": 64, "learning_rate": 0.01, "epochs": 6},
    "deep-fm": {
        "dim": 4,
        "hidden": (16,),
        "batch_size": 64,
        "learning_rate": 0.01,
        "l2": 3,
        "epochs": 6,
    },
    "dcn-v2": {
        "dim": 4,
        "hidden": (16,),
        "batch_size": 64,
        "learning_rate": 0.01,
        "l2": 3,
        "epochs": 6,
    },
    "ordinal": {"dim": 4, "batch_size": 64, "learning_rate": 0.05, "epochs": 8},
    "blend": {"base_models": "bias;item-knn", "folds": 3},
    "factorisation-machine": {
        "dim": 4,
        "l2": 3,
        "batch_size": 64,
        "learning_rate": 0.05,
        "epochs": 10,
    },
    "bayesian-fm": {"dim": 4, "samples": 30, "burn_in": 10},
    "hybrid-factors": {
        "dim": 8,
        "l2": 3,
        "batch_size": 128,
        "learning_rate": 0.05,
        "epochs": 7,
    },
    "sampled-softmax": {"dim": 8, "batch_size": 64, "epochs": 10},
    "nmf": {"dim": 8},
    "rating-nmf": {"dim": 8},
    "two-tower": {
        "dim": 8,
        "hidden": 16,
        "batch_size": 20,
        "learning_rate": 0.02,
        "epochs": 10,
    },
    "vbpr": {"dim": 8, "content_dim": 4, "batch_size": 128, "learning_rate": 0.02, "epochs": 8},
    "bpr": {"dim": 8, "epochs": 15},
    "warp": {"dim": 8, "epochs": 15},
    "neumf": {
        "dim": 4,
        "mlp_dim": 4,
        "hidden": (8, 4),
        "batch_size": 64,
        "learning_rate": 0.02,
        "epochs": 10,
    },
    "gaussian-process": {"epochs": 5},
    "per-user": {"epochs": 60},
    "svdpp": {"dim": 8, "l2_history": 0.1, "learning_rate": 0.02, "epochs": 20},
    "asymmetric-svd": {"dim": 8, "learning_rate": 0.02, "epochs": 20},
    "sparse-fc": {"hidden": (12, 8), "l2": 2.0, "epochs": 4},
    "glocal-k": {"hidden": (12, 8), "l2": 2.0, "epochs": 4, "fine_tuning_epochs": 2},
    **{
        name: {"dim": 4, "width": 8, "length": 8, "batch_size": 16, "epochs": 8}
        for name in ("conv-mf", "conv-rnn-mf", "rnn-autoencoder-mf", "conv-autoencoder-mf")
    },
    "fpmc": {"dim": 8, "batch_size": 64, "epochs": 10},
    **{
        name: {"dim": 32, "batch_size": 256, "learning_rate": 0.02, "epochs": 8}
        for name in ("esasrec", "gru4rec", "sr-gnn")
    },
    "sasrec": {"dim": 32, "blocks": 1, "batch_size": 256, "learning_rate": 0.02, "epochs": 8},
    "mult-dae": {"hidden": 32, "dim": 16, "batch_size": 20, "epochs": 20},
    "mult-vae": {"hidden": 32, "dim": 16, "batch_size": 20, "epochs": 20},
}


def factory_of(spec):
    model = make(spec)
    name, _, given = spec.partition(":")
    small = {k: v for k, v in FOR_SMALL_LOGS.get(name, {}).items() if f"{k}=" not in given}
    return partial(type(model), **(model.params() | small))


PARTS = {
    part: list(checks) for part, checks in groupby(CHECKS, lambda name: CHECKS[name].__module__)
}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.rpartition(".")[2])
@pytest.mark.parametrize("spec", [*TABLE, *VARIANTS])
def test_contract(spec, part):
    """All checks of a part in one test: thousands of tests cost more than most of the checks."""
    factory, failures = factory_of(spec), []
    for check in PARTS[part]:
        try:
            CHECKS[check](factory)
        except Exception as error:
            error.add_note(f"The check was {check}.")
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{spec} breaks the contract", failures)
