"""The names of hyper-parameters are those that `docs/conventions.md` fixes."""

from __future__ import annotations

import re
from pathlib import Path

from penchant.models import TABLE, find
from penchant.models.parameters import parameters_of

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"


def documented() -> dict[str, set[str]]:
    """The models of each hyper-parameter, by its name on the page."""
    section = PAGE.read_text(encoding="utf-8").partition("## Hyper-parameters")[2]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section.partition("\n## ")[0], re.M)
    assert len(rows) == len(dict(rows)), "a name is in the table twice"
    return {
        name: set(TABLE) if models == "all" else set(re.findall(r"`([\w-]+)`", models))
        for name, models in rows
    }


def test_every_hyper_parameter_is_on_the_page_with_its_models():
    found: dict[str, set[str]] = {}
    for model in TABLE:
        for name in parameters_of(find(model)):
            found.setdefault(name, set()).add(model)
    assert documented() == found


def test_the_table_is_sorted():
    assert list(documented()) == sorted(documented())
