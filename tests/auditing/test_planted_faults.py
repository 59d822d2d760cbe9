"""Planted faults are found, and their clean twins are not called wrong."""

from collections import Counter

import pytest

import penchant as pn
from penchant.auditing import RULES, Findings, apply
from penchant.testing import planted_attributes, planted_pairs, planted_popularity, planted_ratings
from penchant.testing.planted_faults import FAULTS, false_alarms

SEEDS = range(6)
GRADES = (0.25, 0.5, 1, 1, 1, 1)
_WAYS = {
    "time": pn.split_by_time,
    "random": pn.split_random,
    "per user": pn.split_per_user,
    "last out": pn.split_leave_last_out,
}


@pytest.fixture(scope="module")
def clean():
    """What the rules say of every clean twin."""
    return {
        (name, seed): apply(fault.make(0, seed), name)
        for name, fault in FAULTS.items()
        for seed in SEEDS
    }


@pytest.fixture(scope="module")
def planted():
    """What the rule of each fault says of it, by fault, strength and seed."""
    checks = {rule.name: check for rule, check in RULES}
    return {
        (name, grade, seed): Findings.of(name, [*checks[fault.rule](fault.make(grade, seed))])
        for name, fault in FAULTS.items()
        for seed, grade in zip(SEEDS, GRADES, strict=True)
    }


def test_there_are_enough_cases(clean, planted):
    assert len(clean) > 150
    assert len(planted) > 150


def test_every_gross_fault_is_found(planted):
    missed = [
        key for key, found in planted.items() if key[1] == 1 and not FAULTS[key[0]].is_found(found)
    ]
    assert missed == []


def test_stronger_faults_are_found_more_often(planted):
    found = Counter()
    for (name, grade, _), findings in planted.items():
        found[grade] += FAULTS[name].is_found(findings)
    assert found[0.25] <= found[0.5] <= found[1] / 4
    assert found[0.25] > 0


def test_at_most_two_in_a_hundred_clean_cases_are_called_wrong(clean):
    alarmed = {key: [f.sentence for f in false_alarms(r)] for key, r in clean.items()}
    alarmed = {key: sentences for key, sentences in alarmed.items() if sentences}
    assert len(alarmed) <= 0.02 * len(clean), alarmed


def test_a_clean_twin_does_not_raise_the_rule_of_its_fault(clean):
    raised = [key for key, found in clean.items() if FAULTS[key[0]].is_found(found)]
    assert len(raised) <= 0.02 * len(clean), raised


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize(
    "log", [planted_pairs, planted_popularity, planted_ratings, planted_attributes]
)
def test_splits_of_this_package_are_not_wrong(log, way):
    for seed in range(3):
        found = pn.audit(_WAYS[way](log(seed=seed)))
        assert found.worst != "wrong", str(found)


@pytest.mark.parametrize("rule", [rule.name for rule, _ in RULES])
def test_each_rule_finds_what_is_planted_for_it_and_is_silent_on_the_clean_twin(
    rule, planted, clean
):
    faults = [fault for fault in FAULTS.values() if fault.rule == rule]
    assert faults
    for fault in faults:
        gross = [key for key in planted if key[0] == fault.name and key[1] == 1]
        assert gross
        assert all(fault.is_found(planted[key]) for key in gross)
        levels = Counter(clean[fault.name, seed][rule].level for seed in SEEDS)
        assert levels["not checkable"] == 0
        assert levels["wrong"] == 0
        assert levels["doubtful"] <= 1


def test_the_same_seed_makes_the_same_findings():
    for name in ("copied texts", "shifted popularity", "negatives before split"):
        one, other = (apply(FAULTS[name].make(0.5, 3), name).to_dict() for _ in range(2))
        assert one == other
