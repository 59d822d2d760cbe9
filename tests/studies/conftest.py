from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from penchant import studies


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tiny study, in the table of studies, with no call counted."""
    monkeypatch.delitem(sys.modules, "support.tiny_study", raising=False)
    monkeypatch.setattr(studies, "TABLE", {"tiny": "support.tiny_study"})
    return importlib.import_module("support.tiny_study")


@pytest.fixture(autouse=True, scope="module")
def _quick_studies_conclude(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests of a study look at what its sections conclude, quick as the study may be."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.parent.name in ("books", "fashion", "movies", "music"):
            patch.setattr(
                "penchant.studies.steps.section_without_verdicts", lambda section: section
            )
            patch.setattr("penchant.studies.steps.opening_without_verdict", lambda opening: opening)
        yield
