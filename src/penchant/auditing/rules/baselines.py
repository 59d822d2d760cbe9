"""Rules: a comparison without trivial answers, and without simple strong methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding
from penchant.results.tables import Entry

TRIVIAL = Rule(
    name="no-trivial-baseline",
    subject=4,
    question="Are trivial answers missing from the comparison?",
    advice="Add the majority, the global, user and item mean, biases, popularity and chance "
    "(pn.evaluate always does).",
    source="Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?",
    brief="no trivial answer in the table",
    bar=Bar(wrong=1.0),
)
STRONG = Rule(
    name="no-strong-baseline",
    subject=4,
    question="Are simple strong methods missing from the comparison?",
    advice="Add them with an equal budget of tuning, such as -m ease -m item-knn -m ials, or "
    "-m vs-knn -m stan where the next event of a sequence is foretold.",
    source="Rendle et al. 2020, Neural Collaborative Filtering vs. Matrix Factorization Revisited; "
    "Ferrari Dacrema et al. 2019; Ludewig et al. 2021, Empirical Analysis of Session-based "
    "Recommendation Algorithms",
    brief="no simple strong method in the table",
    bar=Bar(doubtful=1.0),
)
_PREFIXES: dict[str, tuple[str, ...]] = {
    "ranking": ("ease", "slim", "knn", "ials", "als", "rp3", "p3alpha", "mf", "bpr", "dot", "svd"),
    "rating": ("knn", "mf", "svd", "dot", "factor", "slope", "als"),
    "like": ("knn", "mf", "svd", "dot", "factor", "logistic", "ials", "als", "ease"),
}
_OF_SEQUENCES = ("stan", "vstan", "sequential-rules")  # simple and strong, by their whole names
_EXAMPLES = {
    "ranking": "dot-product factors, item-kNN, EASE, iALS, RP3beta, VS-kNN, STAN or sequential "
    "rules",
    "rating": "item-kNN or matrix factors",
    "like": "item-kNN or matrix factors",
}


def check_trivial(material: Material) -> Iterator[Finding]:
    """Whether each task has a trivial answer."""
    yield from _check_tasks(material, TRIVIAL, _check_trivial)


def check_strong(material: Material) -> Iterator[Finding]:
    """Whether each task has a simple strong method, by the models' names."""
    yield from _check_tasks(material, STRONG, _check_strong)


def _check_tasks(
    material: Material, rule: Rule, check: Callable[[str, list[Entry]], Finding]
) -> Iterator[Finding]:
    if not material.tables:
        yield rule.not_checkable("the table of a comparison")
    for task in dict.fromkeys(table.task for table in material.tables):
        yield check(
            task, [e for table in material.tables if table.task == task for e in table.entries]
        )


def _check_trivial(task: str, entries: list[Entry]) -> Finding:
    trivial = [e.name for e in entries if e.trivial]
    if trivial:
        sentence = f"The {task} table has the trivial answers {', '.join(trivial)}."
        return TRIVIAL.finding("passed", sentence, about=task, figure=0.0)
    return TRIVIAL.finding(
        "wrong", f"The {task} table has no trivial answer.", about=task, figure=1.0
    )


def _check_strong(task: str, entries: list[Entry]) -> Finding:
    models = [e.name for e in entries if not e.trivial]
    if not models:
        return STRONG.not_checkable("a model that is no trivial answer", task)
    strong = [name for name in models if _is_strong(task, name)]
    if strong:
        sentence = f"Simple methods stand in the {task} table: {', '.join(strong)}."
        return STRONG.finding("passed", sentence, about=task, figure=0.0)
    return STRONG.finding(
        "doubtful",
        f"The {task} table has none of {_EXAMPLES[task]}, as far as names tell.",
        about=task,
        figure=1.0,
    )


def _is_strong(task: str, name: str) -> bool:
    """Whether a part of the name, such as of `item-knn:neighbours=50`, is a strong method's."""
    plain = name.partition(":")[0].lower().replace("_", "-")
    if task == "ranking" and plain.rstrip("'") in _OF_SEQUENCES:
        return True
    return any(
        part.startswith(_PREFIXES[task]) or part.endswith("knn") for part in plain.split("-")
    )
