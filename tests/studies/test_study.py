"""The table of studies, options and steps, tried on a tiny study."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant import studies
from penchant.errors import ParameterError
from penchant.models import make
from penchant.run import Run
from penchant.studies.options import checked, options, parse
from penchant.studies.study import (
    Conclusion,
    EvaluationSummary,
    Opening,
    Section,
    Steps,
    StudyRun,
)


def figures(result):
    """What a result says, without times and without where it is from."""
    plain = result.to_dict()
    for section in plain["sections"]:
        del section["reused"]
        for compared in section["comparisons"]:
            for table in compared["tables"].values():
                for entry in table["entries"]:
                    del entry["cost"]
    return plain["sections"], plain["settings"], plain["versions"], plain["log"]


def test_every_study_of_the_table_keeps_the_protocol():
    for name in studies.TABLE:
        found = studies.find(name)
        assert found.TITLE
        assert found.DATA
        assert found.SMALL_DATA
        assert options(name, found) is not None


def test_a_study_is_found_by_its_name(study):
    assert studies.find("tiny") is study
    with pytest.raises(ParameterError, match="did you mean tiny"):
        studies.find("tinny")
    with pytest.raises(ParameterError, match="known are tiny"):
        studies.find("xxxxxxx")


def test_options_are_the_keyword_only_parameters(study):
    known = options("tiny", study)
    assert list(known) == ["epochs", "threshold"]
    assert (known["epochs"].default, known["epochs"].type_name) == (3, "int")
    assert checked("tiny", study, {}) == {"epochs": 3, "threshold": None}
    given = parse(["epochs=5", "threshold = 4.5"])
    assert checked("tiny", study, given) == {"epochs": 5, "threshold": 4.5}
    assert checked("tiny", study, parse(["threshold=none"]))["threshold"] is None


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["epoch=5"], r"no parameter 'epoch' \(nearest: 'epochs'\); it has epochs, threshold"),
        (["epochs=0"], "tiny: epochs cannot be '0'"),
        (["epochs=many"], "epochs cannot be 'many'"),
        (["epochs"], "must be written name=value"),
        (["epochs=1", "epochs=2"], "given twice"),
    ],
)
def test_impossible_options(study, texts, words):
    with pytest.raises(ParameterError, match=words):
        checked("tiny", study, parse(texts))


def test_a_study_without_options_says_so(study, monkeypatch):
    monkeypatch.setattr(study, "run", lambda log=None, *, seed=0, run=None: None)
    assert checked("tiny", study, {}) == {}
    with pytest.raises(ParameterError, match="has no options, and so not epochs"):
        checked("tiny", study, {"epochs": 3})


def test_what_was_done_is_not_done_again(study, tiny, tmp_path):
    run = StudyRun(output=tmp_path)
    first = study.run(tiny, run=run)
    assert study.CALLS == ["count", "compare"]
    assert first.reused_steps == ()
    second = study.run(tiny, run=run)
    assert study.CALLS == ["count", "compare"]
    assert second.reused_steps == ("count", "compare")
    assert [step.seconds for step in second.steps] == [step.seconds for step in first.steps]
    assert figures(second) == figures(first)
    assert [s["reused"] for s in second.to_dict()["sections"]] == [True, True]
    assert second.to_dict()["reused"] is True
    assert first.to_dict()["reused"] is False


def test_an_interrupted_study_continues(study, tiny, tmp_path, monkeypatch):
    run = StudyRun(output=tmp_path)
    whole = study.run(tiny)

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("penchant.evaluate", stop)
        with pytest.raises(KeyboardInterrupt):
            study.run(tiny, run=run)
    study.CALLS.clear()
    continued = study.run(tiny, run=run)
    assert study.CALLS == ["compare"]
    assert continued.reused_steps == ("count",)
    assert [s["reused"] for s in continued.to_dict()["sections"]] == [True, False]
    assert figures(continued) == figures(whole)


def test_fresh_starts_anew_and_replaces_what_was_kept(study, tiny, tmp_path):
    study.run(tiny, run=StudyRun(output=tmp_path))
    again = study.run(tiny, run=StudyRun(output=tmp_path, fresh=True))
    assert study.CALLS == ["count", "compare"] * 2
    assert again.reused_steps == ()
    assert study.run(tiny, run=Run(output=tmp_path)).reused_steps == ("count", "compare")


def other_texts(log):
    texts = pl.Series("text", [f"text {n}" for n in range(len(log))])
    return dataclasses.replace(log, events=log.events.with_columns(texts))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"options": {"epochs": 4}},
        {"inputs": {"films": "other"}},
        {"version": 2},
        {"study": "other"},
        {"log": lambda log: log.subset(np.arange(len(log) - 1))},
        {"log": other_texts},
        {"log": lambda log: dataclasses.replace(log, item_table=None)},
    ],
    ids=["seed", "options", "inputs", "version", "study", "events", "texts", "titles"],
)
def test_whatever_decides_a_figure_decides_what_is_kept(tiny, tmp_path, change):
    same = {"study": "one", "log": tiny, "version": 1, "seed": 0, "options": {"epochs": 3}}
    run = Run(output=tmp_path)
    changed = same | {k: v(tiny) if k == "log" else v for k, v in change.items()}

    def taken(settings):
        steps = Steps(**settings, run=run)
        steps.do("a", int, lambda: 1)
        return steps.taken[0].reused

    assert [taken(same), taken(same), taken(changed), taken(changed)] == [False, True, False, True]


def test_another_version_of_the_package_forgets_what_was_kept(tiny, tmp_path, monkeypatch):
    def kept():
        steps = Steps("one", tiny, version=1, run=Run(output=tmp_path))
        steps.do("a", int, lambda: 1)
        return steps.taken[0].reused

    assert [kept(), kept()] == [False, True]
    monkeypatch.setattr("penchant.studies.steps.versions", lambda: {"penchant": "99"})
    assert not kept()


@dataclass(frozen=True)
class Inner:
    pair: tuple[int, float | None]


@dataclass(frozen=True)
class Outer:
    numbers: list[list[int]]
    inner: dict[str, Inner]
    word: Literal["low", "high"]
    nothing: float = math.nan


def test_a_first_run_gives_what_a_file_would(tiny, tmp_path):
    record = Outer([[1, 2], [3, 4]], {"a": Inner((1, None)), "b": Inner((2, 0.1 + 0.2))}, "low")
    run = Run(output=tmp_path)
    first = Steps("one", tiny, version=1, run=run).do("a", Outer, lambda: record)
    second = Steps("one", tiny, version=1, run=run).do("a", Outer, lambda: pytest.fail("not kept"))
    without = Steps("one", tiny, version=1).do("a", Outer, lambda: record)
    for found in (first, second, without):
        assert found is not record
        assert math.isnan(found.nothing)
        assert replace(found, nothing=0.0) == replace(record, nothing=0.0)


def test_a_stored_record_of_another_form_is_done_again(tiny, tmp_path):
    run = Run(output=tmp_path)
    Steps("one", tiny, version=1, run=run).do("a", list[str], lambda: ["x"])
    steps = Steps("one", tiny, version=1, run=run)
    assert steps.do("a", Inner, lambda: Inner((1, 2.0))) == Inner((1, 2.0))
    assert not steps.taken[0].reused
    again = Steps("one", tiny, version=1, run=run)
    assert again.do("a", Inner, lambda: pytest.fail("not kept")) == Inner((1, 2.0))


def test_damaged_files_are_done_again(tiny, tmp_path):
    steps = Steps("one", tiny, version=1, run=Run(output=tmp_path))
    steps.do("a", int, lambda: 1)
    assert steps.folder is not None
    file = steps.folder / "a.json"
    file.write_bytes(file.read_bytes()[:-10])
    again = Steps("one", tiny, version=1, run=Run(output=tmp_path))
    assert again.do("a", int, lambda: 2) == 2
    assert not again.taken[0].reused
    third = Steps("one", tiny, version=1, run=Run(output=tmp_path))
    assert third.do("a", int, lambda: pytest.fail("not stored")) == 2


def test_a_step_that_fails_leaves_no_file(tiny, tmp_path):
    steps = Steps("one", tiny, version=1, run=Run(output=tmp_path))
    with pytest.raises(ZeroDivisionError):
        steps.do("a", int, lambda: 1 / 0)
    assert not list(tmp_path.rglob("*.json"))
    assert steps.taken == []


def test_a_folder_that_cannot_be_written_costs_no_result(tiny, tmp_path, notices):
    (tmp_path / "file").touch()
    steps = Steps("one", tiny, version=1, run=Run(output=tmp_path / "file"))
    assert steps.do("a", int, lambda: 1) == 1
    assert "could not be stored" in notices()


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a/b", "a-"])
def test_names_of_steps_are_names_of_files(tiny, name):
    with pytest.raises(ParameterError, match="a name of its own"):
        Steps("one", tiny, version=1).do(name, int, lambda: 1)


def test_steps_have_names_of_their_own_and_records_of_their_type(tiny):
    steps = Steps("one", tiny, version=1)
    steps.do("a", int, lambda: 1)
    with pytest.raises(ParameterError, match="a name of its own"):
        steps.do("a", int, lambda: 1)
    for wrong in (tiny, Inner((1, "x")), {"pair": [1, None]}):
        with pytest.raises(ParameterError, match="gives no record that JSON can hold"):
            steps.do("b", Inner, lambda wrong=wrong: wrong)
    opening = Opening(claimed="A.", holds="B.", use="C.")
    with pytest.raises(ParameterError, match="names the steps c, which were not taken"):
        steps.result(title="", opening=opening, sections=[Section(title="x", steps=("c",))])


def test_a_comparison_comes_back_as_it_was(tiny):
    split = pn.split_per_user(tiny, validation=0.1, test=0.2)
    evaluation = pn.evaluate([make("item-knn")], split, ["ndcg@5", "auc"], replicates=20)
    summary = EvaluationSummary.of(evaluation, "made")
    steps = Steps("one", tiny, version=1)
    back = steps.do("a", dict[str, EvaluationSummary], lambda: {"all": summary})["all"]
    assert str(back) == str(summary)  # as texts, for NaN is not NaN
    assert set(back.tables) == {"ranking", "like"}


def test_progress_names_the_step(tiny):
    told = []

    class Told:
        def task(self, description, total=None):
            told.append(description)
            return Run().progress.task(description, total)

    Steps("one", tiny, version=1, run=Run(progress=Told())).do("a", int, lambda: 1)
    assert told == ["one: a"]


def test_who_watches_is_told_of_every_step(tiny):
    seen = []
    steps = Steps(
        "one", tiny, version=1, plan={"a": 1.0, "b": 2.0}, run=StudyRun(watch=seen.append)
    )
    steps.do("a", int, lambda: 1)
    assert [(p.study, p.current, p.n_done, len(p.steps)) for p in seen] == [
        ("one", "", 0, 2),
        ("one", "a", 0, 2),
        ("one", "", 1, 2),
    ]


def test_a_quick_study_concludes_nothing(tiny):
    opening = Opening(claimed="It knows.", holds="It is better.", use="Use it.")
    section = Section(title="x", conclusions=(Conclusion("verdict", "It is better."),))

    def result(quick):
        steps = Steps("one", tiny, version=1, options={"quick": quick})
        return steps.result(title="x", sections=[section], opening=opening)

    assert "It is better." in str(result(False))
    assert "It is better." not in str(result(True))
    assert result(True).to_dict()["opening"]["claimed"] == "It knows."
    assert result(True).conclusions() == []
