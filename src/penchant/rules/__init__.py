"""Rules as data: what lists may hold, and in which order, for any model.

`Rules` are what a file says; `bind` looks up what they mean for a model; `recommend` makes lists.
"""

from penchant.rules.bound import BoundRules, bind
from penchant.rules.lists import lists_with_rules, recommend
from penchant.rules.reranking import RankedLists
from penchant.rules.rules import Rules

__all__ = ["BoundRules", "RankedLists", "Rules", "bind", "lists_with_rules", "recommend"]
