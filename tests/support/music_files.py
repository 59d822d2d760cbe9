"""A made-up category in the form of Amazon's reviews: moods, merits, words that give stars away."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

N_USERS, N_ALBUMS, N_SILENT = 60, 24, 4
"""Users, products with reviews, and products that only the metadata know."""
UNKNOWN = 0
"""The product that the metadata do not know."""
DEAR = 1
"""The product whose price and rank are far from those of all others."""
_PRAISE = ("great", "love", "wonderful", "perfect", "five stars")
_BLAME = ("broken", "awful", "waste", "two stars", "never again")
_FILLER = tuple(
    f"{kind}{part}"
    for kind in ("music", "album", "sound", "track", "band", "voice", "record", "song")
    for part in ("", "s", "like", "less", "ish", "y")
)


def asin(number: int) -> str:
    """A product's id."""
    return f"B{number:09d}"


def write(folder: Path, seed: int = 4) -> Path:
    """Reviews and metadata of a category; returns the folder."""
    rng = np.random.default_rng(seed)
    merit, mood = rng.normal(0, 0.9, N_ALBUMS), rng.normal(0, 0.7, N_USERS)
    reviews: list[dict[str, Any]] = []
    for user in range(N_USERS):
        albums = rng.permutation(N_ALBUMS)[: rng.integers(3, 14)]
        copied = _review(rng, 5)
        for n, album in enumerate(albums):
            stars = int(np.clip(np.round(4.1 + merit[album] + mood[user] + rng.normal()), 1, 5))
            summary, text = copied if user % 7 == 0 and n < 2 else _review(rng, stars)
            day = int(1_300_000_000 + 86_400 * rng.integers(0, 2500))
            reviews.append(
                {
                    "overall": float(5 if user % 7 == 0 and n < 2 else stars),
                    "verified": bool(rng.random() < 0.8),
                    "reviewerID": f"A{user:05d}",
                    "asin": asin(int(album)),
                    "style": {"Format:": " Audio CD" if album % 3 else " Vinyl"},
                    "reviewText": text,
                    "summary": summary,
                    "unixReviewTime": day,
                }
            )
    products = [
        {
            "asin": asin(album),
            "title": f"Album <b>No.</b> {album}",
            "brand": f"Band {album % 5}",
            "price": "$4,000.00" if album == DEAR else f"${8 + album % 6}.99",
            "rank": f"{9_000_000 if album == DEAR else 1000 + 10 * album:,} in CDs & Vinyl (",
            "also_buy": [asin((album + 1) % N_ALBUMS)],
            "also_view": [],
        }
        for album in range(N_ALBUMS + N_SILENT)
        if album != UNKNOWN
    ]
    _pack(folder / "Made_Music.json.gz", reviews)
    _pack(folder / "meta_Made_Music.json.gz", products)
    return folder


def _review(rng: np.random.Generator, stars: int) -> tuple[str, str]:
    """A summary and a text; most of their telling words suit the stars."""
    telling = [str(rng.choice(_PRAISE if rng.random() < stars / 5 else _BLAME)) for _ in range(3)]
    plain = [str(rng.choice(_FILLER)) for _ in range(8)]
    return f"{telling[0].capitalize()} {plain[0]}!", " ".join([*telling[1:], *plain])


def _pack(path: Path, records: list[dict[str, Any]]) -> None:
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    path.write_bytes(gzip.compress(lines))
