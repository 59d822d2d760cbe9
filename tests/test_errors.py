from __future__ import annotations

import importlib
import sys

import pytest

from penchant.errors import DownloadError, MissingExtraError, PenchantError, require


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


@pytest.mark.parametrize("kind", [PenchantError, DownloadError])
def test_the_text_is_one_line_that_no_terminal_obeys(kind):
    assert str(kind("The file 'a\nb\t c' is none.")) == "The file 'a b c' is none."
    odd = kind("The file '\x1b[2J\udc80é' is none.")
    assert str(odd) == "The file '\\x1b[2J\\udc80é' is none."
    assert str(odd).encode()
