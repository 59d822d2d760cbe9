"""The recommenders, each imported when it is first used, and the table of their names.

A new model is one file, one line in `table.TABLE` and one line here for type checkers; see
`docs/adding-a-model.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penchant.models.foreign import import_model
from penchant.models.table import (
    BASELINES,
    BASELINES_OF_ORDER,
    BASELINES_OF_REPEATS,
    BASELINES_OF_TIME,
    TABLE,
    find,
    load,
    make,
    name_of,
    spec_of,
)

if TYPE_CHECKING:
    from penchant.models.attributes.network import AttributeNetwork as AttributeNetwork
    from penchant.models.attributes.per_user import PerUserNetwork as PerUserNetwork
    from penchant.models.autoencoders.autorec import AutoRec as AutoRec
    from penchant.models.autoencoders.glocal_k import GLocalK as GLocalK
    from penchant.models.autoencoders.mult_vae import MultDAE as MultDAE
    from penchant.models.autoencoders.mult_vae import MultVAE as MultVAE
    from penchant.models.autoencoders.plain import Autoencoder as Autoencoder
    from penchant.models.autoencoders.sparse_fc import SparseFC as SparseFC
    from penchant.models.base import Recommender as Recommender
    from penchant.models.baselines import Bias as Bias
    from penchant.models.baselines import GlobalMean as GlobalMean
    from penchant.models.baselines import ItemMean as ItemMean
    from penchant.models.baselines import MajorityClass as MajorityClass
    from penchant.models.baselines import Popular as Popular
    from penchant.models.baselines import Random as Random
    from penchant.models.baselines import RecentPopular as RecentPopular
    from penchant.models.baselines import UserMajority as UserMajority
    from penchant.models.baselines import UserMean as UserMean
    from penchant.models.bayesian.factorisation_machine import BayesianFM as BayesianFM
    from penchant.models.blend.list_blend import ListBlend as ListBlend
    from penchant.models.blend.model import Blend as Blend
    from penchant.models.blend.time_decay import TimeDecay as TimeDecay
    from penchant.models.content.ease import ContentEASE as ContentEASE
    from penchant.models.content.profile import ContentProfile as ContentProfile
    from penchant.models.content.ridge import ContentRidge as ContentRidge
    from penchant.models.content.two_tower import TwoTower as TwoTower
    from penchant.models.content.vbpr import VBPR as VBPR
    from penchant.models.dot.model import DotProduct as DotProduct
    from penchant.models.factorisation.asymmetric import AsymmetricSVD as AsymmetricSVD
    from penchant.models.factorisation.hybrid import HybridFactors as HybridFactors
    from penchant.models.factorisation.machine import FactorisationMachine as FactorisationMachine
    from penchant.models.factorisation.neumf import NeuMF as NeuMF
    from penchant.models.factorisation.nmf import NMF as NMF
    from penchant.models.factorisation.pairwise import BPR as BPR
    from penchant.models.factorisation.pairwise import WARP as WARP
    from penchant.models.factorisation.rating_nmf import RatingNMF as RatingNMF
    from penchant.models.factorisation.sampled_softmax import SampledSoftmax as SampledSoftmax
    from penchant.models.factorisation.svdpp import SVDPlusPlus as SVDPlusPlus
    from penchant.models.feature_based.boosted_trees import BoostedTrees as BoostedTrees
    from penchant.models.feature_based.dnn_regressor import DNNRegressor as DNNRegressor
    from penchant.models.feature_based.field_networks import DCNV2 as DCNV2
    from penchant.models.feature_based.field_networks import DeepFM as DeepFM
    from penchant.models.feature_based.mlp import FeatureMLP as FeatureMLP
    from penchant.models.feature_based.ordinal import OrdinalRegression as OrdinalRegression
    from penchant.models.gaussian_process.model import GaussianProcess as GaussianProcess
    from penchant.models.graph.lightgcn import LightGCN as LightGCN
    from penchant.models.graph.ultragcn import UltraGCN as UltraGCN
    from penchant.models.hybrid.model import HybridRecommender as HybridRecommender
    from penchant.models.hybrid.text_readers import ConvAutoencoderMF as ConvAutoencoderMF
    from penchant.models.hybrid.text_readers import ConvMF as ConvMF
    from penchant.models.hybrid.text_readers import ConvRNNMF as ConvRNNMF
    from penchant.models.hybrid.text_readers import RNNAutoencoderMF as RNNAutoencoderMF
    from penchant.models.ials.model import IALS as IALS
    from penchant.models.linear.ease import EASE as EASE
    from penchant.models.linear.graph_filter import GraphFilter as GraphFilter
    from penchant.models.linear.random_walk import P3Alpha as P3Alpha
    from penchant.models.linear.random_walk import RP3Beta as RP3Beta
    from penchant.models.linear.slim import SLIM as SLIM
    from penchant.models.linear.sparse_ease import SparseEASE as SparseEASE
    from penchant.models.neighbours.basket_co_occurrence import (
        BasketCoOccurrence as BasketCoOccurrence,
    )
    from penchant.models.neighbours.co_occurrence import CoOccurrence as CoOccurrence
    from penchant.models.neighbours.item_knn import ItemKNN as ItemKNN
    from penchant.models.neighbours.jaccard_agreement import JaccardAgreement as JaccardAgreement
    from penchant.models.neighbours.repeat_item_knn import RepeatItemKNN as RepeatItemKNN
    from penchant.models.neighbours.user_knn import UserKNN as UserKNN
    from penchant.models.parameters import Parameter as Parameter
    from penchant.models.parameters import check_names as check_names
    from penchant.models.parameters import check_values as check_values
    from penchant.models.parameters import parameters_of as parameters_of
    from penchant.models.protocols import RatesRows as RatesRows
    from penchant.models.rbm.binary import RBM as RBM
    from penchant.models.rbm.rating import RatingRBM as RatingRBM
    from penchant.models.repeats.decayed_frequency import DecayedFrequency as DecayedFrequency
    from penchant.models.repeats.personal import PersonalPopular as PersonalPopular
    from penchant.models.repeats.personal import PersonalRecent as PersonalRecent
    from penchant.models.repeats.tifu_knn import TIFUKNN as TIFUKNN
    from penchant.models.sequence.fpmc import FPMC as FPMC
    from penchant.models.sequence.gru4rec import GRU4Rec as GRU4Rec
    from penchant.models.sequence.markov import MarkovChain as MarkovChain
    from penchant.models.sequence.sasrec import ESASRec as ESASRec
    from penchant.models.sequence.sasrec import SASRec as SASRec
    from penchant.models.sequence.sequential_rules import SequentialRules as SequentialRules
    from penchant.models.sequence.session_knn import STAN as STAN
    from penchant.models.sequence.session_knn import VSKNN as VSKNN
    from penchant.models.sequence.sr_gnn import SRGNN as SRGNN
    from penchant.models.shared.item_weights import ease_weights as ease_weights

_PLACES = {place.partition(":")[2]: place for place in TABLE.values()} | {
    "ContentRidge": "content.ridge:ContentRidge",
    "Parameter": "parameters:Parameter",
    "RatesRows": "protocols:RatesRows",
    "Recommender": "base:Recommender",
    "check_names": "parameters:check_names",
    "check_values": "parameters:check_values",
    "ease_weights": "shared.item_weights:ease_weights",
    "parameters_of": "parameters:parameters_of",
}

__all__ = [
    *_PLACES,
    "BASELINES",
    "BASELINES_OF_ORDER",
    "BASELINES_OF_REPEATS",
    "BASELINES_OF_TIME",
    "TABLE",
    "find",
    "import_model",
    "make",
    "name_of",
    "spec_of",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load(_PLACES[name])
