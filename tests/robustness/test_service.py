"""Requests made up from the service's own description, valid and not, on a running service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from penchant.bundle import save
from penchant.models import make
from penchant.testing import planted_ratings
from support.fuzzing import SEED, tally, tries
from support.serving import Running

CHECKS = (
    "not_a_server_error,response_schema_conformance,status_code_conformance,"
    "content_type_conformance,unsupported_method"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service") / "bundle"
    return save(make("ease").fit(planted_ratings()), folder)


@pytest.mark.slow
def test_no_request_ends_in_a_server_error(bundle: Path, tmp_path: Path) -> None:
    """Neither with valid bodies and parameters nor with others, and answers fit the description."""
    pytest.importorskip("schemathesis")
    with tally("requests made up from the service's description") as counts:
        store = f"sqlite:///{tmp_path / 'feedback.db'}"
        service = Running(bundle, "--log-format", "none", "--store", store, "--record")
        try:
            found = subprocess.run(
                [
                    str(Path(sys.executable).with_name("schemathesis")),
                    "run",
                    f"{service.address}/openapi.json",
                    f"--checks={CHECKS}",
                    "--phases=coverage,fuzzing",
                    f"--max-examples={tries(2)}",
                    f"--seed={SEED}",
                    "--report=json",
                    f"--report-json-path={tmp_path / 'report.json'}",
                    "--continue-on-failure",
                ],
                capture_output=True,
                text=True,
                check=False,
                cwd=tmp_path,
            )
        finally:
            service.stop()
        report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        counts.accepted = report["test_cases"]["generated"]
        if found.returncode:
            counts.fault(found.stdout[-6000:])
