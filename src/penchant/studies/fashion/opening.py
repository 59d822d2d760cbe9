"""The first screen of the study of fashion."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.results import MetricValue
from penchant.studies.fashion import published
from penchant.studies.fashion.data import FashionData
from penchant.studies.fashion.honest_comparison import HYBRID, HonestSplit
from penchant.studies.fashion.published import PublishedHybrid
from penchant.studies.fashion.setup import PUBLISHED
from penchant.studies.study import Graph, Opening, bars

_SAME = 0.5  # the share of test rows with a known text from which the copies are the main point
NETWORK, WITHOUT = "the network", "best answer without a network"


def opening(
    data: FashionData,
    hybrid: PublishedHybrid,
    honest: Mapping[str, HonestSplit],
    *,
    content_pays: bool,
) -> Opening:
    """What was claimed, what holds, and what to use, where content pays also for new items."""
    return Opening(
        claimed="A network that knows ratings, titles and pictures of fashion was said to miss "
        f"shoppers' ratings by {PUBLISHED['rmse']:.3f} stars (RMSE).",
        holds=_holds(data, hybrid),
        use=_use(honest, content_pays=content_pays),
        graph=_graph(hybrid, honest),
    )


def _holds(data: FashionData, hybrid: PublishedHybrid) -> str:
    table = hybrid.compared.tables["rating"]
    beats = table[published.HYBRID].metrics["rmse"].verdict == "beats"
    as_good = "misses more than the network" if beats else "does as well as the network"
    if data.same_text is not None and data.same_text > _SAME:
        return (
            f"Here training has read {data.same_text:.0%} of the test reviews word for word, at "
            f"another variant of the product, and a user's own mean {as_good}."
        )
    return f"Here a user's own mean {as_good}."


def _use(honest: Mapping[str, HonestSplit], *, content_pays: bool) -> str:
    rmse = {
        name: each.compared.tables["rating"][HYBRID].metrics["rmse"]
        for name, each in honest.items()
    }
    beating = sum(value.verdict == "beats" for value in rmse.values())
    if not rmse:
        return "There is too little here to say what to use."
    if beating == len(rmse):
        return "With each review counted once, the network is worth its training."
    if beating:
        return (
            "With each review counted once, the network pays on some splits only: compare it with "
            "the mean on your own log before training it."
        )
    sentence = "With each review counted once, averages are as good as the network"
    if not content_pays:
        return f"{sentence}."
    return f"{sentence}; titles and pictures pay where nobody has rated an item yet."


def _graph(hybrid: PublishedHybrid, honest: Mapping[str, HonestSplit]) -> Graph:
    compared = {"every copy counts": (hybrid.compared, published.HYBRID)}
    if honest:
        name, each = next(iter(honest.items()))
        compared["each review once, " + name.rpartition(", ")[2]] = (each.compared, HYBRID)
    series = {}
    for name, (summary, network) in compared.items():
        table = summary.tables["rating"]
        series[name] = {
            NETWORK: _interval(table[network].metrics["rmse"]),
            WITHOUT: _interval(table.best_trivial.metrics["rmse"]),
        }
    return bars("By how many stars the answers miss (RMSE), with intervals.", series, x="stars")


def _interval(value: MetricValue) -> tuple[float, float, float]:
    return value.value, value.low, value.high
