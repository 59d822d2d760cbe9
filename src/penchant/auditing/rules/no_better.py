"""Rule: a model is not above the best trivial answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from penchant.auditing.material import Material
from penchant.auditing.power import users_for
from penchant.auditing.rule import Rule
from penchant.auditing.rules.unscored_rows import RULE as UNSCORED
from penchant.results.finding import Bar, Finding
from penchant.results.tables import Entry, Table
from penchant.wording import counted

RULE = Rule(
    name="no-better-than-trivial",
    subject=5,
    question="Is a model no better than the best trivial answer?",
    advice="Do not claim more than the trivial answer gives.",
    source="Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?; Efron and Tibshirani "
    "1993, chapter 13 (paired bootstrap over users)",
    bar=Bar(doubtful=0.0, below=True),
)


def check(material: Material) -> Iterator[Finding]:
    """Each model's gain over the best trivial answer, with its paired interval over users.

    A gain on those test rows alone that have a prediction is doubtful where many have none.
    """
    compared = [
        (table, entry)
        for table in material.all_tables
        for entry in table.entries
        if not entry.trivial and entry.verdict is not None
    ]
    if not compared:
        yield RULE.not_checkable("a model judged beside trivial answers on the same rows")
    for table, entry in compared:
        yield _finding(table, entry, _Missing.of(material, table, entry))


@dataclass(frozen=True)
class _Missing:
    """What a model of others gives no answer for.

    Attributes:
        rows: test rows that its figure leaves out, as not all models of the table predict them.
        of_rows: how many test rows there are.
        users: test users without a list, whose figure is 0.
    """

    rows: int = 0
    of_rows: int = 0
    users: int = 0

    @classmethod
    def of(cls, material: Material, table: Table, entry: Entry) -> _Missing:
        """Nothing where the table is of a comparison."""
        if not any(table is own for own in material.computed_tables):
            return cls()
        if table.task == "ranking":
            return cls(users=len(material.without_list(material.lists[entry.name])))
        n_test = len(material.test_rows)
        return cls(rows=n_test - table.rows, of_rows=n_test)

    @property
    def share(self) -> float:
        """The share of test rows that are left out."""
        return self.rows / self.of_rows if self.rows else 0.0


def _finding(table: Table, entry: Entry, missing: _Missing) -> Finding:
    value, verdict = entry.metrics[table.primary], entry.verdict
    interval = (value.gain_low, value.gain_high)
    measured = f"{table.primary} {value.value:.4f}{_best_trivial(table)}"
    where = f" on {table.rows:,} of the {missing.of_rows:,} test rows" if missing.rows else ""
    sentence = f"{entry.name} {_WORDS[verdict or '']}{where}: {measured}"
    if math.isfinite(value.gain):
        sentence += (
            f" (gain {value.gain:+.4f}, 95 % interval {value.gain_low:+.4f} to "
            f"{value.gain_high:+.4f})"
        )
    sentence += "."
    needed = users_for(value.gain, interval, table.users) if verdict == "no better" else None
    if needed is not None and needed > table.users:
        sentence += f" To see a difference of that size, about {needed:,} users would be needed."
    if missing.rows:
        sentence += " The others lack a prediction, and may be the hard ones."
    if missing.users:
        sentence += (
            f" {counted(missing.users, 'test user')} of {table.users:,} without a list count as 0."
        )
    much_left_out = UNSCORED.bar.level(missing.share) == "wrong"
    return RULE.finding(
        "passed" if verdict == "beats" and not much_left_out else "doubtful",
        sentence,
        about=f"{entry.name} ({table.task})",
        figure=value.gain if math.isfinite(value.gain) else None,
        interval=interval if math.isfinite(value.gain_low) else None,
        brief=f"{measured}{where}",
        severity=_severity(*interval, value.gain),
    )


def _severity(low: float, high: float, gain: float) -> float | None:
    """A loss in half widths of its interval, so that those of several metrics can be compared."""
    return 2 * -gain / (high - low) if math.isfinite(gain) and high > low else None


def _best_trivial(table: Table) -> str:
    """The value of the best trivial answer in the same table."""
    values = {e.name: e.metrics[table.primary].value for e in table.entries if e.trivial}
    if not values:
        return ""
    best = (max if table.higher_is_better else min)(values, key=lambda name: values[name])
    return f" beside {values[best]:.4f} of {best}"


_WORDS = {
    "beats": "beats the best trivial answer",
    "no better": "is no better than the best trivial answer",
    "worse": "is worse than the best trivial answer",
    "": "was not judged",
}
