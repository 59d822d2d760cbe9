from __future__ import annotations

from penchant.studies.plan import Plan


def follow(steps, play):
    seen = []
    play(Plan("made", steps, seen.append))
    return [([(s.name, s.seconds) for s in p.steps], p.current) for p in seen]


def test_every_change_is_told():
    def play(plan):
        plan.begin("a")
        plan.end("a", 3.0, reused=False)

    assert follow({"a": 5.0, "b": 1.0}, play) == [
        ([("a", None), ("b", None)], ""),
        ([("a", None), ("b", None)], "a"),
        ([("a", 3.0), ("b", None)], ""),
    ]


def test_steps_that_were_left_out_are_dropped_and_others_added():
    def play(plan):
        plan.begin("a")
        plan.end("a", 1.0, reused=True)
        plan.begin("new")
        plan.end("new", 1.0, reused=False)
        plan.begin("c")

    last = follow(("a", "b", "c"), play)[-1]
    assert last == ([("a", 1.0), ("new", 1.0), ("c", None)], "c")
