"""`penchant plan` on the command line."""

from __future__ import annotations

import json

SIZE = ("--users", "1e6", "--items", "2e5", "--events", "5e7")


def test_a_plan_is_shown_and_told_to_programs(call):
    shown = call("plan", *SIZE, "--memory", "24")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith("1,000,000 users, 200,000 items, 50,000,000 events; machines ")
    told = json.loads(call("plan", *SIZE, "--step", "ials", "--json").stdout)
    assert [step["step"] for step in told["steps"]] == ["ials"]
    assert told["memory_gb"] == 64
    assert told["steps"][0]["hours"] > 0


def test_other_models_are_shown_where_they_are_asked_for(call):
    def steps(*words):
        told = json.loads(call("plan", *SIZE, *words, "--json").stdout)
        return {step["step"] for step in told["steps"]}

    assert "neumf" not in steps()
    assert steps("--step", "neumf") == {"neumf"}
    assert steps("--all") > steps() | {"neumf"}


def test_impossible_numbers_are_refused_in_one_sentence(call):
    result = call("plan", "--users", "1e9", "--items", "10", "--events", "10")
    assert result.exit_code == 1
    assert "count only users and items with events" in result.stderr
