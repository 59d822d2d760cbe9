"""Faults of graded strength, and clean twins, to try the rules of an audit on.

`FAULTS[name].make(strength, seed)` makes what is to be audited; strength 0 is the clean twin.
"""

from __future__ import annotations

from penchant.results.finding import Level
from penchant.testing.planted_faults import (
    features,
    orders,
    predictions,
    selection,
    splits,
)
from penchant.testing.planted_faults.fault import Fault, Maker, false_alarms

_TABLE: tuple[tuple[str, str, Level, Maker], ...] = (
    ("copied events", "same-event", "wrong", splits.copied_events),
    ("copied pairs", "same-pair", "wrong", splits.copied_pairs),
    ("copied texts", "same-text", "wrong", splits.copied_texts),
    ("copies in the log", "copies", "doubtful", splits.copies),
    ("disguised target", "target-in-feature", "wrong", features.disguised_target),
    ("in-sample codes", "coded-in-sample", "doubtful", features.in_sample_codes),
    ("means with test rows", "feature-of-test-rows", "wrong", features.means_with_test_rows),
    (
        "aggregates with test rows",
        "feature-of-test-rows",
        "wrong",
        features.aggregates_with_test_rows,
    ),
    ("table of test rows", "feature-of-test-rows", "wrong", features.table_of_test_rows),
    ("future events", "trained-on-future", "wrong", splits.future_events),
    ("not by time", "trained-on-future", "doubtful", splits.random_not_time),
    ("cold items", "cold-items", "doubtful", splits.cold_items),
    ("items of the future", "recommended-from-future", "wrong", predictions.from_the_future),
    ("no trivial answer", "no-trivial-baseline", "wrong", predictions.without_trivial),
    ("no simple method", "no-strong-baseline", "doubtful", predictions.without_strong),
    ("nothing learned", "no-better-than-trivial", "doubtful", predictions.unlearned),
    ("blind to order", "no-order-learned", "doubtful", orders.blind_to_order),
    ("constant predictions", "constant-predictions", "wrong", predictions.constant_predictions),
    ("one list for all", "same-list", "wrong", predictions.same_list),
    ("no validation", "no-validation", "doubtful", predictions.without_validation),
    ("training rows scored", "scored-training-rows", "wrong", predictions.training_rows),
    ("test rows left out", "unscored-test-rows", "wrong", predictions.unscored_rows),
    ("unknown items", "unknown-ids", "wrong", predictions.unknown_items),
    ("epochs chosen on test", "selected-on-test", "wrong", selection.test_selected_epochs),
    ("negatives before split", "negatives-before-split", "wrong", selection.early_negatives),
    ("positives as negatives", "negatives-are-positives", "wrong", selection.positive_negatives),
    ("narrow grid", "grid-edge", "doubtful", selection.narrow_grid),
    ("shifted popularity", "popularity-shift", "wrong", splits.shifted_popularity),
    ("own review", "own-review", "wrong", features.own_review),
    ("reads the own review", "shuffled-text", "wrong", features.predicted_from_own_text),
    ("sampled negatives", "sampled-metric", "doubtful", splits.sampled_negatives),
    ("split without seed", "split-stated", "doubtful", splits.unstated_split),
    ("mixed splits", "mixed-splits", "wrong", predictions.mixed_splits),
    ("ties in time", "ties-in-time", "doubtful", splits.tied_times),
    ("ties in histories", "ties-in-history", "doubtful", splits.tied_histories),
)
FAULTS: dict[str, Fault] = {
    name: Fault(name, rule, level, (make.__doc__ or "").strip().rstrip("."), make)
    for name, rule, level, make in _TABLE
}
"""Every planted fault by name."""

__all__ = ["FAULTS", "Fault", "false_alarms"]
