from __future__ import annotations

import io

import pytest

from penchant.data.sources.releases import read
from penchant.data.splitting import split_leave_last_out
from penchant.errors import DataError

MIND = (
    "1\tU1\t11/13/2019 8:36:57 AM\tN5 N6 N7\tN8-1 N9-0\n"
    "2\tU2\t11/12/2019 6:11:30 PM\t\tN6-0 N8-0 N5-1 N9-1\n"
    "3\tU1\t11/12/2019 9:00:00 AM\tN5 N6 N7\tN9-0 N5-1\n"
    "4\tU3\t11/12/2019 9:00:01 AM\tN7\tN8-0\n"
)


def read_text(text: str, **options: object):
    return read(io.BytesIO(text.encode()), quiet=True, **options)  # type: ignore[arg-type]


def test_the_form_of_mind(caplog: pytest.LogCaptureFixture) -> None:
    log = read(io.BytesIO(MIND.encode()))
    assert log.origin.layout == "impressions"
    columns = ("user", "item", "time", "sequence_position", "impression")
    rows = [
        (user, item, time and f"{time:%m-%d %H:%M}", place, impression)
        for user, item, time, place, impression in log.frame().select(columns).iter_rows()
    ]
    assert rows == [
        ("U1", "N5", None, 0, None),
        ("U1", "N6", None, 1, None),
        ("U1", "N7", None, 2, None),
        ("U1", "N8", "11-13 08:36", 4, 1),
        ("U2", "N5", "11-12 18:11", 0, 2),
        ("U2", "N9", "11-12 18:11", 1, 2),
        ("U1", "N5", "11-12 09:00", 3, 3),
        ("U3", "N7", None, 0, None),
    ]
    assert caplog.records[0].message == (
        "the open file: read as impressions, 4 clicks are events; 4 events of histories come "
        "before them without a time; 5 items shown and not clicked left out; override with "
        "layout='columns' (--layout columns)."
    )


def test_histories_come_first_and_the_last_click_last() -> None:
    log = read_text(MIND)
    assert log.has_order
    user = log.users.indices([("U1")])
    history = log.histories[user] if hasattr(log.histories, "__getitem__") else None
    assert history is None or len(history)
    split = split_leave_last_out(log)
    held = log.items.take(split.test.items).to_list()
    assert held[split.test.histories.users.tolist().index(int(user[0]))] == "N8"


def test_lines_without_labels_have_histories_alone() -> None:
    text = MIND + "5\tU4\t11/15/2019 8:00:00 AM\tN5\tN8 N9\n"
    log = read_text(text, layout="impressions")
    assert log.frame().filter(user="U4")["item"].to_list() == ["N5"]


def test_what_does_not_fit_is_listed() -> None:
    lines = MIND.splitlines()
    lines[1:1] = ["7\tU9\t11/12/2019 6:11:30 PM", "8\t\t11/12/2019 6:11:30 PM\t\tN1-1"]
    log = read_text("\n".join(lines), layout="impressions")
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"].to_list() == [
        "line 2: 3 columns instead of 5",
        "line 3: missing user",
    ]
    rows = [*log.events["row"], *log.origin.skipped["row"]]
    assert sorted(rows) == list(range(1, 11))


def test_other_texts_are_refused() -> None:
    with pytest.raises(DataError, match="no line of an impression"):
        read_text("user\titem\nann\ttea\n", layout="impressions")
    with pytest.raises(DataError, match="no click and no history"):
        read_text("1\tU1\t11/13/2019 8:36:57 AM\t\tN9-0\n")
