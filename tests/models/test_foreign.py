from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from penchant.bundle import describe, restore, save
from penchant.cli.app import app
from penchant.errors import BundleError, ParameterError
from penchant.models import foreign, import_model, make, spec_of
from penchant.testing import planted_pairs

TOGETHER = '''
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from penchant import Recommender
from penchant.models.fitted_attributes import floats

Path("IMPORTED").touch()  # shows that the module has run


class Together(Recommender):
    """How many users had both items."""

    l2: Annotated[float, Field(ge=0)] = 1.0

    fitted_attributes = {"counts_": floats("items", "items")}

    def _fit(self, train, validation, run):
        x = train.histories.matrix().toarray()
        counts = x.T @ x
        np.fill_diagonal(counts, 0)
        self.counts_ = (counts / (counts.sum(axis=0) + self.l2)).astype(np.float32)

    def _scores(self, users):
        return users.matrix().toarray() @ self.counts_


class Unfinished(Recommender):
    def _fit(self, train, validation, run):
        pass


class Plain:
    pass


VALUE = 3
'''


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package with a model where Python looks for modules, and an empty working folder."""
    package = tmp_path / "site" / "shop_models"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "together.py").write_text(TOGETHER)
    (package / "broken.py").write_text("import penchant\nraise RuntimeError('no\\nluck')")
    (package / "leaving.py").write_text("import sys\nsys.exit(3)")
    (package / "needy.py").write_text("import a_package_that_is_not_there")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(foreign, "_imported", {})
    yield work
    for name in [n for n in sys.modules if n.partition(".")[0] == "shop_models"]:
        del sys.modules[name]


PLACE = "shop_models.together:Together"


@pytest.mark.parametrize(
    ("spec", "divided"),
    [
        ("a.b:C", ("a.b:C", "")),
        ("a.b:C:l2=3,x=(1,2)", ("a.b:C", "l2=3,x=(1,2)")),
        ("a:C", ("a:C", "")),
        ("some/file.py:C:l2=3", ("some/file.py:C", "l2=3")),
        ("ease:l2=300", None),
        ("ease", None),
        ("dot:dim=8,target=like>=4", None),
    ],
)
def test_texts_of_models(spec, divided):
    assert foreign.divide(spec) == divided


def test_base_models_are_found():
    spec = "a.b:C:base_models=(ease;d.e:F:l2=1;g:H)"
    assert foreign.places_in(spec) == ["a.b:C", "d.e:F", "g:H"]
    assert foreign.places_in("blend:base_models=ease;ials") == []


def test_nothing_is_imported_unasked(installed):
    with pytest.raises(ParameterError, match="nothing is imported unasked"):
        make(f"{PLACE}:l2=3")
    with pytest.raises(ParameterError, match="nothing is imported unasked"):
        make(f"blend:base_models={PLACE}")
    assert not (installed / "IMPORTED").exists()
    cls = import_model(PLACE)
    model = make(f"{PLACE}:l2=3")
    assert type(model) is cls
    assert model.l2 == 3
    assert spec_of(model) == f"{PLACE}:l2=3.0"
    assert make(spec_of(model)).params() == model.params()
    with pytest.raises(ParameterError, match="Together has no parameter 'l3'"):
        make(f"{PLACE}:l3=3")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("shop_models.together:Plain", "is no Recommender"),
        ("shop_models.together:VALUE", "is no Recommender"),
        ("shop_models.together:Unfinished", "does not define _scores"),
        ("shop_models.together:Togehter", "has no class 'Togehter': its recommenders are .*Togeth"),
        ("shop_models:Together", "it has no recommender at all"),
        ("shop_models.nothing:Together", "There is no module 'shop_models.nothing'"),
        ("shop_models.broken:X", "fails .RuntimeError: no luck."),
        ("shop_models.leaving:X", "fails .SystemExit: 3."),
        ("shop_models.needy:X", "No module named 'a_package_that_is_not_there'"),
        ("there/is/none.py:X", "There is no file"),
        ("together:Together", "name the file, as in together.py:Together"),
        ("Together", "is no place of a class"),
    ],
)
def test_errors_are_one_sentence(installed, place, words):
    (installed / "together.py").write_text(TOGETHER)
    with pytest.raises(ParameterError, match=words) as caught:
        import_model(place)
    assert "\n" not in str(caught.value)
    assert not (installed / "IMPORTED").exists() or "together" in place


def test_a_file_that_is_named(installed):
    (installed / "mine.py").write_text(TOGETHER)
    with pytest.raises(ParameterError):
        import_model("mine:Together")  # not from the working folder
    assert not (installed / "IMPORTED").exists()
    cls = import_model("./mine.py:Together")
    fitted = cls().fit(planted_pairs())
    save(fitted, installed / "bundle")
    assert describe(installed / "bundle")["model"]["place"] == "mine.py:Together"
    assert restore(installed / "bundle", model=cls).params() == fitted.params()


def test_a_bundle_records_the_place_and_imports_nothing(installed):
    import_model(PLACE)
    fitted = make(f"{PLACE}:l2=3").fit(planted_pairs())
    save(fitted, installed / "bundle")
    assert describe(installed / "bundle")["model"]["place"] == PLACE
    (installed / "IMPORTED").unlink()
    program = (
        "import sys, penchant as pn\n"
        "try: pn.restore('bundle')\n"
        "except pn.PenchantError as error: print(error)\n"
        "assert 'shop_models' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert "nothing is imported unasked" in done.stdout
    assert f"-m {PLACE}" in done.stdout
    assert not (installed / "IMPORTED").exists()
    with pytest.raises(BundleError, match="'Together', which is not one of penchant's"):
        restore(installed / "bundle")
    back = restore(installed / "bundle", model=import_model(PLACE))
    assert back.recommend(k=3).equals(fitted.recommend(k=3))


def test_bundles_of_penchant_name_no_place(tmp_path):
    save(make("ease:l2=10").fit(planted_pairs()), tmp_path / "bundle")
    assert "place" not in json.loads((tmp_path / "bundle" / "manifest.json").read_text())["model"]


def test_commands_take_it(installed):
    from typer.testing import CliRunner

    def call(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    log = installed / "log.csv"
    planted_pairs().frame().write_csv(log)
    trained = call("train", log, "-m", f"{PLACE}:l2=3", "-o", "bundle")
    assert trained.exit_code == 0, trained.stderr
    assert f"-m {PLACE}:l2=3" in trained.stderr or f"--model {PLACE}:l2=3" in trained.stderr
    refused = call("recommend", "bundle", "--user", planted_pairs().users[0])
    assert refused.exit_code == 1
    assert f"-m {PLACE}" in refused.stderr
    allowed = call("recommend", "bundle", "--user", planted_pairs().users[0], "-m", PLACE)
    assert allowed.exit_code == 0, allowed.stderr
    options = ("--metric", "ndcg@5", "--replicates", 50)
    compared = call("compare", log, "-m", f"{PLACE}:l2=3", *options)
    assert f"{PLACE}:l2=3" in compared.stdout, compared.stderr
    tuned = call("tune", log, "-m", PLACE, "-s", "l2=4,9", "--metric", "ndcg@5", "--json")
    assert tuned.exit_code == 0, tuned.stderr
    assert f"{PLACE}:l2=" in tuned.stdout
    listed = call("models", PLACE)
    assert "How many users had both items." in listed.stdout
    wrong = call("compare", log, "-m", "shop_models.together:Plain")
    assert wrong.exit_code == 1
    assert "is no Recommender" in wrong.stderr


def test_the_contract_holds_for_it(installed):
    from penchant.testing import check_contract

    check_contract(import_model(PLACE))


def test_the_example_of_the_page_is_a_place(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "adding-a-model.md"
    code = page.read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "together.py").write_text(textwrap.dedent(code))
    assert import_model(f"{tmp_path / 'together.py'}:Together")().exponent == 0.5
