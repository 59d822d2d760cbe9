"""Read the MovieLens data sets in the formats of all their releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from penchant.data.attributes.titles import no_genres, year_in_title
from penchant.data.dataset import Dataset
from penchant.data.origin import Origin
from penchant.errors import DataError

GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance",
    "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
"""The genres of MovieLens 100K in the order of its flags."""
OCCUPATIONS_1M = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student",
    "customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker",
    "K-12 student", "lawyer", "programmer", "retired", "sales/marketing", "scientist",
    "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed", "writer",
)  # fmt: skip
"""The occupations of MovieLens 1M in the order of their codes."""

_Schema = Mapping[str, type[pl.DataType]]
_EVENTS: _Schema = {"user": pl.Int32, "item": pl.Int32, "rating": pl.Float32, "time": pl.Int64}
_CSV = {"userId": "user", "movieId": "item", "rating": "rating", "timestamp": "time"}
_STARS, _HALF_STARS = (1.0, 5.0), (0.5, 5.0)


def read(folder: Path, name: str = "movielens", *, source: str | None = None) -> Dataset:
    """Read a MovieLens folder, whichever release it is: its files tell.

    Events keep the order of the file. The item table has `title` (as published), `year`
    (Int16, from the title), `genres` (List[String], empty where none is known), and where
    the release has them `released` (Date), `imdb` (such as `tt0114709`) and `tmdb` (Int32).
    The user table of 100K and 1M has `age` (in 1M the lower end of a bracket), `gender`,
    `occupation` and `zip`.

    Args:
        folder: where the files are.
        name: what reports call the log.
        source: where the files come from; by default the folder.

    Raises:
        DataError: the folder holds no MovieLens release, or a file is damaged.
    """
    users: pl.DataFrame | None
    if (folder / "u.data").exists():
        log, items, users = read_tabs(folder / "u.data"), _items_100k(folder), _users_100k(folder)
        scale = _STARS
    elif (folder / "ratings.dat").exists():
        log, items, users = _ratings_dat(folder), _items_dat(folder), _users_1m(folder)
        scale = _HALF_STARS if users is None else _STARS  # 10M has no users.dat
    elif (folder / "ratings.csv").exists():
        log, items, users = _ratings_csv(folder), _items_csv(folder), None
        scale = _HALF_STARS
    else:
        raise DataError(f"{folder} has no u.data, ratings.dat or ratings.csv of MovieLens.")
    return Dataset.from_frame(
        log,
        user_table=users,
        item_table=items,
        name=name,
        scale=scale,
        origin=Origin(source=source or str(folder)),
    )


def read_tags(folder: Path) -> pl.DataFrame:
    """The tags that users gave: user, item, tag, time, in the order of the file.

    Raises:
        DataError: the release has no tags, or the file is damaged.
    """
    if (path := folder / "tags.csv").exists():
        types = {"userId": pl.Int64, "movieId": pl.Int64, "tag": pl.String, "timestamp": pl.Int64}
        frame = _read_csv(path, types).rename(_CSV, strict=False)
    elif (path := folder / "tags.dat").exists():
        # A tag may hold the separator, so that only the ends of a line are certain.
        frame = _read_pattern(path, r"^(\d+)::(\d+)::(.*)::(\d+)$", "user", "item", "tag", "time")
        frame = frame.with_columns(pl.col("user", "item", "time").cast(pl.Int64))
    else:
        raise DataError(f"{folder} has no tags.csv or tags.dat: MovieLens has them from 10M on.")
    return frame.with_columns(pl.from_epoch("time", "s"))


def read_tabs(path: Path) -> pl.DataFrame:
    """A file of user, item, rating and seconds since 1970 between tabs, as 100K has them.

    Raises:
        DataError: the file is damaged.
    """
    return _events(path, "\t", _EVENTS)


def _ratings_dat(folder: Path) -> pl.DataFrame:
    # Two colons are read as two separators with an empty column between them.
    schema: dict[str, type[pl.DataType]] = {}
    for column, dtype in _EVENTS.items():
        schema |= {column: dtype, f"after {column}": pl.String}
    del schema["after time"]
    return _events(folder / "ratings.dat", ":", schema)


def _events(path: Path, separator: str, schema: _Schema) -> pl.DataFrame:
    scan = pl.scan_csv(path, separator=separator, has_header=False, quote_char=None, schema=schema)
    return _read_ratings(path, scan.select(*_EVENTS).collect)


def _ratings_csv(folder: Path) -> pl.DataFrame:
    path = folder / "ratings.csv"
    schema = {heading: _EVENTS[column] for heading, column in _CSV.items()}
    return _read_ratings(path, lambda: _read_csv(path, schema).rename(_CSV))


def _read_ratings(path: Path, load: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    frame = _read_or_raise(path, load)
    while len(frame) and all(value is None for value in frame.row(-1)):
        frame = frame.head(-1)  # empty lines at the end
    if any(frame.null_count().row(0)):
        line = int(frame.select(pl.any_horizontal(pl.all().is_null()).arg_max()).item()) + 1
        raise DataError(f"{path} is damaged: its record {line} is not whole.")
    return frame.with_columns(pl.from_epoch("time", "s"))


def _read_or_raise(path: Path, load: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    try:
        return load()
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise DataError(f"{path} cannot be read as a file of MovieLens ({reason}).") from error


def _read_csv(path: Path, schema: _Schema) -> pl.DataFrame:
    try:
        with path.open(encoding="utf-8-sig") as file:
            headings = file.readline().strip().split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a file of MovieLens ({error}).") from error
    if missing := [heading for heading in schema if heading not in headings]:
        raise DataError(f"{path} has no column {missing[0]!r}, only {', '.join(headings)}.")
    scan = pl.scan_csv(path, schema_overrides=schema)
    return _read_or_raise(path, scan.select(*schema).collect)


def _read_lines(path: Path) -> pl.DataFrame:
    """A small text file as a column of strings, `line`, without empty ones."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # the releases before 10M
    # Not splitlines: it takes more for an end of line than these files do.
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    return pl.Series("line", lines, dtype=pl.String).to_frame()


def _read_pattern(path: Path, pattern: str, *names: str) -> pl.DataFrame:
    """The groups of a pattern as columns of strings."""
    lines = _read_lines(path)
    groups = pl.col("line").str.extract_groups(pattern).struct.rename_fields(list(names))
    frame = lines.select(groups.alias("fields")).unnest("fields")
    _require_all(path, lines, frame[names[0]].is_not_null())
    return frame


def _read_piped(path: Path, *names: str) -> pl.DataFrame:
    lines = _read_lines(path)
    parts = lines["line"].str.split("|")
    _require_all(path, lines, parts.list.len() == len(names))
    return pl.DataFrame({name: parts.list.get(n) for n, name in enumerate(names)})


def _require_all(path: Path, lines: pl.DataFrame, good: pl.Series) -> None:
    if not good.all():
        line = lines["line"].filter(~good)[0]
        raise DataError(f"{path} is damaged: {line[:80]!r} is not a record of MovieLens.")


def _items_100k(folder: Path) -> pl.DataFrame:
    head = ("item", "title", "released", "video", "url")
    frame = _read_piped(folder / "u.item", *head, *GENRES_100K)
    flags = [pl.when(pl.col(genre) == "1").then(pl.lit(genre)) for genre in GENRES_100K]
    return _item_table(
        frame.with_columns(pl.concat_list(flags).list.drop_nulls().alias("genres")),
        pl.col("released").str.to_date("%d-%b-%Y", strict=False),
    )


def _items_dat(folder: Path) -> pl.DataFrame:
    frame = _read_pattern(folder / "movies.dat", r"^(\d+)::(.*)::(.*)$", "item", "title", "genres")
    return _item_table(frame.with_columns(pl.col("genres").str.split("|")))


def _items_csv(folder: Path) -> pl.DataFrame:
    types = {"movieId": pl.Int64, "title": pl.String, "genres": pl.String}
    frame = _read_csv(folder / "movies.csv", types).rename({"movieId": "item"})
    films = _item_table(frame.with_columns(pl.col("genres").fill_null("").str.split("|")))
    path = folder / "links.csv"
    if not path.exists():
        return films
    links = _read_csv(path, {"movieId": pl.Int64, "imdbId": pl.String, "tmdbId": pl.Int32}).select(
        pl.col("movieId").alias("item"),
        pl.format("tt{}", pl.col("imdbId").str.zfill(7)).alias("imdb"),
        pl.col("tmdbId").alias("tmdb"),
    )
    return films.join(links, on="item", how="left", maintain_order="left")


def _item_table(frame: pl.DataFrame, *further: pl.Expr) -> pl.DataFrame:
    title = pl.col("title").str.strip_chars()
    return frame.select(
        pl.col("item").cast(pl.Int64),
        title,
        year_in_title(title).alias("year"),
        no_genres(pl.col("genres")),
        *further,
    )


def _users_100k(folder: Path) -> pl.DataFrame:
    frame = _read_piped(folder / "u.user", "user", "age", "gender", "occupation", "zip")
    return _user_table(frame, pl.col("occupation"))


def _users_1m(folder: Path) -> pl.DataFrame | None:
    path = folder / "users.dat"
    if not path.exists():
        return None
    pattern = r"^(\d+)::([MF])::(\d+)::(\d+)::(.*)$"
    frame = _read_pattern(path, pattern, "user", "gender", "age", "occupation", "zip")
    codes = [str(code) for code in range(len(OCCUPATIONS_1M))]
    return _user_table(frame, pl.col("occupation").replace(codes, list(OCCUPATIONS_1M)))


def _user_table(frame: pl.DataFrame, occupation: pl.Expr) -> pl.DataFrame:
    return frame.select(
        pl.col("user").cast(pl.Int64),
        pl.col("age").cast(pl.Int16),
        pl.col("gender"),
        occupation,
        pl.col("zip"),
    )
