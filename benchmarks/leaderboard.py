"""The models that were judged on one split beside its trivial answers, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quality_page import RANKING, RATING, Row, table

Figures = dict[str, dict[str, list[float | None]]]
"""By model and metric: the value and the ends of its interval."""

METRICS = {"ranking": RANKING, "rating": RATING}
_TASKS = {"ranking": "Lists", "rating": "Ratings"}
_NAMES = {
    "ndcg": "nDCG",
    "recall": "recall",
    "hr": "HR",
    "rmse": "RMSE",
    "mrr": "MRR",
    "mae": "MAE",
    "mse": "MSE",
    "f1": "F1",
    "like-accuracy": "accuracy",
    "pearson": "Pearson",
}
_ERRORS = {"rmse", "mae", "mse"}
_LEAST = 0.01  # minutes that are told apart


@dataclass(frozen=True)
class Board:
    """The models that were judged by one task on one split of a log.

    Attributes:
        task: `ranking` or `rating`.
        metrics: the first one orders, the others are shown beside it.
        rows: of `quality.py`.
        trivial: the trivial answers that are known for the split.
        current: whether no other split of the log has more rows.
    """

    task: str
    metrics: tuple[str, ...]
    rows: list[Row]
    trivial: Figures
    current: bool = True

    @property
    def metric(self) -> str:
        """The metric that orders."""
        return self.metrics[0]

    @property
    def names(self) -> list[str]:
        """The trivial answers, the best first."""
        return _ordered(self.trivial, self.metric)

    @property
    def models(self) -> list[Row]:
        """The rows of models that are no trivial answers, the best by test figure first."""
        own = [row for row in self.rows if row["kind"] != "defaults" or self._is_model(row)]
        sign = _sign(self.metric)
        return sorted(own, key=lambda row: (sign * row["figures"][self.metric][0], row["model"]))

    def _is_model(self, row: Row) -> bool:
        return row["model"] not in self.trivial

    @property
    def chosen(self) -> Row | None:
        """The model of the best validation figure."""
        known = [r for r in self.models if r["metric"] == self.metric and r["validation"]]
        return min(known, key=lambda row: _sign(self.metric) * row["validation"], default=None)

    def verdict(self, row: Row) -> str | None:
        """What the run said of a model, or what follows from the intervals.

        Runs of earlier versions were beside fewer trivial answers: where a better one is known, a
        verdict is given only if the two intervals do not overlap, and is `†` otherwise.
        """
        own: str | None = row["verdict"] if row["metric"] == self.metric else None
        said: str | None = row.get("verdicts", {}).get(self.metric, own)
        beside = row["trivial"].get(self.metric)
        if said != "beats" or "baselines" in row or beside is None or not self.names:
            return said
        sign = _sign(self.metric)
        best, low, high = self.trivial[self.names[0]][self.metric]
        if best is None or low is None or high is None or sign * best >= sign * beside:
            return said
        _, row_low, row_high = row["figures"][self.metric]
        if (row_low > high) if sign < 0 else (row_high < low):
            return said
        return "worse" if ((row_high < low) if sign < 0 else (row_low > high)) else "†"

    def parts(self) -> Iterator[str]:
        """What stands above the table, and the table."""
        other = "" if self.current else ", an earlier reading of the log"
        command = self.rows[0]["command"].replace("|", "\\|")
        yield (
            f"{_TASKS[self.task]}, split `{self.rows[0]['split']}`{other}; one of the commands: "
            f"`{command}`"
        )
        yield self.table([f"`{row['model']}`{setting(row)}" for row in self.models], self.models)

    def table(self, labels: Iterable[str], models: list[Row]) -> str:
        """The trivial answers and below them the models, with these labels."""
        lines = [
            [f"`{name}`", *_cells(self.trivial[name], self.metrics), "*trivial*", "", ""]
            for name in self.names
        ]
        for label, row in zip(labels, models, strict=True):
            figures = _cells(row["figures"], self.metrics)
            lines.append([label, *figures, _shown(self.verdict(row)), *_cost(row)])
        head = ["model", *(name_of(metric) for metric in self.metrics), "verdict", "minutes", "MB"]
        return table(head, lines)


def boards_of(rows: list[Row], task: str, claims: list[Row]) -> list[Board]:
    """Rows that have the task's first metric by their splits, the split of most rows first."""
    metrics = METRICS[task]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if metrics[0] in row.get("figures", {}):
            groups.setdefault(row["split"], []).append(row)
    most = sorted(groups, key=lambda split: -len(groups[split]))
    return [
        Board(
            task, metrics, groups[s], trivial_answers(groups[s], metrics[0], claims), s == most[0]
        )
        for s in most
    ]


def _sign(metric: str) -> int:
    """By which figures are ordered, the best first."""
    return 1 if metric in _ERRORS else -1


def trivial_answers(rows: Iterable[Row], metric: str, claims: list[Row]) -> Figures:
    """The trivial answers that are known for the split of some rows, each with its figures.

    Newer rows have all of them; of older ones what `popular` and `bias` reach is known, without
    interval where these were not run by themselves. Claims on the same split have them, too.
    """
    rows = sorted(rows, key=lambda row: row["date"])
    known: Figures = {}
    name = "bias" if metric in _ERRORS else "popular"
    for row in rows:
        if metric in row["trivial"]:
            known.setdefault(name, {metric: [row["trivial"][metric], None, None]})
    for claim in claims:
        result = claim.get("result")
        if result and result["split"] == rows[0]["split"]:
            for each, figure in result["baselines"].items():
                if claim["metric"] == metric or metric in known.get(each, {}):
                    known[each] = known.get(each, {}) | {claim["metric"]: figure}
    for row in rows:
        if row["verdict"] is None and row["kind"] == "defaults" and row["metric"] == metric:
            known[row["model"]] = row["figures"]
    for row in rows:
        for each, figures in row.get("baselines", {}).items():
            if metric in figures:
                known[each] = known.get(each, {}) | figures
    return known


def _ordered(trivial: Figures, metric: str) -> list[str]:
    """The names of trivial answers, the best first."""
    return sorted(trivial, key=lambda name: _sign(metric) * (trivial[name][metric][0] or 0))


def setting(row: Row) -> str:
    """What tells a tuned row from that of the defaults."""
    if row["kind"] != "tuned":
        return ""
    chosen = row.get("tuned", "").partition(":")[2]
    return f" tuned: `{chosen}`" if chosen else " tuned"


def _cells(figures: dict[str, list[float | None]], metrics: tuple[str, ...]) -> list[str]:
    """The first metric with its interval, the others' values alone."""
    first, *others = metrics
    values = [number(figures[m][0]) if m in figures else "" for m in others]
    return [interval(figures[first]) if first in figures else "", *values]


def _cost(row: Row) -> list[str]:
    memory = row.get("peak_mb")
    shown = "" if memory is None else f"{memory:,}" if memory else "< 1"
    minutes = row["fit_seconds"] / 60
    return [f"{minutes:.2g}" if minutes >= _LEAST else f"< {_LEAST}", shown]


def _shown(verdict: str | None) -> str:
    return {"beats": "**beats**", "†": "†", None: ""}.get(verdict, f"*{verdict}*")


def interval(figure: list[float | None]) -> str:
    value, low, high = figure
    if low is None or high is None:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.4f}"


def name_of(metric: str) -> str:
    """A metric as papers write it, such as nDCG@10."""
    name, at, k = metric.partition("@")
    return f"{_NAMES.get(name, name)}{at}{k}"
