"""Rule: a model of the order of events loses nothing where the order is shuffled."""

from __future__ import annotations

import math
from collections.abc import Iterator

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share
from penchant.results.order_loss import OrderLoss
from penchant.results.tables import Entry, Table

RULE = Rule(
    name="no-order-learned",
    subject=5,
    question="Does a model of the order of events do as well with the order shuffled?",
    advice="Do not say that it learns from the order: compare it with models that are blind to "
    "order, such as item-knn and ease, which are simpler.",
    source="Klenitskiy et al. 2024, Does It Look Sequential? An Analysis of Datasets for "
    "Evaluation of Sequential Recommendations",
    bar=Bar(doubtful=0.0, below=True),
)


def check(material: Material) -> Iterator[Finding]:
    """What each model of order loses where each history comes in a random order.

    Doubtful unless the whole interval of the loss is above 0; a note of what trivial answers and
    the others lose.
    """
    compared = [
        (table, entry, entry.order_loss)
        for table in material.all_tables
        for entry in table.entries
        if entry.order_loss is not None
    ]
    if not compared:
        yield RULE.not_checkable("a comparison with a model of the order of events")
    for table, entry, loss in compared:
        yield _finding(table, entry, loss)


def _finding(table: Table, entry: Entry, loss: OrderLoss) -> Finding:
    about = f"{entry.name} ({table.task})"
    if not math.isfinite(loss.low):
        return RULE.not_checkable(f"more test users, or resamples, than {loss.users:,}", about)
    blind = not loss.uses_order and not entry.trivial
    worse = f"{loss.metric} {loss.value:.4f} as they are, {loss.shuffled:.4f} shuffled"
    if loss.uses_order:
        said = f"{entry.name} uses the order of histories: without it {share(loss.share)} is lost"
    elif loss.high < 0:
        said = f"{entry.name} has learned no order: it does better with histories shuffled"
    else:
        said = f"{entry.name} has learned no order that could be seen"
    return RULE.finding(
        "doubtful" if blind else "note",
        f"{said} ({worse}; loss {loss.loss:+.4f}, 95 % interval {loss.low:+.4f} to "
        f"{loss.high:+.4f}; {_extent(loss)}).",
        about=about,
        figure=loss.loss,
        interval=(loss.low, loss.high),
        brief=f"{worse} (loss {loss.low:+.4f} to {loss.high:+.4f})",
        advises=blind,
    )


def _extent(loss: OrderLoss) -> str:
    orders = "one random order" if loss.draws == 1 else f"{loss.draws} random orders"
    return f"{loss.users:,} users with two different items or more, {orders} each"
