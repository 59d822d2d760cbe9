"""The model card: what a bundle holds, for people."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from penchant.bundle.manifest import Training
from penchant.models import name_of
from penchant.models.base import Recommender
from penchant.models.parameters import parameters_of
from penchant.models.protocols import RatesRows
from penchant.retrieval.state import facts_of
from penchant.wording import counted


class Evaluated(Protocol):
    """A comparison of models, such as `penchant.evaluation` returns."""

    def to_dict(self) -> dict[str, Any]:
        """Split, settings and tables as plain values."""


def card(
    model: Recommender,
    training: Training,
    versions: Mapping[str, str],
    made: str,
    place: Path,
    evaluation: Evaluated | None = None,
) -> str:
    """The text of `card.md`."""
    sections = [
        f"# {type(model).__name__}, learned from {_line(training.log)}",
        _about(model),
        "## Hyper-parameters\n\n" + _hyperparameters(model),
        "## Training\n\n" + _training(model, training, made),
        "## Figures\n\n" + _figures(model, training, evaluation),
        "## Use and limits\n\n" + _use(model),
        "## Loading\n\n" + _loading(model, place),
        "Made with " + ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
    ]
    return "\n\n".join(sections) + "\n"


def _about(model: Recommender) -> str:
    text = type(model).__doc__ or ""
    if not text or text.startswith(f"{type(model).__name__}("):  # what dataclasses write
        return "A recommender of its owner's own class."
    return inspect.cleandoc(text).partition("\n\nAttributes:")[0]


def _hyperparameters(model: Recommender) -> str:
    known_parameters = parameters_of(type(model))
    rows = [
        (name, str(value), str(known_parameters[name].default), known_parameters[name].type_name)
        for name, value in model.params().items()
    ]
    return _table(("parameter", "value", "default", "type"), rows)


def _training(model: Recommender, training: Training, made: str) -> str:
    span = "the events have no times"
    if training.first is not None:
        span = f"{training.first} to {training.last}"
    return _table(
        ("fact", "value"),
        [
            ("log", training.log),
            ("fingerprint", training.fingerprint),
            ("events", f"{training.events:,}" + (" with ratings" if training.ratings else "")),
            ("users", f"{training.users:,} with events of {training.known_users:,} known"),
            ("items", f"{training.items:,} with events of {training.known_items:,} known"),
            ("time span", span),
            ("seed", str(model.seed)),
            ("time to learn", f"{training.seconds:.2f} s"),
            ("learned numbers", f"{model.n_parameters():,}"),
            *([("index", str(facts))] if (facts := facts_of(model)) else []),
            ("saved", made),
        ],
    )


def _figures(model: Recommender, training: Training, evaluation: Evaluated | None) -> str:
    if evaluation is None:
        return "No evaluation was given when this bundle was made: measure it before trusting it."
    result = evaluation.to_dict()
    split, settings = result["split"], result["settings"]
    own = {name for name, text in settings.get("models", {}).items() if text == repr(model)}
    parts = [f"Split: {_line(split['sentence'])} (fingerprint `{split['fingerprint']}`)."]
    parts[0] = parts[0].replace(". (", " (")
    if training.fingerprint == result["log"]["fingerprint"]:
        parts.append(
            "The figures are of models that learned from the training part alone; this bundle "
            "has since learned from the whole log."
        )
    elif training.log != result["log"]["name"]:
        parts.append(f"The figures are of another log, {_line(result['log']['name'])}.")
    for task, table in result["tables"].items():
        parts += _figures_table(task.capitalize(), table, own)
        for segment, part in table.get("segments", {}).items():
            parts += _figures_table(f"{task.capitalize()} {segment.replace('-', ' ')}", part, own)
        parts += [_line(note) for note in table["notes"]]
    parts += [_line(note) for note in result["notes"]]
    if own:
        parts.append("This model stands in bold.")
    level = settings.get("level")
    if level is not None:
        parts.append(f"Brackets hold intervals of {level:.0%}, from resampled users.")
    return "\n\n".join(parts)


def _figures_table(heading: str, table: Mapping[str, Any], own: set[str]) -> list[str]:
    """A heading, and a row of figures for each model; those of this one in bold."""
    rows = [
        (
            f"**{entry['model']}**" if entry["model"] in own else entry["model"],
            *(_figure(entry["figures"].get(metric)) for metric in table["metrics"]),
            "trivial" if entry["trivial"] else entry["verdict"] or "",
        )
        for entry in table["entries"]
    ]
    return [
        f"### {heading}, {counted(table['users'], 'user')}, {counted(table['rows'], 'event')}",
        _table(("model", *table["metrics"], "against trivial answers"), rows),
    ]


def _figure(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    low, high = figure.get("low"), figure.get("high")
    interval = ""
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        interval = f" [{low:.4f}, {high:.4f}]"
    return f"{figure['value']:.4f}{interval}"


def _use(model: Recommender) -> str:
    abilities = ["ranks items for people of the log, and for new ones by what they liked"]
    if isinstance(model, RatesRows):
        abilities.append("predicts what somebody will say of an item")
    if model.has_contributions:
        abilities.append("says which events of a history make a score")
    return (
        f"This model {'; it '.join(abilities)}.\n\n"
        "It knows the items of its log only, and repeats what that log favours: popular items, "
        "active users, and whoever was able to leave events there. What it says of people with "
        "few events is little more than what suits everybody. Do not use it to decide about "
        "people.\n\n"
        "The bundle holds the ids, events and ratings that it learned from: treat it as you "
        "treat the log."
    )


def _loading(model: Recommender, place: Path) -> str:
    name = type(model).__name__
    own = name_of(type(model)) is None
    argument = f", model={name}" if own else ""
    lines = [
        "```python",
        "import penchant as pn",
        "",
        f"model = pn.restore({place.name!r}{argument})",
        "print(model.recommend(k=10))",
        "```",
    ]
    if not own:
        lines += ["", "```", f"penchant recommend {place.name} -k 10", "```"]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_line(cell) for cell in line) + " |" for line in lines)


def _line(text: object) -> str:
    """Text that cannot break out of a line or a table cell."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")
