"""The audit: what is wrong or doubtful in a split, its features, predictions and figures."""

from penchant.auditing.material import Contender, Features, Listed, Material, Predicted
from penchant.auditing.power import groups, users_needed
from penchant.auditing.rule import SUBJECTS, Rule
from penchant.auditing.rules import RULES
from penchant.auditing.run import apply, audit
from penchant.results.finding import LEVELS, Bar, Finding, Level
from penchant.results.findings import Findings

__all__ = [
    "LEVELS",
    "RULES",
    "SUBJECTS",
    "Bar",
    "Contender",
    "Features",
    "Finding",
    "Findings",
    "Level",
    "Listed",
    "Material",
    "Predicted",
    "Rule",
    "apply",
    "audit",
    "groups",
    "users_needed",
]
