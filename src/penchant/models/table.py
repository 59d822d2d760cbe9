"""The table of recommenders by name, and models made from texts such as `ease:l2=300`."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from penchant.errors import ParameterError
from penchant.models.foreign import divide, imported, place_of
from penchant.models.parameters import check_names
from penchant.wording import nearest_hint

if TYPE_CHECKING:
    from penchant.models.base import Recommender, Task

TABLE: dict[str, str] = {
    "random": "baselines:Random",
    "popular": "baselines:Popular",
    "personal-popular": "repeats.personal:PersonalPopular",
    "personal-recent": "repeats.personal:PersonalRecent",
    "recent-popular": "baselines:RecentPopular",
    "markov": "sequence.markov:MarkovChain",
    "global-mean": "baselines:GlobalMean",
    "user-mean": "baselines:UserMean",
    "item-mean": "baselines:ItemMean",
    "bias": "baselines:Bias",
    "majority": "baselines:MajorityClass",
    "user-majority": "baselines:UserMajority",
    "item-knn": "neighbours.item_knn:ItemKNN",
    "user-knn": "neighbours.user_knn:UserKNN",
    "jaccard-agreement": "neighbours.jaccard_agreement:JaccardAgreement",
    "ease": "linear.ease:EASE",
    "sparse-ease": "linear.sparse_ease:SparseEASE",
    "slim": "linear.slim:SLIM",
    "p3alpha": "linear.random_walk:P3Alpha",
    "rp3beta": "linear.random_walk:RP3Beta",
    "graph-filter": "linear.graph_filter:GraphFilter",
    "co-occurrence": "neighbours.co_occurrence:CoOccurrence",
    "basket-co-occurrence": "neighbours.basket_co_occurrence:BasketCoOccurrence",
    "decayed-frequency": "repeats.decayed_frequency:DecayedFrequency",
    "tifu-knn": "repeats.tifu_knn:TIFUKNN",
    "repeat-item-knn": "neighbours.repeat_item_knn:RepeatItemKNN",
    "sasrec": "sequence.sasrec:SASRec",
    "esasrec": "sequence.sasrec:ESASRec",
    "gru4rec": "sequence.gru4rec:GRU4Rec",
    "fpmc": "sequence.fpmc:FPMC",
    "vs-knn": "sequence.session_knn:VSKNN",
    "stan": "sequence.session_knn:STAN",
    "sr-gnn": "sequence.sr_gnn:SRGNN",
    "sequential-rules": "sequence.sequential_rules:SequentialRules",
    "lightgcn": "graph.lightgcn:LightGCN",
    "ultragcn": "graph.ultragcn:UltraGCN",
    "sampled-softmax": "factorisation.sampled_softmax:SampledSoftmax",
    "nmf": "factorisation.nmf:NMF",
    "rating-nmf": "factorisation.rating_nmf:RatingNMF",
    "ials": "ials.model:IALS",
    "dot": "dot.model:DotProduct",
    "rbm": "rbm.binary:RBM",
    "rating-rbm": "rbm.rating:RatingRBM",
    "per-user": "attributes.per_user:PerUserNetwork",
    "attribute-network": "attributes.network:AttributeNetwork",
    "autoencoder": "autoencoders.plain:Autoencoder",
    "autorec": "autoencoders.autorec:AutoRec",
    "sparse-fc": "autoencoders.sparse_fc:SparseFC",
    "glocal-k": "autoencoders.glocal_k:GLocalK",
    "mult-dae": "autoencoders.mult_vae:MultDAE",
    "mult-vae": "autoencoders.mult_vae:MultVAE",
    "boosted-trees": "feature_based.boosted_trees:BoostedTrees",
    "feature-mlp": "feature_based.mlp:FeatureMLP",
    "deep-fm": "feature_based.field_networks:DeepFM",
    "dcn-v2": "feature_based.field_networks:DCNV2",
    "dnn-regressor": "feature_based.dnn_regressor:DNNRegressor",
    "ordinal": "feature_based.ordinal:OrdinalRegression",
    "blend": "blend.model:Blend",
    "time-decay": "blend.time_decay:TimeDecay",
    "list-blend": "blend.list_blend:ListBlend",
    "bpr": "factorisation.pairwise:BPR",
    "warp": "factorisation.pairwise:WARP",
    "neumf": "factorisation.neumf:NeuMF",
    "svdpp": "factorisation.svdpp:SVDPlusPlus",
    "asymmetric-svd": "factorisation.asymmetric:AsymmetricSVD",
    "factorisation-machine": "factorisation.machine:FactorisationMachine",
    "bayesian-fm": "bayesian.factorisation_machine:BayesianFM",
    "hybrid-factors": "factorisation.hybrid:HybridFactors",
    "hybrid": "hybrid.model:HybridRecommender",
    "conv-mf": "hybrid.text_readers:ConvMF",
    "conv-rnn-mf": "hybrid.text_readers:ConvRNNMF",
    "rnn-autoencoder-mf": "hybrid.text_readers:RNNAutoencoderMF",
    "conv-autoencoder-mf": "hybrid.text_readers:ConvAutoencoderMF",
    "content-profile": "content.profile:ContentProfile",
    "content-ease": "content.ease:ContentEASE",
    "gaussian-process": "gaussian_process.model:GaussianProcess",
    "two-tower": "content.two_tower:TwoTower",
    "vbpr": "content.vbpr:VBPR",
}
"""Each model's name and where its class is defined, as `module:Class`."""

_MEANS = ("global-mean", "user-mean", "item-mean", "bias")
BASELINES: dict[Task, tuple[str, ...]] = {
    "ranking": ("random", "popular"),
    "rating": _MEANS,
    "like": (*_MEANS, "majority", "user-majority"),
}
"""The models that are a baseline for each task, as their classes' `baseline_for` says."""

BASELINES_OF_REPEATS = ("personal-popular", "personal-recent")
"""Further baselines of lists that may hold what users had before."""

BASELINES_OF_ORDER = ("recent-popular", "markov")
"""Further baselines where the next event of a sequence is foretold."""

BASELINES_OF_TIME = ("recent-popular",)
"""Further baselines where the log is split at a time."""


def find(name: str) -> type[Recommender]:
    """The class of a model by its name in the table.

    Raises:
        ParameterError: there is no such model; the sentence lists the known ones.
    """
    if name not in TABLE:
        raise ParameterError(
            f"There is no model {name!r}{nearest_hint(name, TABLE)}; known are {', '.join(TABLE)}."
        )
    return load(TABLE[name])


def names_of(protocol: type) -> list[str]:
    """The names of all models that have what a protocol asks for, such as `Updates`."""
    return [name for name in TABLE if issubclass(find(name), protocol)]


def load(place: str) -> type[Recommender]:
    """The class at a place such as `ease:EASE`."""
    module, name = place.split(":")
    cls: type[Recommender] = getattr(importlib.import_module(f"penchant.models.{module}"), name)
    return cls


def make(spec: str) -> Recommender:
    """A model from its name and parameters as a command line writes them.

    `ease`, `ease:l2=300` and `dot:dim=32,target=like>=4` are such texts, and so is
    `package.module:Class:l2=3` once `import_model` has imported that class.

    Raises:
        ParameterError: the name, a parameter's name or its value is wrong.

    Example:
        >>> make("ease:l2=300,dropout=0.2")
        EASE(l2=300.0, dropout=0.2)
    """
    name, _, rest = spec.partition(":")
    place = None if name.strip() in TABLE else divide(spec)
    if place is None:
        cls = find(name.strip())
    else:
        cls, rest = imported(place[0]), place[1]
    values: dict[str, Any] = {}
    # A comma inside brackets, as in target=adjusted(5,1), does not divide.
    for part in re.split(r",(?![^()]*\))", rest) if rest else []:
        key, equals, value = part.partition("=")
        if not equals:
            raise ParameterError(
                f"{part!r} in the model {spec!r} must be written name=value, as in ease:l2=300."
            )
        values[key.strip()] = None if value.strip().lower() == "none" else value.strip()
    check_names(cls, list(values))
    return cls(**values)


def name_of(cls: type[Recommender]) -> str | None:
    """The name of a class in the table, or None for a class of someone else."""
    place = f"{cls.__module__.removeprefix('penchant.models.')}:{cls.__qualname__}"
    return next((name for name, where in TABLE.items() if where == place), None)


def spec_of(model: Recommender) -> str:
    """The text from which `make` makes the same model: its name and what is not the default."""
    changed = [f"{n}={v}" for n, v in model.changed_params().items()]
    cls = type(model)
    name = name_of(cls) or place_of(cls) or cls.__name__
    return f"{name}:{','.join(changed)}" if changed else name
