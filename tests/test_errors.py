from __future__ import annotations

import importlib
import sys

import pytest

from penchant.errors import MissingExtraError, require


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[trees\]'"):
        require("lightgbm", "trees")


def test_a_package_that_lacks_a_system_library_says_which(monkeypatch):
    def load(module):
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", load)
    with pytest.raises(MissingExtraError, match=r"cannot be loaded \(libgomp"):
        require("lightgbm", "trees")


def test_what_is_there_is_imported():
    assert require("json", "nothing").loads("1") == 1
