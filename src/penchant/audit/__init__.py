"""The audit: what is wrong or doubtful in a split, its features, predictions and figures."""

from penchant.audit.finding import LEVELS, Bar, Finding, Level
from penchant.audit.findings import Findings
from penchant.audit.material import Contender, Features, Listed, Material, Predicted
from penchant.audit.power import groups, users_needed
from penchant.audit.rule import SUBJECTS, Rule
from penchant.audit.rules import RULES
from penchant.audit.run import apply, audit

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
