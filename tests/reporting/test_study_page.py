"""The page, the text and the JSON of a study."""

from __future__ import annotations

import ast
import json
import math
import re
from dataclasses import replace
from html import unescape

import polars as pl
import pytest

from penchant.errors import ParameterError
from penchant.evaluation import evaluate_predictions
from penchant.reporting import report
from penchant.reporting.pages.study import snippet, write_study
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.graph import bars, lines, points, reliability
from penchant.results.study.opening import Opening
from penchant.results.study.quick import section_without_verdicts
from penchant.results.study.result import StudyResult
from penchant.results.study.sections import (
    CONCLUSION_LEVELS,
    CodeBlock,
    Conclusion,
    DataTable,
    Section,
    StudyStep,
)


@pytest.fixture(scope="module")
def judged():
    """Predictions of two contenders, one of them trivial, judged without any split."""
    rows = pl.DataFrame({"user": [n // 4 for n in range(80)]}).with_columns(
        rating=pl.Series([1.0, 5.0, 4.0, 2.0] * 20),
        model=pl.Series([1.5, 4.5, 4.0, 2.5] * 20),
        mean=pl.lit(3.0),
    )
    return evaluate_predictions(rows, ["rmse", "mae"], trivial=["mean"], replicates=50)


@pytest.fixture(scope="module")
def result(comparison, judged, hostile):
    grid = pl.DataFrame({"inflection": ["4", hostile], "0.5": [0.73, 0.01], "1.5": [0.2, None]})
    counts = pl.DataFrame(
        {
            "network": [hostile, "b"],
            "published": [0.8491, 0.8691],
            "here": [0.75, math.nan],
            "here low": [0.7, None],
            "here high": [0.8, None],
            "verdict": ["beats", "no better"],
            "ratings": [53, 1_000_209],
        }
    )
    sections = (
        Section(
            title=f"Published {hostile}",
            text=f"First\nline {hostile}.\n\nSecond.",
            conclusions=tuple(
                Conclusion(level, f"{level}: {hostile}") for level in CONCLUSION_LEVELS
            ),
            tables=(
                DataTable(
                    counts, f"Figures {hostile}.", {"published": "percent:2", "verdict": "badge"}
                ),
                DataTable(grid, "A grid.", shade="high"),
            ),
            charts=(
                bars(
                    f"Bars {hostile}.",
                    {
                        hostile: {hostile: (0.8, 0.7, 0.9), "b": -0.1},
                        "here": {hostile: 0.7, "c": None},
                    },
                    levels={f"all {hostile}": 0.5},
                ),
                bars(
                    "Counts.", {"": {str(n): n * 1000 for n in range(40)}}, upright=True, half=True
                ),
                lines("Loss.", {"one": [3.0, math.nan, 1.0], "two": {1: 2, 9: 4}}, places={"k": 2}),
                lines("Log.", {"one": [58, 10.3, 0.6]}, log=True, half=False),
                points("Few.", [1, 2, 3], [1.5, 2.5, 3.0]),
                points("Many.", [1.0, 2.0, 3.0, 4.0] * 500, [n / 500 for n in range(2000)]),
                reliability("Chances.", {"m": [0.1, 0.8, 0.9]}, [0, 1, 0]),
            ),
            steps=("one",),
        ),
        Section(
            title="Compared",
            comparisons=(
                EvaluationSummary.of(comparison, "First"),
                EvaluationSummary.of(comparison, "Second"),
                EvaluationSummary.of(judged, "Predictions"),
            ),
            steps=("two",),
        ),
    )
    return StudyResult(
        name="made",
        title=f"Made {hostile}",
        opening=Opening(claimed=f"It is {hostile}.", holds="It is not.", use="Use it."),
        sections=sections,
        log={
            "name": f"log {hostile}",
            "fingerprint": "a" * 64,
            "source": f"there\n{hostile}",
            "events": 1234,
            "users": 12,
            "items": 3,
        },
        seed=7,
        settings={"epochs": 3, "name": hostile},
        versions={"study": 1, "penchant": "0"},
        steps=(StudyStep("one", 61.0, reused=True), StudyStep("two", 2.0, reused=False)),
        seconds=2.5,
    )


@pytest.fixture(scope="module")
def page(result, checked, tmp_path_factory):
    return checked(write_study(result, tmp_path_factory.mktemp("study") / "deep" / "study.html"))


def test_the_page_has_all_that_the_study_says(page, result, comparison):
    for section in result.sections:
        assert section.title in page.text
        for paragraph in section.paragraphs:
            assert paragraph in page.text
        for finding in section.conclusions:
            assert finding.sentence in page.text
        for sheet in section.tables:
            assert sheet.caption in page.text
        for graph in section.charts:
            assert graph.caption in page.text
    for words in ("84.91 %", "1,000,209", "0.700 to 0.800", "1 min 1 s", "1,234 events", "a" * 16):
        assert words in page.text
    for entry in comparison.table().entries:
        assert " ".join(entry.name.split()) in page.text.replace(" :", ":")
    assert page.source.count("<figure") == 7 + 2 * 6 + 1  # whiskers, and cost where it is known


def test_the_program_that_reproduces_it_is_one(result):
    call = ast.parse(snippet(result)).body[-2].value
    assert {k.arg: ast.literal_eval(k.value) for k in call.keywords} == {
        "seed": 7,
        **result.settings,
    }


def test_nothing_can_inject(page, hostile):
    assert "<script" not in page.source
    assert "<img" not in page.source
    assert hostile in page.text


def test_kept_parts_are_marked(page):
    assert "2 steps took 1 min 3 s; 1 of them are of an earlier run." in page.text
    # The chapter, the chapter of times, and in it a sentence and a step.
    assert page.source.count('<span class="badge reused">reused</span>') == 4


def test_three_sentences_and_a_picture_stand_on_the_first_screen_alone(checked, result, tmp_path):
    opening = Opening(
        claimed="It <b>knows</b>.",
        holds="It knows what everybody knows.",
        use="Ask anybody.",
        graph=bars("Who knows.", {"": {"it": 0.7, "anybody": 0.7}}, half=True),
    )
    page = checked(report(replace(result, opening=opening), tmp_path / "s.html"))
    screen = page.source.partition("<header")[2].partition("</header>")[0]
    for words in (
        "It &lt;b&gt;knows&lt;/b&gt;.",
        "Ask anybody.",
        "1,234 events, 12 users and 3 items",
    ):
        assert words in screen
    assert screen.count("<figure") == 1
    assert 'class="svg narrow"' in screen
    for words in ("verdict:", "reused", "<nav", "<table"):
        assert words not in screen
    assert page.text.index("Ask anybody.") < page.text.index("Open all")


def test_chapters_fold_with_their_first_conclusion_and_links_lead_into_them(page, result):
    chapters = re.findall(
        r'<details class="chapter">\s*<summary><h2>(.*?)</h2>'
        r'(?:<p class="first">(.*?)</p>)?</summary>\s*<div class="content" id="(.*?)">',
        page.source,
        flags=re.DOTALL,
    )
    names = [name for _, _, name in chapters]
    assert names == ["s1", "s2", "work", "reproduce", "terms"]
    first, second, *_ = chapters
    assert unescape(first[1]) == result.sections[0].conclusions[0].sentence
    assert second[1] == ""
    assert [a for a in page.addresses if a[1:] in names] == [f"#{name}" for name in names]
    assert '<details class="chapter" open' not in page.source


def test_code_is_whole_and_selected_by_a_click(checked, result, tmp_path):
    text = "\n".join(f"SELECT '<{n}>' --{' long' * 60}" for n in range(200))
    section = Section(title="SQL", code=(CodeBlock(text, "What is run."),))
    page = checked(report(replace(result, sections=(section,)), tmp_path / "s.html"))
    (block,) = re.findall(r'<pre class="copy"><code>(.*?)</code></pre>', page.source, re.DOTALL)
    assert unescape(block) == text
    assert re.search(r"pre\.copy \{[^}]*user-select: all", page.source)
    assert text in str(replace(result, sections=(section,)))
    plain = replace(result, sections=(section,)).to_dict()["sections"][0]["code"]
    assert plain == [{"caption": "What is run.", "text": text}]


def test_cells_are_whole_and_wide_tables_stand_as_cards_on_a_phone(checked, result, tmp_path):
    long = "A reason that goes on and on, " * 20 + "to its end."
    wide = pl.DataFrame({"item": ["a"], "reason": [long], "rating": [4.5], "rank": [1]})
    slim = pl.DataFrame({"item": ["a"], "rating": [4.5]})
    section = Section(title="x", tables=(DataTable(wide, "Wide."), DataTable(slim, "Slim.")))
    page = checked(report(replace(result, sections=(section,)), tmp_path / "s.html"))
    assert long in page.text
    tables = re.findall(
        r'<div class="data-table scroll"><table(.*?)>\s*<caption>(.*?)<', page.source
    )
    assert tables == [(' class="cards"', "Wide."), ("", "Slim.")]
    assert '<td data-label="reason" class="long">' in page.source


def test_a_result_without_anything_kept_does_not_speak_of_it(result, checked, tmp_path):
    fresh = replace(
        result, steps=(StudyStep("one", 1.0, reused=False),), sections=result.sections[:1]
    )
    assert "earlier run" not in checked(report(fresh, tmp_path / "s.html")).text


def test_same_study_same_bytes(page, result, tmp_path):
    assert report(result, tmp_path / "b.html").read_text(encoding="utf-8") == page.source


def test_costs_that_nobody_knows_take_no_column(checked, result, judged, tmp_path):
    only = replace(
        result, sections=(Section(title="Judged", comparisons=(EvaluationSummary.of(judged),)),)
    )
    page = checked(report(only, tmp_path / "s.html"))
    assert "time to learn" not in page.text
    assert "on validation" not in page.text
    assert "beats" in page.text


def test_a_comparison_shows_its_verdict_and_folds_its_figures(page, comparison):
    verdict = page.source.partition('<div class="verdict')[2].partition("</div>")[0]
    assert "is best on validation events" in verdict
    assert "interval" not in verdict
    assert page.text.count("All figures of the") == 2 * len(comparison.tables) + 1
    assert "interval of the gain is" in page.text


def test_what_is_not_judged_has_no_column_of_verdicts(checked, result, judged, tmp_path):
    section = Section(title="Judged", comparisons=(EvaluationSummary.of(judged),))
    judged_page = checked(report(replace(result, sections=(section,)), tmp_path / "s.html"))
    assert 'data-label="gain"' in judged_page.source
    quick = section_without_verdicts(section)
    page = checked(report(replace(result, sections=(quick,)), tmp_path / "q.html"))
    assert 'data-label="gain"' not in page.source
    assert 'data-label="verdict"' not in page.source
    assert 'data-label="rmse"' in page.source


def test_json_has_the_numbers_of_every_chart_and_table(result):
    plain = json.loads(result.to_json())
    assert plain == result.to_dict()
    first, second = plain["sections"]
    assert [first["reused"], second["reused"]] == [True, False]
    assert first["tables"][0]["rows"][1] == [
        "b", 0.8691, None, None, None, "no better", 1_000_209
    ]  # fmt: skip
    charts = first["charts"]
    assert charts[0]["series"][0]["y"] == [0.8, -0.1, None]
    assert charts[0]["series"][0]["low"] == [0.7, None, None]
    assert charts[2]["series"][0]["y"] == [3.0, None, 1.0]
    assert charts[2]["places"] == {"k": 2}
    assert sum(charts[5]["series"][0]["weight"]) == 2000
    assert charts[6]["series"][0]["y"] == [0, 1, 0]
    entries = second["comparisons"][2]["tables"]["rating"]["entries"]
    assert [e["model"] for e in entries] == ["model", "mean"]


def test_text_has_findings_tables_and_captions(result, hostile):
    said = str(result).replace("\xa0", " ")
    for words in ("trap: ", "84.91 %", "0.750 [0.700 to 0.800]", "[chart] Loss.", "(1 of 2 steps)"):
        assert words in said
    assert hostile in " ".join(said.split())
    assert "gain over trivial" in said


def test_formats_that_are_not_there_are_refused():
    frame = pl.DataFrame({"a": [1]})
    for formats in ({"b": "whole"}, {"a": "hole"}, {"a": "whole:2"}, {"a": "fixed:x"}):
        with pytest.raises(ParameterError, match="the formats are"):
            DataTable(frame, "x", formats)


def test_a_column_is_written_by_its_type_unless_told():
    frame = pl.DataFrame(
        {"t": ["x"], "n": [1234], "f": [0.5], "l": [["a", "b"]], "none": [None], "s": [90.0]}
    )
    sheet = DataTable(frame, "x", {"s": "duration"})
    written = [sheet.written(c, 0).replace("\xa0", " ") for c in frame.columns]
    assert written == ["x", "1,234", "0.500", "a, b", "–", "1 min 30 s"]
    assert DataTable(frame, "x", {"n": "text"}).written("n", 0) == "1234"


@pytest.mark.parametrize(("best", "dark"), [("high", [0.0, 1.0, None]), ("low", [1.0, 0.0, None])])
def test_shades_run_from_the_worst_to_the_best(best, dark):
    frame = pl.DataFrame({"row": ["a", "b", "c"], "x": [1, 3, None], "y": [2.0, math.nan, 2.0]})
    shades = DataTable(frame, "x", shade=best).shades()
    assert shades == {"x": dark, "y": [0.5, None, 0.5]}
    assert DataTable(frame.head(1).select("row", "x"), "x", shade=best).shades() == {}


def test_charts_with_nothing_to_draw_are_refused():
    for make in (
        lambda: bars("x", {}),
        lambda: bars("x", {"a": {"b": None}}),
        lambda: lines("x", {"a": [math.nan]}),
        lambda: points("x", [], []),
    ):
        with pytest.raises(ParameterError, match="nothing to draw"):
            make()
    with pytest.raises(ParameterError, match="as many predictions"):
        points("x", [1, 2], [1])


def test_stars_are_counted_each_in_a_field_of_their_own():
    graph = points("x", [0.5, 1.0, 3.0, 5.0] * 600, [2.0] * 2400)
    (series,) = graph.series
    assert series.x == (0.5, 1.0, 3.0, 5.0)
    assert series.weight == (600,) * 4
    assert graph.cell is not None
    assert graph.cell[0] == 0.5


def test_the_audit_of_a_comparison_is_on_the_page(page, result, comparison):
    found = EvaluationSummary.of(comparison)
    audit = found.audit
    wrong, doubtful = audit.by_rule("wrong"), audit.by_rule("doubtful")
    assert wrong
    assert doubtful
    for group in (*wrong, *doubtful):
        assert group.rule in page.text
        assert group.line in page.text
    for finding in audit.at("wrong", "doubtful"):
        assert " ".join(finding.sentence.split()) in page.text
    words = "What the audit of this comparison found: "
    assert f"{words}{len(wrong)} wrong, {len(doubtful)} doubtful" in page.text
    kept = json.loads(json.dumps(found.dump()))
    assert EvaluationSummary.load(kept).audit.to_dict() == audit.to_dict() == found.findings
    assert EvaluationSummary.load({k: v for k, v in kept.items() if k != "findings"}).findings == {}
    (first, *_) = (c for s in result.to_dict()["sections"] for c in s["comparisons"])
    assert first["findings"]["worst"] == found.findings["worst"]


def test_judged_predictions_have_no_audit(judged):
    assert EvaluationSummary.of(judged).findings == {}
    assert EvaluationSummary.of(judged).audit is None
