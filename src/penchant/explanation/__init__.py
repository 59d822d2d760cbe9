"""Why a model recommends an item: which events of the history and which attributes speak for it."""

from penchant.explanation.explanation import AttributeReason, Explanation, Method, Reason
from penchant.explanation.fidelity.attributes import attribute_fidelity
from penchant.explanation.fidelity.events import explanation_fidelity
from penchant.explanation.lists import explain_lists
from penchant.explanation.single_user import explain

__all__ = [
    "AttributeReason",
    "Explanation",
    "Method",
    "Reason",
    "attribute_fidelity",
    "explain",
    "explain_lists",
    "explanation_fidelity",
]
