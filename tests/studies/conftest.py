from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from penchant import studies


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tiny study, in the table of studies, with no call counted."""
    monkeypatch.delitem(sys.modules, "support.tiny_study", raising=False)
    monkeypatch.setattr(studies, "TABLE", {"tiny": "support.tiny_study"})
    return importlib.import_module("support.tiny_study")
