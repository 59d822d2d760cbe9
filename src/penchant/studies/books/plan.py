"""How long the steps of the study of books usually take."""

from __future__ import annotations

from penchant.data.sources.book_crossing import FULL
from penchant.studies.books.embedding_chain import chain
from penchant.studies.books.networks import NETWORKS, Network
from penchant.studies.books.setup import BooksSetup
from penchant.studies.books.training import chain_steps
from penchant.studies.books.transform_tuning import STEPS

_SECONDS = {"jaccard": 3.0, "claims": 5.0, "alternatives": 120.0, "evaluation": 70.0}
"""On the published set with two cores; the further ones are of a step each."""
_SIMPLE, _STOPPED, _LAYERS, _SEED, _LISTS = 30.0, 18.0, 12.0, 22.0, 80.0


def usual_seconds(setup: BooksSetup) -> dict[str, float]:
    """All steps in their order, with the seconds that each usually takes on such a log."""
    own = chain_steps(NETWORKS) if setup.shared_embeddings else [e.step for e in NETWORKS]
    seconds = {"jaccard": _SECONDS["jaccard"]}
    seconds |= {step: _training(each) for step, each in zip(own, NETWORKS, strict=True)}
    if setup.same_data:
        seconds["claims"] = _SECONDS["claims"]
    if not setup.shared_embeddings:
        some = chain()
        seconds |= {s: _training(e) for s, e in zip(chain_steps(some), some, strict=True)}
    seconds |= dict.fromkeys(STEPS, _STOPPED)
    seconds |= {name: _SECONDS[name] for name in ("alternatives", "evaluation")}
    seconds |= {f"seed-{seed}": _SEED for seed in range(setup.seeds)}
    seconds["recommendations"] = _LISTS
    share = len(setup.log) / FULL.n_explicit * (0.1 if setup.quick else 1.0)
    return {name: share * value for name, value in seconds.items()}


def _training(network: Network) -> float:
    return {"simple": _SIMPLE, "dropout": _STOPPED, "layers": _LAYERS}[network.kind]
