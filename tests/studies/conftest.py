from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from penchant import studies


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tiny study, in the table of studies, with no call counted."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    monkeypatch.delitem(sys.modules, "tiny_study", raising=False)
    monkeypatch.setattr(studies, "TABLE", {"tiny": "tiny_study"})
    return importlib.import_module("tiny_study")
