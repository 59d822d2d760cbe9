from __future__ import annotations

import importlib.metadata
import json

import pytest

from penchant import doctor
from penchant.doctor import Package, diagnose, run_self_test


def test_this_installation_is_well(tmp_path, monkeypatch):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    (tmp_path / "cache" / "movielens-100k").mkdir(parents=True)
    found = diagnose(self_test=False)
    assert not found.problems
    assert {"numpy", "torch", "polars"} <= {p.name for p in found.packages}
    assert found.data_sets == ("movielens-100k",)
    assert {"serve", "trees", "report"} <= set(found.extras)
    assert not {"all", "dev", "test"} & set(found.extras)


def test_the_self_test_learns():
    found = run_self_test()
    assert found.ndcg > 3 * found.popular_ndcg
    assert found.gigaflops > 0


@pytest.mark.parametrize(
    ("installed", "least", "enough"),
    [
        ("2.13.0+cpu", "2.4", True),
        ("2.3.9", "2.4", False),
        ("1.26.0", "1.26", True),
        ("1.26", "1.26.0", True),
        ("3.0rc1", "3.0", True),
        (None, "0", False),
    ],
)
def test_versions(installed, least, enough):
    assert Package("any", least, installed).is_enough == enough


def test_what_is_wrong_is_said(tmp_path, monkeypatch):
    real = importlib.metadata.version
    monkeypatch.setattr(doctor, "version", lambda name: "0.1" if name == "polars" else real(name))
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("PENCHANT_CACHE", str(file))
    monkeypatch.setenv("PENCHANT_MIRROR", str(tmp_path / "nowhere"))
    packages, cache, mirror = diagnose(self_test=False).problems
    assert packages.startswith("penchant needs polars 2.0 or newer, and 0.1 is installed: pip")
    assert "set PENCHANT_CACHE" in cache
    assert "which is no folder" in mirror


def test_a_machine_that_computes_wrongly(monkeypatch):
    monkeypatch.setattr(
        doctor, "run_self_test", lambda: doctor.SelfTest(1000, 1.0, 10.0, 0.01, 0.1, 5.0)
    )
    assert any("compute wrongly" in problem for problem in diagnose().problems)


def test_what_is_missing_and_how_to_install_it(call, monkeypatch):
    real = importlib.metadata.version

    def without_trees(name):
        if name == "lightgbm":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor, "version", without_trees)
    shown = " ".join(call("doctor", "--quick").stdout.split())
    assert "not trees: pip install 'penchant[trees]' (lightgbm)" in shown


def test_command(call, monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path))
    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    result = call("doctor", "--quick")
    assert result.exit_code == 0, result.stdout
    assert "Everything needed is there" in result.stdout
    whole = json.loads(call("doctor", "--json").stdout)
    assert whole["self_test"]["ndcg"] > whole["self_test"]["popular_ndcg"]
    monkeypatch.setenv("PENCHANT_MIRROR", str(tmp_path / "nowhere"))
    ill = call("doctor", "--quick")
    assert ill.exit_code == 1
    assert "Problem:" in ill.stdout
