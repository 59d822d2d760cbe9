"""Findings as lines, as details, and as JSON."""

import io
import json
from dataclasses import replace

import polars as pl
import pytest
from rich.console import Console

from penchant.results.finding import Bar, Finding
from penchant.results.findings import Findings
from penchant.results.rule_findings import RuleFindings

LOW_IS_BAD = Bar(doubtful=0.0, below=True)


def finding(rule, level, about="", figure=None, *, bar=LOW_IS_BAD, **others):
    sentence = f"The sentence about {about or rule}."
    advice = f"Mend {rule}." if level in ("wrong", "doubtful", "note") else ""
    return Finding(rule, 1, level, sentence, about, figure, bar=bar, advice=advice, **others)


@pytest.fixture
def found():
    gains = {"ease (ranking)": -0.1, "ease (rating)": -0.3, "dot (ranking)": -0.2}
    rows = [finding("no-better", "doubtful", n, g, brief=f"gain {g}") for n, g in gains.items()]
    rows += [
        finding("no-better", "passed", "ials (ranking)", 0.1),
        finding("cold-items", "note", figure=0.2, brief="a fifth is cold"),
        finding("same-event", "wrong", figure=0.3, brief="30 % are copies"),
        finding("ties", "passed"),
        finding("same-text", "not checkable"),
        finding("own-review", "not checkable"),
    ]
    return Findings.of("a log", rows)


def lines(found, **options):
    file = io.StringIO()
    found.render(Console(file=file, width=120, color_system=None), **options)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_line_for_each_rule_names_models_and_the_worst_figure(found):
    assert lines(found) == [
        "Audit of a log, by rule: 1 wrong, 1 doubtful, 1 note; 1 passed, 2 not checkable.",
        "wrong     same-event  30 % are copies.",
        "doubtful  no-better   ease (rating, ranking) and dot (ranking); worst ease (rating): "
        "gain -0.3.",
        "note      cold-items  A fifth is cold.",
        "Passed: ties.",
        "Not checkable with what was given: same-text, own-review.",
    ]
    assert [line.rstrip() for line in str(found).splitlines()] == lines(found)
    assert lines(found, brief=True) == lines(found)[:3]


def test_details_have_every_sentence_and_what_to_do_once_for_each_rule(found):
    text = found.details()
    for each in found.objections:
        assert each.sentence in " ".join(text.split())
    assert text.count("Mend no-better.") == 1
    assert "same-text: The sentence about same-text." in text


def test_what_to_do_is_said_also_where_the_last_finding_is_good_news():
    rows = [finding("order", "doubtful", "blind", 0.0), finding("order", "note", "seer", 1.0)]
    rows[1] = replace(rows[1], advice="")
    text = Findings.of("a log", rows).details()
    assert text.count("Mend order.") == 1
    assert text.index("about blind") < text.index("Mend order.") < text.index("about seer")


def test_nothing_found_is_said_plainly():
    clean = Findings.of("a log", [finding("ties", "passed"), finding("cold-items", "note")])
    assert clean.summary() == (
        "Audit of a log, by rule: nothing wrong or doubtful, 1 note; 1 passed, 0 not checkable."
    )
    assert lines(clean, brief=True) == [clean.summary()]


def test_high_figures_are_the_worst_ones_where_low_ones_are_good():
    rows = [finding("copies", "wrong", n, f, bar=Bar(wrong=0.1)) for n, f in (("a", 0.2), ("b", 1))]
    rows.append(finding("copies", "doubtful", "c", 5.0, bar=Bar(wrong=0.1)))
    (group,) = RuleFindings.of(rows)
    assert group.worst.about == "b"
    assert group.line == "b and a; worst b: The sentence about b; 1 more doubtful."


def test_a_line_names_a_few_of_many():
    rows = [finding("constant", "wrong", f"m{n}", float(n)) for n in range(9)]
    (group,) = RuleFindings.of(rows)
    assert group.line.startswith("m0, m1, m2, m3 and 5 more; worst m0: ")


def test_findings_come_back_from_json(found):
    examples = pl.DataFrame({"row": [1, 2], "user": ["a", "b"]})
    whole = Findings.of("x", [*found, finding("e", "wrong", figure=1.0, examples=examples)])
    plain = json.loads(json.dumps(whole.to_dict(), allow_nan=False))
    again = Findings.from_dict(plain)
    assert again.to_dict() == plain
    assert again.details() == whole.details()
    for each in plain["findings"]:  # as earlier versions wrote it
        del each["brief"]
    assert [f.sentence for f in Findings.from_dict(plain)] == [f.sentence for f in whole]
