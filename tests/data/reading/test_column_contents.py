"""Files whose columns have no names, or unusual ones."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.reading.log_reader import read
from penchant.errors import DataError


def columns_of(path):
    return {role: int(c.removeprefix("column_")) for role, c in read(path).origin.columns.items()}


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("3\t1\t2.8978348799\t1\n3\t2\t2.669\t1\n4\t3\t2.769\t1\n", (0, 1, 2, None)),
        ("506246\t104000100187\t49.26\n506247\t104000100150\t17.89\n", (0, 1, 2, None)),
        ("1,10,4.75\n1,20,.25\n2,10,3.5\n", (0, 1, 2, None)),
        ("1,10,0.3333\n1,20,0.9\n2,10,0.5\n", (0, 1, 2, None)),
        ("1,10,-7.82\n1,20,8.79\n2,10,99\n", (0, 1, 2, None)),
        ('1,"Dota 2",play,273.0,0\n1,"Fallout 4",play,87.0,0\n2,Portal,play,2.5,0\n', None),
        ("u1,5,i10\nu2,4,i10\nu2,3,i20\nu3,3,i10\n", (0, 2, 1, None)),
        ("0,2,109,1,881250949\n1,3,101,4,881337349\n2,4,107,4,881423749\n", (1, 2, 3, 4)),
        ("1,u1,i10,3.5\n2,u1,i20,4.0\n3,u2,i10,1.5\n", (1, 2, 3, None)),
        ("1,10,5\n2,20,3\n3,30,4\n", (0, 1, 2, None)),
        ("1;10;3,5\n1;20;4,0\n2;10;1,5\n", (0, 1, 2, None)),
        ("1.0,1001.0,4\n1.0,1002.0,5\n12.0,1001.0,3\n", (0, 1, 2, None)),
        ("1,10,5,3/13/24 9:05\n1,20,4,3/14/24 9:06\n", (0, 1, 2, 3)),
        ("1,10,1\n1,20,1\n2,10,1\n", (0, 1, 2, None)),
    ],
)
def test_columns_without_names(write, lines, wanted):
    found = columns_of(write(lines))
    if wanted is None:  # the second text column is no rating, hours are
        assert (found["item"], found["rating"]) == (1, 3)
        return
    assert tuple(found.get(role) for role in ("user", "item", "rating", "time")) == wanted


def test_numbers_that_are_passed_over_are_named(write, notices):
    read(write("1,10,3.5,0.2\n1,20,4.5,0.9\n2,10,1.5,0.3\n"))
    assert "column_3 has numbers, too, and column_2 is taken for the rating" in notices()


def test_lists_of_ids_are_no_columns(write):
    line = "{}\tU{}\t11/13/2019 9:05:58 AM\tN551 N427 N346\tN556 N357\n"
    with pytest.raises(DataError, match="has lists of ids in 'column_3'"):
        read(write("".join(line.format(n, n % 2) for n in range(1, 5))))


@pytest.mark.parametrize(
    "content",
    [
        "7,3,20.5,4.25,5,4\n6,3,32.5,0,5,4\n7,2,13.5,2,15.5,0\n",
        "user,age,income,rooms\nann,31,52000,2\nann,45,61000,0\ncid,19,18000,1\n",
        "74,-17.82,18.79,-9.66,98\n74,14.08,-0.29,16.36,14.37\n49,89,97,87,19.03\n",
    ],
)
def test_a_matrix_is_called_one(write, content):
    with pytest.raises(DataError, match=r"looks like a matrix, .* with layout='wide'"):
        read(write(content))


def test_many_columns_without_names_are_not_guessed(write):
    line = ",".join(["0", *"123456789012", *(["68fd1e64", "80e26c9b", "fb936136"] * 2)])
    path = write(f"{line}\n{line}\n")
    with pytest.raises(DataError, match="has 19 columns without names"):
        read(path)
    assert len(read(path, user=0, item=13, rating=False, time=False)) == 2


def test_dates_and_numbers_without_a_role_are_named(write, notices):
    path = write(
        "user,item,last_seen,level\n1,10,2024-03-01,7\n1,20,2024-03-02,9\n2,10,2024-03-03,8\n"
    )
    assert not read(path).has_times
    said = notices()
    assert "no time was recognised; last_seen looks like one" in said
    assert "--time last_seen" in said
    assert "no rating was recognised; level may be one" in said
    read(path, time=False, rating=False)
    assert "recognised" not in notices()
    log = read(path, time="last_seen", weight="level")
    assert log.has_times
    assert log.weights.tolist() == [7, 9, 8]


@pytest.mark.parametrize(
    "name", ["InvoiceDate", "t_dat", "TRANSACTION_DT", "order_purchase_timestamp"]
)
def test_usual_names_of_times(write, name):
    assert read(write(f"user,item,{name}\n1,10,2024-03-01\n2,10,2024-03-02\n")).has_times


def test_weights_are_guessed_by_name_and_bad_ones_are_listed(write, notices):
    rows = "a,x,3\na,y,0\nb,x,-1\nb,z,2.5\nb,q,many\n" + "".join(f"c,i{n},7\n" for n in range(15))
    log = read(write("user,artist,plays\n" + rows))
    assert log.weights.tolist() == [3, 2.5, *[7] * 15]
    assert log.origin.skipped["problem"].to_list() == [
        "weight '0' is no number above 0",
        "weight '-1' is no number above 0",
        "weight 'many' is no number above 0",
    ]
    assert "weight='plays'" in notices()
    assert read(write("user,artist,plays\na,x,3\nb,x,1\n"), weight=False).weights is None


def test_ids_keep_no_blanks_or_quotes_around_them(write):
    log = read(write('user,item,rating\n" a ", x,5\na,x ,4\n b, "y z",3\nb,x,2\n'))
    assert log.users.ids.to_list() == ["a", "b"]
    assert log.items.ids.to_list() == ["x", "y z"]
    log = read(write("user, item, rating\n1, 10, 5\n 2, 10, 4\n2, 20, 3\n"))
    assert (log.users.ids.to_list(), log.items.ids.to_list()) == ([1, 2], [10, 20])


def test_ids_that_were_fractional_numbers(write, notices):
    log = read(write("user,item,rating\n1,10.0,5\n2,10.0,4\n2,-20.00,3\n"))
    assert log.items.ids.to_list() == [-20, 10]
    assert "all item ids end in .0, as '10.0' does" in notices()
    log = read(write("user,item,rating\n1,10.0,5\n2,10,4\n"))
    assert log.items.ids.to_list() == ["10", "10.0"]


@pytest.mark.parametrize(
    "preamble",
    [
        "# exported 2024\n# by me\n",
        "// a, b, c\n\n",
        "% made by hand\n",
        "-- SELECT * FROM ratings;\n",
        "sep=,\n",
        '"sep=,"\r\n',
    ],
)
def test_what_stands_before_the_header_is_no_record(write, preamble):
    log = read(write(preamble + "user,item,rating\n1,10,5\n1,x,4\n2,10,bad\n"))
    assert log.users.ids.to_list() == [1]
    assert log.origin.skipped["content"].to_list() == ["2, 10, bad"]


def test_a_line_of_a_spreadsheet_names_the_separator(write):
    log = read(write("sep=;\nrating;item;user\n5;10;1\n4;10;2\n2,5;20;1\n"))
    assert log.origin.columns == {"user": "user", "item": "item", "rating": "rating"}
    assert log.ratings.tolist() == [5, 4, 2.5]


def test_a_comment_may_name_the_columns(write):
    log = read(write("# a log\n# rating\titem\tuser\n5\t10\t1\n4\t10\t2\n"))
    assert log.origin.columns == {"user": "user", "item": "item", "rating": "rating"}
    assert log.users.ids.to_list() == [1, 2]


def test_lines_are_counted_with_what_stands_before_them(write):
    with pytest.raises(DataError, match="line 5"):
        read(write("# one\n# two\nuser,item,rating\n1,10,5\n2,10,x\n1,20,2\n"), malformed="raise")


names = st.sampled_from(["plain", "text", "fraction"])


@st.composite
def written_logs(draw):
    """A log, and a file that somebody may have written of it."""
    kind = draw(names)
    user_id, item_id = {
        "plain": (lambda n: str(n + 100), lambda n: str(n + 5000)),
        "text": (lambda n: f"u{n}", lambda n: f"i-{n}x"),
        "fraction": (lambda n: f"{n + 100}.0", lambda n: f"{n + 5000}.0"),
    }[kind]
    grid = draw(st.sampled_from([1.0, 0.5, 0.25, 0.1, 0.01, 0.001]))
    events = [
        (user, item, round(draw(st.integers(1, 4)) + grid * draw(st.integers(0, 3)), 3))
        for user in range(6)
        for item in range(12)
        if (user + item) % 2
    ]
    if len({rating for *_, rating in events}) < 2:
        events[0] = (*events[0][:2], 5.0)
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    blank = draw(st.sampled_from(["", " "])) if separator != "\t" else ""
    table = [[user_id(u), item_id(i), f"{rating:g}"] for u, i, rating in events]
    header = ["user_id", "item_id", "rating"]
    if draw(st.booleans()):  # a column that says nothing
        table, header = [[*row, "1"] for row in table], [*header, "kind"]
    if draw(st.booleans()):  # the number of the row
        start = draw(st.integers(0, 1))
        table = [[str(n), *row] for n, row in enumerate(table, start)]
        header = ["", *header]
    if draw(st.booleans()):
        table.insert(0, header)
    before = draw(st.sampled_from(["", "# written by hand\n", f"sep={separator}\n"]))
    quoting = csv.QUOTE_ALL if not blank and draw(st.booleans()) else csv.QUOTE_MINIMAL
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(
        [[cell if not n else blank + cell for n, cell in enumerate(row)] for row in table]
    )
    wanted = {
        "plain": lambda u, i: (u + 100, i + 5000),
        "text": lambda u, i: (f"u{u}", f"i-{i}x"),
        "fraction": lambda u, i: (u + 100, i + 5000),
    }[kind]
    return before + text.getvalue(), [(*wanted(u, i), r) for u, i, r in events]


@given(written_logs())
@settings(max_examples=60)
def test_a_file_in_any_of_these_forms_is_the_log_that_was_written(tmp_path_factory, case):
    content, events = case
    path = tmp_path_factory.mktemp("written") / "log.csv"
    path.write_text(content)
    frame = read(path, quiet=True).frame().select("user", "item", "rating")
    assert frame.select("user", "item").rows() == [event[:2] for event in events], content[:200]
    assert frame["rating"].to_list() == pytest.approx([event[2] for event in events], abs=1e-6)


def test_ids_called_as_missing_values_are_doubtful(write):
    from penchant.data.quality.log_check import check

    rows = [("NULL", n) for n in range(9)] + [(f"u{n}", 1) for n in range(30)]
    log = read(write("user,item\n" + "".join(f"{u},{i}\n" for u, i in rows)))
    assert "'NULL'" in check(log)["missing_user_ids"].sentence
    rare = [("nan", 3)] + [(f"u{n}", m) for n in range(30) for m in range(3)]
    log = read(write("user,item\n" + "".join(f"{u},{i}\n" for u, i in rare)))
    assert "missing_user_ids" not in check(log)


def test_a_user_for_each_event_is_doubtful():
    from penchant.data.dataset import Dataset
    from penchant.data.quality.log_check import check

    log = Dataset.from_frame(pl.DataFrame({"user": range(40), "item": [1, 2] * 20}))
    assert check(log)["single_event_users"].level == "doubtful"


def test_names_in_another_language_are_a_header(write):
    path = write("Klient;Towar;Ocena;Dzień\nK1;A 1;4,5;05.01.24\nK2;A 2;3,0;25.12.23\n")
    with pytest.raises(DataError, match="no user column was recognised among 'Klient', 'Towar'"):
        read(path)
    log = read(path, user="Klient", item="Towar", rating="Ocena", time="Dzień")
    assert log.ratings.tolist() == [4.5, 3]
    assert log.events["time"].dt.year().to_list() == [2024, 2023]


@pytest.mark.parametrize(
    ("name", "words"), [("liked", ["True", "False"]), ("thumbs", ["up", "down"])]
)
def test_opinions_of_two_kinds_are_ratings(write, name, words):
    log = read(write(f"user,item,{name}\n1,a,{words[0]}\n1,b,{words[1]}\n2,a,{words[0]}\n"))
    assert log.ratings.tolist() == [1, 0, 1]


def test_a_guessed_weight_that_is_often_none_is_not_taken(write, notices):
    path = write("user,item,plays\n" + "".join(f"a,i{n},{n % 2}\n" for n in range(10)))
    log = read(path)
    assert (len(log), log.weights) == (10, None)
    assert "plays was not taken for a weight of events, since 50% of its values" in notices()
    assert len(read(path, weight="plays", item="item")) == 5
