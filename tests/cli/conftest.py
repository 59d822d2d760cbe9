from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from penchant.bundle import save
from penchant.cli.app import app

Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command in this process."""
    monkeypatch.delenv("PENCHANT_DEBUG", raising=False)

    def run(*words: object, **options: Any) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words], **options)
        if result.exit_code:
            print(result.stderr or repr(result.exception))  # for whoever reads of a failed test
        return result

    return run


@pytest.fixture(scope="session")
def bundle(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EASE, learned from `tiny`."""
    from penchant.models import EASE

    return save(EASE(l2=10).fit(tiny), tmp_path_factory.mktemp("bundles") / "ease")
