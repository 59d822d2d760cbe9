"""Audit a split, features, predictions and results for what is wrong or doubtful in them."""

from penchant.auditing.features import Features
from penchant.auditing.material import Lists, Material, Predictions
from penchant.auditing.power import users_needed
from penchant.auditing.rule import SUBJECTS, Rule
from penchant.auditing.rules import RULES
from penchant.auditing.rules.same_text import normalised
from penchant.auditing.run import apply, audit
from penchant.results.finding import LEVELS, Bar, Finding, Level
from penchant.results.findings import Findings

__all__ = [
    "LEVELS",
    "RULES",
    "SUBJECTS",
    "Bar",
    "Features",
    "Finding",
    "Findings",
    "Level",
    "Lists",
    "Material",
    "Predictions",
    "Rule",
    "apply",
    "audit",
    "normalised",
    "users_needed",
]
