"""Rules: a comparison without trivial answers, and without simple strong methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from penchant.auditing.material import Contender, Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding

TRIVIAL = Rule(
    name="no-trivial-baseline",
    subject=4,
    question="Are trivial answers missing from the comparison?",
    advice="Add the majority, the global, user and item mean, biases, popularity and chance "
    "(pn.evaluate always does).",
    source="Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?",
    bar=Bar(wrong=1.0),
)
STRONG = Rule(
    name="no-strong-baseline",
    subject=4,
    question="Are simple strong methods missing from the comparison?",
    advice="Add them with an equal budget of tuning, such as -m ease -m item-knn -m ials.",
    source="Rendle et al. 2020, Neural Collaborative Filtering vs. Matrix Factorization Revisited; "
    "Ferrari Dacrema et al. 2019",
    bar=Bar(doubtful=1.0),
)
_SIMPLE: dict[str, tuple[str, ...]] = {
    "ranking": ("ease", "slim", "knn", "ials", "als", "rp3", "p3alpha", "mf", "bpr", "dot", "svd"),
    "rating": ("knn", "mf", "svd", "dot", "factor", "slope", "als"),
    "like": ("knn", "mf", "svd", "dot", "factor", "logistic", "ials", "als", "ease"),
}
_SHOWN = {
    "ranking": "dot-product factors, item-kNN, EASE, iALS or RP3beta",
    "rating": "item-kNN or matrix factors",
    "like": "item-kNN or matrix factors",
}


def check_trivial(material: Material) -> Iterator[Finding]:
    """Whether each task has a trivial answer."""
    yield from _each(material, TRIVIAL, _trivial)


def check_strong(material: Material) -> Iterator[Finding]:
    """Whether each task has a simple strong method, told by the models' names."""
    yield from _each(material, STRONG, _strong)


def _each(
    material: Material, rule: Rule, check: Callable[[str, list[Contender]], Finding]
) -> Iterator[Finding]:
    judged = [c for c in material.contenders if not c.added]
    tasks = dict.fromkeys(c.task for c in judged)
    if not tasks:
        yield rule.not_checkable("the table of a comparison")
    for task in tasks:
        yield check(task, [c for c in judged if c.task == task])


def _trivial(task: str, contenders: list[Contender]) -> Finding:
    trivial = [c.name for c in contenders if c.trivial]
    if trivial:
        said = f"The {task} table has the trivial answers {', '.join(trivial)}."
        return TRIVIAL.finding("passed", said, about=task, figure=0.0)
    return TRIVIAL.finding(
        "wrong", f"The {task} table has no trivial answer.", about=task, figure=1.0
    )


def _strong(task: str, contenders: list[Contender]) -> Finding:
    names = {c.name: c.name.partition(":")[0].lower() for c in contenders if not c.trivial}
    words = {shown: name.replace("_", "-").split("-") for shown, name in names.items()}
    strong = [
        shown
        for shown, parts in words.items()
        if any(part.startswith(_SIMPLE[task]) or part.endswith("knn") for part in parts)
    ]
    learned = [c.name for c in contenders if not c.trivial]
    if strong or not learned:
        said = f"Simple methods stand in the {task} table: {', '.join(strong)}."
        if not learned:
            said = f"The {task} table has trivial answers only."
        return STRONG.finding("passed", said, about=task, figure=0.0)
    return STRONG.finding(
        "doubtful",
        f"The {task} table has none of {_SHOWN[task]}, as far as names tell.",
        about=task,
        figure=1.0,
    )
