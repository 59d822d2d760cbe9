"""The rules, each in a small file of its own, in the order in which they are applied."""

from __future__ import annotations

from penchant.auditing.rule import Check, Rule
from penchant.auditing.rules import aggregate_of_test_rows as with_test_rows
from penchant.auditing.rules import (
    baselines,
    cold_items,
    constant,
    copies,
    from_future,
    grid_edge,
    negatives,
    no_better,
    no_order,
    own_review,
    popularity,
    provenance,
    same_event,
    same_list,
    same_pair,
    same_text,
    sampled,
    scored_training,
    selection,
    too_predictive,
    trained_on_future,
    validation,
)

RULES: tuple[tuple[Rule, Check], ...] = (
    (same_event.RULE, same_event.check),
    (same_pair.RULE, same_pair.check),
    (same_text.RULE, same_text.check),
    (copies.RULE, copies.check),
    (too_predictive.RULE, too_predictive.check),
    (too_predictive.IN_SAMPLE, too_predictive.check_in_sample),
    (with_test_rows.RULE, with_test_rows.check),
    (trained_on_future.RULE, trained_on_future.check),
    (cold_items.RULE, cold_items.check),
    (from_future.RULE, from_future.check),
    (baselines.TRIVIAL, baselines.check_trivial),
    (baselines.STRONG, baselines.check_strong),
    (no_better.RULE, no_better.check),
    (no_order.RULE, no_order.check),
    (constant.RULE, constant.check),
    (same_list.RULE, same_list.check),
    (validation.RULE, validation.check),
    (scored_training.RULE, scored_training.check),
    (scored_training.COVERED, scored_training.check_covered),
    (selection.RULE, selection.check),
    (negatives.BEFORE, negatives.check_before),
    (negatives.POSITIVE, negatives.check_positive),
    (sampled.RULE, sampled.check),
    (grid_edge.RULE, grid_edge.check),
    (popularity.RULE, popularity.check),
    (own_review.RULE, own_review.check),
    (own_review.SHUFFLED, own_review.check_shuffled),
    (provenance.SPLIT, provenance.check_split),
    (provenance.MIXED, provenance.check_mixed),
    (provenance.TIES, provenance.check_ties),
)
"""Every rule with what checks it."""
