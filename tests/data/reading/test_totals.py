"""Lines and columns of totals and means, which are no users and items."""

import io

import pytest

import penchant as pn

_ROWS = "user,item,plays\n1,2,3\n1,3,4\n2,2,5\n2,3,1\n"
_WIDE = "user,Alien,Brazil,Casablanca,Mean\n1,5,4,,4.5\n2,3,,2,2.5\n3,4,4,1,3\nMean,4,4,1.5,3.33\n"


def said(content, caplog):
    caplog.clear()
    log = pn.read(io.BytesIO(content.encode()))
    return log, [text for text in caplog.messages if "totals and means" in text]


@pytest.mark.parametrize("name", ["Total", "Grand Total", "SUM", "Durchschnitt", "Summe:"])
def test_a_last_line_of_totals(name, caplog):
    log, messages = said(f"{_ROWS}{name},4,13\n", caplog)
    assert messages == [
        f"the open file: 1 user is called as totals and means of tables are ({name!r}): if that is "
        "so, delete that line or column of the table, and read it again."
    ]
    assert pn.check(log)["user_totals"].sentence in str(pn.check(log))


def test_a_row_and_a_column_of_means(caplog):
    log, messages = said(_WIDE, caplog)
    assert log.origin.layout == "wide"
    assert [text.split(": ")[1] for text in messages] == [
        f"1 {noun} is called as totals and means of tables are ('Mean')"
        for noun in ("user", "item")
    ]


@pytest.mark.parametrize(
    "content",
    [
        _ROWS,
        _ROWS.replace("\n1,2,3", "\nTotal,2,3"),  # a name, since others follow
        _ROWS.replace("item", "film") + "3,Sum of All Fears,2\n",
        _WIDE.replace("Mean", "Dune"),
    ],
)
def test_other_names_are_no_totals(content, caplog):
    log, messages = said(content, caplog)
    assert not messages
    assert "totals" not in str(pn.check(log))
