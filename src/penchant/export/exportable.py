"""Which models become graphs, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penchant.errors import ParameterError
from penchant.export import (
    autoencoders,
    baselines,
    bayesian,
    content,
    factors,
    feature_networks,
    gaussian_process,
    history_factors,
    linear,
    neumf,
    ordinal,
    rbm,
    sequences,
    trained_vectors,
)
from penchant.export.history import History
from penchant.models.autoencoders.autorec import AutoRec
from penchant.models.autoencoders.kernelised import Kernelised
from penchant.models.autoencoders.mult_vae import MultDAE, MultVAE
from penchant.models.autoencoders.plain import Autoencoder
from penchant.models.base import Recommender
from penchant.models.baselines import Bias, ItemMean, Popular
from penchant.models.bayesian.factorisation_machine import BayesianFM
from penchant.models.content.profile import ContentProfile
from penchant.models.content.two_tower import TwoTower
from penchant.models.content.vbpr import VBPR
from penchant.models.dot.model import DotProduct
from penchant.models.factorisation.asymmetric import AsymmetricSVD
from penchant.models.factorisation.hybrid import HybridFactors
from penchant.models.factorisation.machine import FactorisationMachine
from penchant.models.factorisation.neumf import NeuMF
from penchant.models.factorisation.nmf import NMF
from penchant.models.factorisation.pairwise import BPR
from penchant.models.factorisation.sampled_softmax import SampledSoftmax
from penchant.models.factorisation.svdpp import SVDPlusPlus
from penchant.models.feature_based.field_networks import DCNV2, DeepFM
from penchant.models.feature_based.mlp import FeatureMLP
from penchant.models.feature_based.ordinal import OrdinalRegression
from penchant.models.gaussian_process.model import GaussianProcess
from penchant.models.graph.lightgcn import LightGCN
from penchant.models.graph.ultragcn import UltraGCN
from penchant.models.hybrid.ridge_factors import RidgeFactors
from penchant.models.ials.model import IALS
from penchant.models.linear.graph_filter import GraphFilter
from penchant.models.neighbours.item_knn import ItemKNN
from penchant.models.protocols import ItemVectors
from penchant.models.rbm.binary import RBM
from penchant.models.rbm.rating import RatingRBM
from penchant.models.sequence.fpmc import FPMC
from penchant.models.sequence.gru4rec import GRU4Rec
from penchant.models.sequence.markov import MarkovChain
from penchant.models.sequence.sasrec import ESASRec, SASRec
from penchant.models.sequence.sequential_rules import SequentialRules
from penchant.models.sequence.sr_gnn import SRGNN
from penchant.models.shared.item_weights import ItemWeights
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.table import TABLE, find, spec_of

ScoresOf = Callable[[Any, History], str]
"""Adds a model's scores, float32[n_users, n_items], to the graph of the histories."""

_KINDS: tuple[tuple[tuple[type, ...], ScoresOf], ...] = (
    ((ItemWeights,), linear.dense_item_weights),
    ((MarkovChain, SequentialRules), linear.transitions),
    ((SparseItemWeights,), linear.sparse_item_weights),
    ((ItemKNN,), linear.item_knn),
    ((GraphFilter,), linear.graph_filter),
    ((IALS,), factors.ials),
    ((LightGCN,), factors.lightgcn),
    ((SampledSoftmax,), factors.sampled_softmax),
    ((UltraGCN,), factors.ultragcn),
    ((NMF,), factors.nmf),
    ((FPMC,), factors.fpmc),
    ((NeuMF,), neumf.neumf),
    ((SVDPlusPlus,), history_factors.svdpp),
    ((AsymmetricSVD,), history_factors.asymmetric),
    ((BPR, VBPR), trained_vectors.ranked),
    ((DotProduct,), trained_vectors.dot),
    ((FactorisationMachine, HybridFactors), trained_vectors.feature_factors),
    ((RidgeFactors,), factors.ridge_factors),
    ((TwoTower,), factors.two_tower),
    ((MultDAE, MultVAE), autoencoders.mult),
    ((ContentProfile,), content.content_profile),
    ((BayesianFM,), bayesian.bayesian_fm),
    ((OrdinalRegression,), ordinal.ordinal),
    ((FeatureMLP,), feature_networks.feature_mlp),
    ((DeepFM,), feature_networks.deep_fm),
    ((DCNV2,), feature_networks.dcn_v2),
    ((GaussianProcess,), gaussian_process.gaussian_process),
    ((AutoRec,), autoencoders.autorec),
    ((Kernelised,), autoencoders.user_units),
    ((Autoencoder,), autoencoders.plain),
    ((RBM,), rbm.rbm),
    ((RatingRBM,), rbm.rating_rbm),
    ((SASRec, ESASRec, GRU4Rec, SRGNN), sequences.sequence_network),
    ((Popular, ItemMean), baselines.same_for_all),
    ((Bias,), baselines.bias),
)
"""Each kind of model that can be exported; the first that fits counts."""


def scores_of(model: Recommender) -> ScoresOf:
    """What makes the graph of a model.

    Raises:
        ParameterError: there is nothing; the sentence names the models that can be exported.
    """
    for classes, scores in _KINDS:
        if isinstance(model, classes):
            return scores
    vectors = ""
    if isinstance(model, ItemVectors):
        vectors = ", and its vectors with --vectors or pn.export_vectors"
    raise ParameterError(
        f"{spec_of(model)} cannot be exported to ONNX, because what it answers to a new history is "
        f"no fixed computation of the history alone; {', '.join(exportable_names())} can{vectors}."
    )


def reads_ratings(model: Recommender) -> bool:
    """Whether a model's graph has an input of ratings."""
    if isinstance(model, RBM | Autoencoder | ContentProfile):
        return model.histories_.ratings is not None
    if isinstance(model, DotProduct | RidgeFactors):
        return model.target.needs_ratings
    return model.needs_ratings


def exportable_names() -> list[str]:
    """The names of all models that can be exported, with settings that may not."""
    kinds = tuple(cls for classes, _ in _KINDS for cls in classes)
    return [name for name in TABLE if issubclass(find(name), kinds)]
