"""Why a model recommends an item: which events of the history and which attributes speak for it."""

from penchant.explain.explanation import AttributeReason, Explanation, Method, Reason
from penchant.explain.lists import explain_lists
from penchant.explain.one_user import explain

__all__ = [
    "AttributeReason",
    "Explanation",
    "Method",
    "Reason",
    "explain",
    "explain_lists",
]
