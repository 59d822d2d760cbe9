"""What another person needs to get the same figures: a snippet of Python and a list of settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from penchant.data.target import threshold_words
from penchant.models import name_of, spec_of
from penchant.models.base import Recommender
from penchant.results.evaluation import Evaluation

_SPLITS = {
    "random": "split_random",
    "per-user": "split_per_user",
    "leave-last-out": "split_leave_last_out",
    "time": "split_by_time",
    "next-basket": "split_next_basket",
    "users": "split_users",
    "cold-items": "split_cold_items",
}


def snippet(evaluation: Evaluation) -> str:
    """Python that makes the same comparison, as far as the split's own record tells how."""
    split, settings = evaluation.split, evaluation.settings
    own = {
        name.partition(" (")[0]: one_line(metric.code)
        for table in evaluation.tables.values()
        for name, metric in table.custom_metrics.items()
    }
    metrics = ", ".join(own.get(name, repr(name)) for name in settings["metrics"])
    options = [f"metrics=[{metrics}]"]
    options += [
        f"{name}={settings[name]!r}"
        for name in ("like", "relevant", "repeats", "replicates", "level", "seed")
        if settings.get(name) is not None
    ]
    lines = [
        "import penchant as pn",
        "from penchant.models import make",
        *(f"{name} = ...  # a metric of your own" for name in sorted(_classes(own.values()))),
        "",
        f"log = ...  # {one_line(split.log.name)}, from {one_line(str(split.log.origin))}",
        f'assert log.fingerprint.startswith("{split.log.fingerprint[:16]}")',
        f"split = {_split(evaluation)}",
        f'assert split.fingerprint == "{split.fingerprint}"',
        "models = {",
        *(
            f"    {name!r}: {model_code(model)},"
            for name, model in evaluation.models.items()
            if not model.baseline_for or spec_of(model) != name
        ),
        "}",
        "result = pn.evaluate(",
        "    models,",
        "    split,",
        *(f"    {option}," for option in options),
        ")",
        'pn.report(result, "report.html")',
    ]
    return "\n".join(lines)


def _classes(codes: Iterable[str]) -> set[str]:
    """The names of the classes that pieces of Python make something of."""
    return {code.partition("(")[0] for code in codes}


def _split(evaluation: Evaluation) -> str:
    facts = evaluation.split.describe()
    function = _SPLITS.get(str(facts["kind"]))
    if function is None:
        return f"...  # {one_line(str(facts['sentence']))}"
    if function == "split_leave_last_out":
        return f"pn.{function}(log{'' if facts['validation'] else ', validation=False'})"
    if facts["kind"] in ("users", "cold-items"):
        return f"...  # pn.{function}: {one_line(str(facts['sentence']))}"
    total = len(evaluation.split.log)
    shares = {part: round(int(str(facts[part])) / total, 2) for part in ("validation", "test")}
    options = [f"{part}={share}" for part, share in shares.items()]
    if facts["seed"] is not None:
        options.append(f"seed={facts['seed']}")
    return f"pn.{function}(log, {', '.join(options)})"


def model_code(model: Recommender) -> str:
    """Python that makes a model."""
    if name_of(type(model)) is None:
        return one_line(repr(model))
    return f"make({spec_of(model)!r})"


def one_line(text: str) -> str:
    """Text that cannot leave a comment."""
    return " ".join(text.split())


def facts(evaluation: Evaluation) -> Mapping[str, Any]:
    """Settings and versions, ready for a table."""
    settings = evaluation.settings
    level, like = settings.get("level"), settings.get("like")
    rows: dict[str, Any] = {
        "intervals": f"{100 * level:g} %, of {settings['replicates']:,} bootstrap resamples of "
        f"users (seed {settings['seed']})"
        if level is not None
        else None,
        "significance": "p-values of Student's t with bootstrap standard errors, corrected by Holm "
        "for the number of models compared",
        "relevant items": {"all": "all test events", "liked": "test events that are likes"}.get(
            settings.get("relevant", ""), settings.get("relevant")
        ),
        "a like is a rating": None if like is None else threshold_words(like),
        "log fingerprint": evaluation.split.log.fingerprint[:16],
        "split fingerprint": evaluation.split.fingerprint,
    }
    versions = settings.get("versions", {})
    rows["versions"] = ", ".join(f"{name} {number}" for name, number in versions.items()) or None
    return {name: value for name, value in rows.items() if value is not None}
