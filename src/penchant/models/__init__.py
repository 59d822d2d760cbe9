"""The recommenders, and the table of their names.

A new model is one file and one line in `TABLE`; see `docs/adding-a-model.md`.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from penchant.errors import ParameterError

if TYPE_CHECKING:
    from penchant.models.attributes.network import AttributeNetwork
    from penchant.models.attributes.per_user import PerUserNetwork
    from penchant.models.autoencoders.autorec import AutoRec
    from penchant.models.autoencoders.mult_vae import MultDAE, MultVAE
    from penchant.models.autoencoders.plain import Autoencoder
    from penchant.models.base import Recommender
    from penchant.models.baselines import (
        Bias,
        GlobalMean,
        ItemMean,
        MajorityClass,
        Popular,
        Random,
        UserMajority,
        UserMean,
    )
    from penchant.models.blend.model import Blend
    from penchant.models.content.ease import ContentEASE
    from penchant.models.content.two_tower import TwoTower
    from penchant.models.content.vbpr import VBPR
    from penchant.models.dot.model import DotProduct
    from penchant.models.ease import EASE
    from penchant.models.factorisation.hybrid import HybridFactors
    from penchant.models.factorisation.machine import FactorisationMachine
    from penchant.models.features.boosted_trees import BoostedTrees
    from penchant.models.features.dnn_regressor import DNNRegressor
    from penchant.models.features.mlp import FeatureMLP
    from penchant.models.features.ordinal import OrdinalRegression
    from penchant.models.gaussian_process.model import GaussianProcess
    from penchant.models.hybrid.model import HybridRecommender
    from penchant.models.ials import IALS
    from penchant.models.neighbours.jaccard_agreement import JaccardAgreement
    from penchant.models.neighbours.knn import ItemKNN, UserKNN
    from penchant.models.rbm.binary import RBM
    from penchant.models.rbm.rating import RatingRBM

TABLE: dict[str, str] = {
    "random": "baselines:Random",
    "popular": "baselines:Popular",
    "global-mean": "baselines:GlobalMean",
    "user-mean": "baselines:UserMean",
    "item-mean": "baselines:ItemMean",
    "bias": "baselines:Bias",
    "majority": "baselines:MajorityClass",
    "user-majority": "baselines:UserMajority",
    "item-knn": "neighbours.knn:ItemKNN",
    "user-knn": "neighbours.knn:UserKNN",
    "jaccard-agreement": "neighbours.jaccard_agreement:JaccardAgreement",
    "ease": "ease:EASE",
    "ials": "ials:IALS",
    "dot": "dot.model:DotProduct",
    "rbm": "rbm.binary:RBM",
    "rating-rbm": "rbm.rating:RatingRBM",
    "per-user": "attributes.per_user:PerUserNetwork",
    "attribute-network": "attributes.network:AttributeNetwork",
    "autoencoder": "autoencoders.plain:Autoencoder",
    "autorec": "autoencoders.autorec:AutoRec",
    "mult-dae": "autoencoders.mult_vae:MultDAE",
    "mult-vae": "autoencoders.mult_vae:MultVAE",
    "boosted-trees": "features.boosted_trees:BoostedTrees",
    "feature-mlp": "features.mlp:FeatureMLP",
    "dnn-regressor": "features.dnn_regressor:DNNRegressor",
    "ordinal": "features.ordinal:OrdinalRegression",
    "blend": "blend.model:Blend",
    "factorisation-machine": "factorisation.machine:FactorisationMachine",
    "hybrid-factors": "factorisation.hybrid:HybridFactors",
    "hybrid": "hybrid.model:HybridRecommender",
    "content-ease": "content.ease:ContentEASE",
    "gaussian-process": "gaussian_process.model:GaussianProcess",
    "two-tower": "content.two_tower:TwoTower",
    "vbpr": "content.vbpr:VBPR",
}
"""Each model's name and where it is defined, as `file:Class`."""

__all__ = [
    "EASE",
    "IALS",
    "RBM",
    "TABLE",
    "VBPR",
    "AttributeNetwork",
    "AutoRec",
    "Autoencoder",
    "Bias",
    "Blend",
    "BoostedTrees",
    "ContentEASE",
    "DNNRegressor",
    "DotProduct",
    "FactorisationMachine",
    "FeatureMLP",
    "GaussianProcess",
    "GlobalMean",
    "HybridFactors",
    "HybridRecommender",
    "ItemKNN",
    "ItemMean",
    "JaccardAgreement",
    "MajorityClass",
    "MultDAE",
    "MultVAE",
    "OrdinalRegression",
    "PerUserNetwork",
    "Popular",
    "Random",
    "RatingRBM",
    "Recommender",
    "TwoTower",
    "UserKNN",
    "UserMajority",
    "UserMean",
    "find",
    "make",
    "name_of",
    "spec_of",
]


def find(name: str) -> type[Recommender]:
    """The class of a model by its name in the table.

    Raises:
        ParameterError: there is no such model; the sentence lists the known ones.
    """
    if name not in TABLE:
        raise ParameterError(f"There is no model {name!r}; known are {', '.join(TABLE)}.")
    file, cls = TABLE[name].split(":")
    found: type[Recommender] = getattr(importlib.import_module(f"penchant.models.{file}"), cls)
    return found


def make(spec: str) -> Recommender:
    """A model from its name and parameters as a command line writes them.

    `ease`, `ease:l2=300` and `dot:dim=32,target=like>=4` are such texts.

    Raises:
        ParameterError: the name, a parameter's name or its value is wrong.
    """
    from penchant.models.parameters import check_names

    name, _, rest = spec.partition(":")
    cls = find(name.strip())
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
    name = name_of(type(model)) or type(model).__name__
    return f"{name}:{','.join(changed)}" if changed else name


def __getattr__(name: str) -> Any:
    if name == "Recommender":
        return importlib.import_module("penchant.models.base").Recommender
    for place in TABLE.values():
        file, cls = place.split(":")
        if cls == name:
            return getattr(importlib.import_module(f"penchant.models.{file}"), cls)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
