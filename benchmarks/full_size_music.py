"""A log of the size and form of Amazon's reviews of 2018, category Digital Music, with made-up ids.

`python benchmarks/full_size_music.py FOLDER` writes `Digital_Music.json.gz` (1,584,082 reviews, one
JSON object a line) and `meta_Digital_Music.json.gz` (74,347 albums). As in the published category,
the metadata know 182,826 of the reviews. Sentences, summaries and the shares of stars are those of
the categories of 2018 that PENCHANT_MIRROR has; every review puts sentences of its stars together
anew. How users rate albums follows tastes and qualities drawn by the seed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

NAME = "Digital_Music"
REVIEWS, PRODUCTS, MERGED = 1_584_082, 74_347, 182_826
USERS, ITEMS, KNOWN_USERS = 840_372, 456_992, 58_000
_BLOCK = 200_000
_SENTENCES, _GENRES = 10, 40
_GZIP = 16 + zlib.MAX_WBITS
Ints = npt.NDArray[np.int64]

_FORMATS = ("MP3 Music", "Audio CD", "Vinyl", "Audio Cassette", "DVD Audio", "")
_FORMAT_SHARES = (0.52, 0.30, 0.05, 0.01, 0.01, 0.11)
_FIRST = """Golden Silent Electric Midnight Broken Velvet Distant Hollow Crimson Northern Wild Paper
    Burning Lonesome Sacred Restless Silver Neon Quiet Endless Wooden Desert Secret Floating
    Hidden Winter Summer Ancient Gentle Heavy""".split()  # noqa: SIM905 (words read better so)
_LAST = """Roads Rivers Hearts Shadows Dreams Lights Songs Mirrors Voices Horizons Letters Nights
    Echoes Stones Waves Gardens Trains Machines Ghosts Angels Stories Mornings Cathedrals Stars
    Wires Bells Dances Prayers Islands Sessions""".split()  # noqa: SIM905
_ENDS = (
    "", "", "", "", "", "", "", " (Remastered)", " (Deluxe Edition)", " [Explicit]", ", Vol. 2",
    " &amp; Friends", " - Live &#39;74", " <span class=\\\"a-size-medium\\\">LP</span>",
    "</span>", " <i>Import</i>",
)  # fmt: skip
_KINDS = ("Band", "Quartet", "Orchestra", "Trio", "Singers", "Brothers", "Collective", "Choir")
_SCRIPT = "var aPageStart = (new Date()).getTime();"
_JUNK = (
    ".a-box-inner{background-color:#fff}#alohaBuyBoxWidget .selected{background-color:#fffbf3}",
    "$9.49 - $12.99", "from 14.98", "<div class=\\\"a-section a-spacing-none\\\"",
)  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """Real pieces of reviews by stars, escaped for JSON.

    Attributes:
        shares: of one to five stars.
        sentences: of texts, by stars.
        counts: sentences of each text, by stars.
        summaries: by stars.
    """

    shares: npt.NDArray[np.float64]
    sentences: list[pl.Series]
    counts: list[Ints]
    summaries: list[pl.Series]


def read_pool(mirror: Path) -> Pool:
    """The pieces of all categories of 2018 at hand, each user's text once, and shares of stars."""
    reviews: dict[tuple[str, str], tuple[int, str, str]] = {}
    stars_given = np.zeros(5)
    for path in sorted((mirror / "amazon-2018").glob("*/*_5.json.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            record = json.loads(line)
            text, summary = record.get("reviewText", ""), record.get("summary", "")
            stars = int(record["overall"])
            stars_given[stars - 1] += 1
            reviews[record["reviewerID"], text] = (stars, text, summary)
    if not reviews:
        raise SystemExit(f"{mirror} has no reviews of amazon-2018.")
    sentences: list[list[str]] = [[] for _ in range(5)]
    summaries: list[list[str]] = [[] for _ in range(5)]
    counts: list[list[int]] = [[] for _ in range(5)]
    for stars, text, summary in reviews.values():
        parts = [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]
        sentences[stars - 1] += map(_escaped, parts)
        counts[stars - 1].append(min(len(parts), _SENTENCES))
        summaries[stars - 1].append(_escaped(summary))
    return Pool(
        stars_given / stars_given.sum(),
        [pl.Series(part) for part in sentences],
        [np.array(part) for part in counts],
        [pl.Series(part) for part in summaries],
    )


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def write_log(folder: Path, pool: Pool, *, size: float = 1.0, seed: int = 0) -> Path:
    """Write both files.

    Args:
        folder: where to.
        pool: pieces of texts.
        size: the share of the published size.
        seed: decides everything.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    n, products, merged = (round(size * count) for count in (REVIEWS, PRODUCTS, MERGED))
    items = round(size * ITEMS)
    user, item = _pairs(rng, size, products, items, n, merged)
    stars = _stars(rng, user, item, items, pool.shares)
    order = rng.permutation(n)
    user, item, stars = user[order], item[order], stars[order]
    _write(folder / f"{NAME}.json.gz", _reviews(rng, pool, user, item, stars, products))
    _write(folder / f"meta_{NAME}.json.gz", iter([_products(rng, products)]))
    return folder


def _weights(rng: np.random.Generator, n: int, power: float) -> npt.NDArray[np.float64]:
    """Cumulative shares of n things of which few are frequent, in no order."""
    weights = (np.arange(n) + 5.0) ** -power
    return np.cumsum(rng.permutation(weights / weights.sum()))


def _pairs(
    rng: np.random.Generator, size: float, products: int, items: int, n: int, merged: int
) -> tuple[Ints, Ints]:
    """User and item of each review; the first `merged` are of items in the metadata."""
    users, known_users = round(size * USERS), round(size * KNOWN_USERS)
    parts = []
    for first, many, of_users, rows, power in (
        (0, products, known_users, merged, 0.55),
        (products, items - products, users, n - merged, 0.45),
    ):
        user = np.searchsorted(_weights(rng, of_users, power), rng.random(rows))
        # Items lie by genre, and most of a user's reviews are in the user's own.
        genre = np.where(rng.random(rows) < 0.7, user % _GENRES, rng.integers(_GENRES, size=rows))
        shares = np.append(0, _weights(rng, many, 0.75))
        bounds = shares[np.linspace(0, many, _GENRES + 1).astype(int)]
        place = bounds[genre] + rng.random(rows) * (bounds[genre + 1] - bounds[genre])
        item = np.searchsorted(shares, place, side="right") - 1
        parts.append((user.clip(0, of_users - 1), first + item.clip(0, many - 1)))
    both = [np.concatenate(pair) for pair in zip(*parts, strict=True)]
    return both[0], both[1]


def _stars(
    rng: np.random.Generator, user: Ints, item: Ints, items: int, shares: npt.NDArray[np.float64]
) -> Ints:
    """One to five stars by the item's quality, the user's mildness and chance, in these shares."""
    mild, quality = rng.normal(size=user.max() + 1), rng.normal(size=items)
    taste = 0.7 * mild[user] + 0.5 * quality[item] + rng.normal(size=len(user))
    bounds = np.quantile(taste, np.cumsum(shares)[:-1])
    return np.searchsorted(bounds, taste, side="right") + 1


def _codes(numbers: Ints, start: str, length: int) -> pl.Series:
    """Ids of capital letters and digits, the same for the same number, without an order."""
    signs = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    space = 36**length
    mixed = (numbers * 2_654_435_761 + 12_345) % space  # a prime: no two numbers have one code
    letters = np.empty((len(numbers), length), "U1")
    for place in range(length):
        letters[:, place] = signs[(mixed % 36).astype(int)]
        mixed = mixed // 36
    return pl.Series([start]).new_from_index(0, len(numbers)) + pl.Series(
        letters.view(f"U{length}").ravel()
    )


def _drawn(rng: np.random.Generator, pool: list[pl.Series], stars: Ints) -> pl.Series:
    """A piece of the pool of each review's stars."""
    sizes = np.array([len(part) for part in pool])
    starts = np.cumsum(sizes) - sizes
    place = starts[stars - 1] + (rng.random(len(stars)) * sizes[stars - 1]).astype(int)
    return pl.concat(pool).gather(place)


def _reviews(
    rng: np.random.Generator, pool: Pool, user: Ints, item: Ints, stars: Ints, products: int
) -> Iterator[pl.Series]:
    """Lines of reviews, block by block; a few stand twice."""
    first_day = date(1998, 6, 1)
    spelled = [first_day + timedelta(n) for n in range(7_400)]
    days = pl.Series([f"{d:%m} {d.day}, {d.year}" for d in spelled])
    epoch = (first_day - date(1970, 1, 1)).days
    opposite = np.array([5, 5, 4, 2, 1])
    for start in range(0, len(user), _BLOCK):
        block = slice(start, start + _BLOCK)
        u, i, s = user[block], item[block], stars[block]
        n = len(u)
        # Most reviews are late, and some write against their stars.
        day = (7_399 * rng.beta(5, 1.6, n)).astype(int)
        said = np.where(rng.random(n) < 0.05, opposite[s - 1], s)
        counts = _drawn(rng, [pl.Series(part) for part in pool.counts], said).to_numpy()
        sentences = pl.DataFrame(
            {
                str(k): _drawn(rng, pool.sentences, said).zip_with(
                    pl.Series(counts > k), pl.Series([None], dtype=pl.String)
                )
                for k in range(_SENTENCES)
            }
        )
        text = sentences.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True))
        style = pl.Series(_FORMATS).gather(rng.choice(len(_FORMATS), n, p=_FORMAT_SHARES))
        image = _codes(rng.integers(36**8, size=n), "51", 8)
        frame = pl.DataFrame(
            {
                "stars": s,
                "verified": rng.random(n) < 0.86,
                "time": days.gather(day),
                "user": _codes(u, "A3", 9),
                "item": _codes(i, "B00", 7),
                "style": pl.select(
                    pl.when(style != "")
                    .then(pl.concat_str(pl.lit('"style": {"Format:": " '), style, pl.lit('"}, ')))
                    .otherwise(pl.lit(""))
                ).to_series(),
                "name": pl.Series(_FIRST).gather(rng.integers(len(_FIRST), size=n)),
                "text": text.to_series(),
                "no_text": rng.random(n) < 0.001,
                "summary": _drawn(rng, pool.summaries, said),
                "no_summary": rng.random(n) < 0.0005,
                "unix": (epoch + day) * 86_400,
                "votes": np.where(rng.random(n) < 0.12, rng.geometric(0.2, n), 0),
                "image": image,
                "pictured": rng.random(n) < 0.004,
            }
        )
        place = np.arange(n)
        for part in (np.flatnonzero(i < products), np.flatnonzero(i >= products)):
            place[rng.choice(part, len(part) // 400)] = rng.choice(part, len(part) // 400)
        yield frame.select(_review_line()).to_series().gather(place)


def _review_line() -> pl.Expr:
    def optional(condition: pl.Expr, *parts: pl.Expr | str) -> pl.Expr:
        line = pl.concat_str(pl.lit(p) if isinstance(p, str) else p for p in parts)
        return pl.when(condition).then(line).otherwise(pl.lit(""))

    verified = pl.when("verified").then(pl.lit("true")).otherwise(pl.lit("false"))
    address = "https://images-na.ssl-images-amazon.com/images/I/"
    return pl.concat_str(
        pl.lit('{"overall": '), pl.col("stars"), pl.lit(".0, "),
        optional(pl.col("votes") > 0, '"vote": "', pl.col("votes"), '", '),
        pl.lit('"verified": '), verified, pl.lit(', "reviewTime": "'), pl.col("time"),
        pl.lit('", "reviewerID": "'), pl.col("user"), pl.lit('", "asin": "'), pl.col("item"),
        pl.lit('", '), pl.col("style"), pl.lit('"reviewerName": "'), pl.col("name"), pl.lit('", '),
        optional(~pl.col("no_text"), '"reviewText": "', pl.col("text"), '", '),
        optional(~pl.col("no_summary"), '"summary": "', pl.col("summary"), '", '),
        pl.lit('"unixReviewTime": '), pl.col("unix"),
        optional(pl.col("pictured"), f', "image": ["{address}', pl.col("image"), '._SY88.jpg"]'),
        pl.lit("}"),
    )  # fmt: skip


def _products(rng: np.random.Generator, n: int) -> pl.Series:
    """Lines of metadata, with the quirks of the published ones."""
    number = np.arange(n)
    ids = _codes(number, "B00", 7)

    def words(of: tuple[str, ...] | list[str], size: int | None = None) -> pl.Series:
        return pl.Series(of).gather(rng.integers(len(of), size=size or n))

    def related() -> pl.Series:
        counts = np.where(rng.random(n) < 0.45, 0, rng.geometric(0.08, n).clip(0, 60))
        near = (np.repeat(number, counts) + rng.integers(-900, 900, counts.sum())) % n
        listed = pl.DataFrame(
            {"row": np.repeat(number, counts), "id": '"' + ids.gather(near) + '"'}
        )
        joined = listed.group_by("row").agg(pl.col("id").str.join(", "))
        rows = pl.DataFrame({"row": number}).join(joined, on="row", how="left")
        return rows.sort("row")["id"].fill_null("")

    artist = words(_FIRST) + " " + words(_LAST) + " " + words(_KINDS)
    brand = _chosen(rng, (0.06, 0.04, 0.9), ["", "by " + artist, artist])
    title = words(_FIRST) + " " + words(_LAST) + words(_ENDS)
    cents = np.exp(rng.normal(2.4, 0.5, n)).clip(0.99, 899.0)
    price = pl.Series([f"${amount:,.2f}" for amount in cents])
    rank = pl.Series([f"{place:,}" for place in np.exp(rng.normal(12.2, 1.6, n)).astype(int) + 1])
    listed_rank = (
        '[">#'
        + rank
        + ' in Digital Music (See Top 100)", ">#'
        + rank
        + ' in Rock (Digital Music)"]'
    )
    image = "https://images-na.ssl-images-amazon.com/images/I/" + _codes(
        rng.integers(36**8, size=n), "51", 8
    )
    frame = pl.DataFrame(
        {
            "genre": pl.Series([f"Genre {g + 1}" for g in (number * _GENRES) // max(n, 1)]),
            "title": _chosen(rng, (0.002, 0.998), [_SCRIPT, title]),
            "brand": brand,
            "price": _chosen(rng, (0.35, 0.05, 0.6), ["", words(_JUNK), price]),
            "rank": _chosen(
                rng,
                (0.03, 0.05, 0.92),
                ["[]", listed_rank, '"' + rank + ' in CDs &amp; Vinyl ("'],
            ),
            "also_buy": related(),
            "also_view": related(),
            "id": ids,
            "image": _chosen(rng, (0.3, 0.7), ["", image]),
        }
    )
    picture = pl.col("image")
    small, large = (
        pl.when(picture != "").then(pl.concat_str(pl.lit('"'), picture, pl.lit(end)))
        .otherwise(pl.lit(""))
        for end in ('._SS40_.jpg"', '.jpg"')
    )  # fmt: skip
    lines = frame.select(
        pl.concat_str(
            pl.lit('{"category": ["Digital Music", "'), "genre", pl.lit('"], "tech1": "", '),
            pl.lit('"description": ["An album of <b>'), "genre",
            pl.lit('</b> &amp; more."], "fit": "", "title": "'), "title",
            pl.lit('", "also_buy": ['), "also_buy", pl.lit('], "tech2": "", "brand": "'), "brand",
            pl.lit('", "feature": [], "rank": '), "rank", pl.lit(', "also_view": ['), "also_view",
            pl.lit('], "details": {"ASIN:": "'), "id",
            pl.lit('"}, "main_cat": "<img src=\\"x.gif\\" alt=\\"Digital Music\\"/>", '),
            pl.lit('"similar_item": "", "date": "", "price": "'), "price",
            pl.lit('", "asin": "'), "id",
            pl.lit('", "imageURL": ['), small, pl.lit('], "imageURLHighRes": ['), large,
            pl.lit("]}"),
        )
    )  # fmt: skip
    return lines.to_series()


def _chosen(
    rng: np.random.Generator, shares: tuple[float, ...], of: list[pl.Series | str]
) -> pl.Series:
    """One of several columns or texts for each row, in these shares."""
    n = next(len(part) for part in of if isinstance(part, pl.Series))
    columns = {
        str(place): part if isinstance(part, pl.Series) else pl.Series([part]).new_from_index(0, n)
        for place, part in enumerate(of)
    }
    pick = rng.choice(len(of), n, p=shares)
    frame = pl.DataFrame(columns).with_columns(pick=pl.Series(pick))
    cases = [pl.when(pl.col("pick") == place).then(str(place)) for place in range(len(of))]
    return frame.select(pl.coalesce(cases)).to_series()


def _write(path: Path, blocks: Iterator[pl.Series]) -> None:
    pack = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    with path.open("wb") as file:
        for lines in blocks:
            file.write(pack.compress(("\n".join(lines.to_list()) + "\n").encode()))
        file.write(pack.flush())


def main() -> None:
    """Parse the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=float, default=1.0, help="the share of the published size")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    mirror = os.environ.get("PENCHANT_MIRROR")
    if not mirror:
        parser.error("PENCHANT_MIRROR must name the folder with copies of data sets")
    print(write_log(args.folder, read_pool(Path(mirror)), size=args.size, seed=args.seed))


if __name__ == "__main__":
    main()
