import os
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from penchant.data.sources import fetch, load, load_split, load_tags, movielens
from penchant.errors import DataError, DownloadError

MIRROR = os.environ.get("PENCHANT_MIRROR")
real = pytest.mark.skipif(MIRROR is None, reason="PENCHANT_MIRROR names no mirror")


def write(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(encoding))
    return folder


def flags(*on: int) -> str:
    return "|".join("1" if n in on else "0" for n in range(19))


URL = "http://us.imdb.com/M/title-exact?x"
RELEASE_100K = {
    "u.data": "196\t242\t3\t881250949\n186\t302\t3\t891717742\n196\t267\t1\t878887116\n",
    "u.item": (
        f"1|Toy Story (1995)|01-Jan-1995||{URL}|{flags(3, 4, 5)}\n"
        f"242|Misérables, Les (1995) |01-Jan-1995||{URL}|{flags(8)}\n"
        f"267|unknown||||{flags(0)}\n"
        f"302|Land Before Time III (1995) (V)|4-Feb-1995||{URL}|{flags(3, 4)}\n"
        f"303|Toy Story (1995)|01-Jan-1995||{URL}|{flags(3, 4, 5)}\n"
    ),
    "u.user": "186|24|M|technician|85711\n196|53|F|other|T8H1N\n900|7|M|none|02215\n",
    "ua.base": "1\t1\t5\t874965758\n1\t2\t3\t876893171\n",
    "ua.test": "1\t20\t4\t887431883\n",
}
RELEASE_1M = {
    "ratings.dat": "1::1193::5::978300760\n1::661::3::978302109\n2::12::4::978298413\n",
    "movies.dat": (
        "12::Dracula: Dead and Loving It (1995)::Comedy|Horror\n"
        "661::Cité des enfants perdus, La (1995)::Adventure|Children's\n"
        "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n"
    ),
    "users.dat": "1::F::1::10::48067\n2::M::56::16::98107-2117\n",
}
RELEASE_10M = {
    "ratings.dat": "1::122::5::838985046\n1::185::4.5::838983525\n2::122::0.5::868245777\n",
    "movies.dat": "122::Æon Flux: Été (2005)::Action|Sci-Fi\n185::No Year::(no genres listed)\n",
    "tags.dat": '15::122::a::b, "quoted"::1215184630\n20::185::Été::1188263867\n',
}
RELEASE_CSV = {
    "ratings.csv": (
        "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n7,108548,5.0,1260759179\n"
    ),
    "movies.csv": (
        "movieId,title,genres\n"
        '31,"11\'09""01 - September 11 (2002)",Drama|War\n'
        '108548,"Big Bang Theory, The (2007-)",Comedy\n'
        "108583,Fawlty Towers (1975-1979),Comedy\n"
        "143410,Hyena Road,(no genres listed)\n"
    ),
    "links.csv": (
        "movieId,imdbId,tmdbId\n31,0112792,9909\n108548,0898266,\n143410,14034452,316042\n"
    ),
    "tags.csv": 'userId,movieId,tag,timestamp\n1,31,"space ""epic"", fiction",1138537770\n',
}


def rows(frame: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return frame.select(*columns).rows()


def test_100k(tmp_path: Path) -> None:
    log = movielens.read(write(tmp_path, RELEASE_100K, "latin-1"), "movielens-100k")
    assert rows(log.frame(), "user", "item", "rating", "time", "row") == [
        (196, 242, 3.0, datetime(1997, 12, 4, 15, 55, 49), 1),
        (186, 302, 3.0, datetime(1998, 4, 4, 19, 22, 22), 2),
        (196, 267, 1.0, datetime(1997, 11, 7, 7, 18, 36), 3),
    ]
    assert log.scale == (1, 5)
    assert log.item_table is not None
    assert log.item_table.rows() == [
        (1, "Toy Story (1995)", 1995, ["Animation", "Children's", "Comedy"], date(1995, 1, 1)),
        (242, "Misérables, Les (1995)", 1995, ["Drama"], date(1995, 1, 1)),
        (267, "unknown", None, [], None),
        (302, "Land Before Time III (1995) (V)", 1995, ["Animation", "Children's"],
         date(1995, 2, 4)),
        (303, "Toy Story (1995)", 1995, ["Animation", "Children's", "Comedy"], date(1995, 1, 1)),
    ]  # fmt: skip
    assert log.item_table.schema["year"] == pl.Int16
    assert log.user_table is not None
    assert log.user_table.rows() == [
        (186, 24, "M", "technician", "85711"),
        (196, 53, "F", "other", "T8H1N"),
        (900, 7, "M", "none", "02215"),
    ]


def test_1m(tmp_path: Path) -> None:
    log = movielens.read(write(tmp_path, RELEASE_1M, "latin-1"))
    assert rows(log.frame(), "user", "item", "rating", "row") == [
        (1, 1193, 5.0, 1), (1, 661, 3.0, 2), (2, 12, 4.0, 3),
    ]  # fmt: skip
    assert log.scale == (1, 5)
    assert log.item_table is not None
    assert log.item_table.rows() == [
        (12, "Dracula: Dead and Loving It (1995)", 1995, ["Comedy", "Horror"]),
        (661, "Cité des enfants perdus, La (1995)", 1995, ["Adventure", "Children's"]),
        (1193, "One Flew Over the Cuckoo's Nest (1975)", 1975, ["Drama"]),
    ]
    assert log.user_table is not None
    assert log.user_table.rows() == [
        (1, 1, "F", "K-12 student", "48067"),
        (2, 56, "M", "self-employed", "98107-2117"),
    ]


def test_10m(tmp_path: Path) -> None:
    log = movielens.read(write(tmp_path, RELEASE_10M))
    assert log.ratings.tolist() == [5.0, 4.5, 0.5]
    assert log.scale == (0.5, 5)
    assert log.user_table is None
    assert log.item_table is not None
    assert log.item_table.rows() == [
        (122, "Æon Flux: Été (2005)", 2005, ["Action", "Sci-Fi"]),
        (185, "No Year", None, []),
    ]
    assert rows(movielens.read_tags(tmp_path), "user", "item", "tag") == [
        (15, 122, 'a::b, "quoted"'),
        (20, 185, "Été"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_releases_with_commas(tmp_path: Path, newline: str) -> None:
    files = {name: text.replace("\n", newline) for name, text in RELEASE_CSV.items()}
    log = movielens.read(write(tmp_path, files))
    assert rows(log.frame(), "user", "item", "rating", "row") == [
        (1, 31, 2.5, 1), (7, 108548, 5.0, 2),
    ]  # fmt: skip
    assert log.scale == (0.5, 5)
    assert log.item_table is not None
    assert log.item_table.rows() == [
        (31, "11'09\"01 - September 11 (2002)", 2002, ["Drama", "War"], "tt0112792", 9909),
        (108548, "Big Bang Theory, The (2007-)", 2007, ["Comedy"], "tt0898266", None),
        (108583, "Fawlty Towers (1975-1979)", 1975, ["Comedy"], None, None),
        (143410, "Hyena Road", None, [], "tt14034452", 316042),
    ]
    tags = movielens.read_tags(tmp_path)
    assert tags.rows() == [(1, 31, 'space "epic", fiction', datetime(2006, 1, 29, 12, 29, 30))]


def test_old_files_with_other_line_ends_and_none_at_the_end(tmp_path: Path) -> None:
    for n, end in enumerate(["\r\n", "\n\n\n"]):
        folder = tmp_path / str(n)
        files = {name: text.replace("\n", "\r\n") for name, text in RELEASE_1M.items()}
        files["ratings.dat"] = files["ratings.dat"].rstrip() + end
        assert len(movielens.read(write(folder, files, "latin-1"))) == 3


@pytest.mark.parametrize(
    ("release", "file", "old", "new", "match"),
    [
        (RELEASE_1M, "ratings.dat", "::4::978298413\n", "", "ratings.dat.*record 3 is not whole"),
        (RELEASE_1M, "ratings.dat", "661", "six", "ratings.dat cannot be read"),
        (RELEASE_1M, "movies.dat", "661::", "661:", "movies.dat is damaged: .661:Cit"),
        (RELEASE_1M, "users.dat", "::F::", "::", "users.dat is damaged: .1::1::10"),
        (RELEASE_100K, "u.data", "\t3\t891717742", "", "u.data.*record 2 is not whole"),
        (RELEASE_100K, "u.item", "|0\n", "\n", "u.item is damaged: '1.Toy Story"),
        (RELEASE_CSV, "ratings.csv", "movieId", "item", "ratings.csv has no column .movieId"),
        (RELEASE_CSV, "ratings.csv", "31,2.5", "31,", "ratings.csv.*record 1"),
        (RELEASE_CSV, "movies.csv", "31,", "x,", "movies.csv cannot be read"),
        (RELEASE_CSV, "tags.csv", RELEASE_CSV["tags.csv"], "", "tags.csv has no column .userId"),
        (RELEASE_10M, "tags.dat", "15::122", "15", "tags.dat is damaged"),
    ],
)
def test_damage_is_said(
    tmp_path: Path, release: dict[str, str], file: str, old: str, new: str, match: str
) -> None:
    assert old in release[file]
    write(tmp_path, {**release, file: release[file].replace(old, new, 1)}, "utf-8")
    with pytest.raises(DataError, match=match) as caught:
        (movielens.read_tags if "tags" in file else movielens.read)(tmp_path)
    assert "\n" not in str(caught.value)


def test_other_folders_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no u\.data, ratings\.dat or ratings\.csv"):
        movielens.read(tmp_path)
    with pytest.raises(DataError, match=r"no tags\.csv"):
        movielens.read_tags(tmp_path)
    write(tmp_path, {"ratings.dat": RELEASE_1M["ratings.dat"]})
    with pytest.raises(DataError, match=r"movies\.dat cannot be read \(No such file"):
        movielens.read(tmp_path)


def test_a_cut_is_named_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "movielens-25m", RELEASE_CSV)
    log = load("movielens-25m", mirror=tmp_path, offline=True)
    assert log.name == "movielens-25m (2 of 25,000,095 ratings)"
    assert str(tmp_path) in log.origin.source
    assert len(load_tags("movielens-25m", mirror=tmp_path, offline=True)) == 1


def test_given_splits_of_100k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "movielens-100k", RELEASE_100K, "latin-1")
    train, test, candidates = load_split("movielens-100k", "ua", mirror=tmp_path)
    assert rows(train, "user", "item", "rating") == [(1, 1, 5.0), (1, 2, 3.0)]
    assert rows(test, "user", "item", "rating") == [(1, 20, 4.0)]
    assert candidates is None
    with pytest.raises(DataError, match=r"has no u1\.base"):
        load_split("movielens-100k", "u1", mirror=tmp_path)


NCF = {
    "ml-1m.train.rating": "0\t1\t3\t978302109\n",
    "ml-1m.test.rating": "0\t0\t5\t978300760\n1\t2\t4\t978298413\n",
    "ml-1m.test.negative": "(0,0)\t2\n(1,2)\t0\t1\n",
}


def test_the_given_split_of_1m(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    folder = write(tmp_path / "movielens-1m", RELEASE_1M, "latin-1")
    with pytest.raises(DownloadError, match=r"has no folder movielens-1m/ncf"):
        load_split("movielens-1m", "ncf", mirror=tmp_path, offline=True)
    write(folder / "ncf", NCF)
    train, test, candidates = load_split("movielens-1m", "ncf", mirror=tmp_path)
    assert rows(train, "user", "item", "rating") == [(1, 661, 3.0)]
    assert rows(test, "user", "item", "rating") == [(1, 1193, 5.0), (2, 12, 4.0)]
    assert candidates is not None
    assert candidates.rows() == [(1, [12]), (2, [1193, 661])]
    assert candidates.schema["items"] == pl.List(pl.Int64)


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("ml-1m.test.negative", "(0,0)\t2\n(1,1)\t0\t1\n", "do not list the same"),
        ("ml-1m.test.negative", "(0,0)\t2\n", "do not list the same"),
        ("ml-1m.test.negative", "(0,0)\t2\n(1,2)\t0\tx\n", "is damaged|items that"),
        ("ml-1m.test.negative", "(0,0)\t2\n(1,2)\t0\t3\n", "items that ratings.dat"),
        ("ml-1m.train.rating", "0\t7\t3\t978302109\n", "items that ratings.dat"),
    ],
)
def test_lists_that_do_not_fit_are_refused(
    tmp_path: Path, file: str, text: str, match: str
) -> None:
    folder = write(tmp_path / "movielens-1m", RELEASE_1M, "latin-1")
    write(folder / "ncf", {**NCF, file: text})
    with pytest.raises(DataError, match=match):
        load_split("movielens-1m", "ncf", mirror=tmp_path, cache=tmp_path)


@real
@pytest.mark.mirror
class TestRealFiles:
    @pytest.mark.parametrize(
        ("name", "events", "users", "items", "films"),
        [
            ("movielens-100k", 100_000, 943, 1682, 1682),
            ("movielens-1m", 1_000_209, 6040, 3706, 3883),
        ],
    )
    def test_the_counts_are_the_published_ones(
        self, tmp_path: Path, name: str, events: int, users: int, items: int, films: int
    ) -> None:
        log = load(name, cache=tmp_path, offline=True)
        assert log.name == name
        assert (len(log), log.n_users, log.n_items) == (events, users, films)
        assert (log.item_counts > 0).sum() == items
        assert log.events["row"].to_list() == list(range(1, events + 1))
        assert log.item_table is not None
        assert log.item_table["year"].null_count() == (1 if name == "movielens-100k" else 0)

    def test_latest_small(self, tmp_path: Path) -> None:
        log = load("movielens-latest-small", cache=tmp_path, offline=True)
        path = fetch("movielens-latest-small", cache=tmp_path, offline=True).path
        lines = (path / "ratings.csv").read_bytes().count(b"\n")
        assert lines - 1 <= len(log) <= lines
        assert log.item_table is not None
        assert log.item_table["imdb"].str.contains(r"^tt\d{7,8}$").all()

    @pytest.mark.parametrize("split", ["u1", "ua"])
    def test_splits_of_100k_are_the_log(self, tmp_path: Path, split: str) -> None:
        train, test, _ = load_split("movielens-100k", split, cache=tmp_path, offline=True)
        whole = load("movielens-100k", cache=tmp_path, offline=True).frame().drop("row")
        both = pl.concat([train, test])
        assert len(test) == (20_000 if split == "u1" else 9_430)
        assert both.sort(both.columns).equals(whole.sort(whole.columns))

    def test_the_lists_of_1m_fit_the_log(self, tmp_path: Path) -> None:
        train, test, candidates = load_split("movielens-1m", "ncf", cache=tmp_path, offline=True)
        whole = load("movielens-1m", cache=tmp_path, offline=True).frame()
        assert len(train) + len(test) == len(whole)
        pairs = ["user", "item", "rating"]
        assert (
            pl.concat([train, test])
            .select(pairs)
            .sort(pairs)
            .equals(whole.select(pairs).sort(pairs))
        )
        assert candidates is not None
        assert candidates["user"].to_list() == list(range(1, 6041))
        assert candidates["items"].list.len().unique().to_list() == [99]
        flat = candidates.explode("items").rename({"items": "item"})
        # The published lists avoid what is in training, but not the test item itself.
        assert len(flat.join(test, on=["user", "item"])) == 156
