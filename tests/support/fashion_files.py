"""A made-up mirror: reviews that stand at every variant of a product, and films with posters."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from PIL import Image

N_USERS, N_VARIANTS, N_PRODUCTS = 50, 5, 6
"""Users of the reviews, variants of a product that show the same review, and products."""
TITLES = ("Wool hat, red", "Running shoe", "Crew socks", "Denim jeans", "Silver ring")
SIZES = ("small", "small", "medium", "large", "huge")
N_FILM_USERS, N_FILMS = 90, 60
_WORDS = ("soft", "warm", "tight", "loose", "cheap", "pretty", "sturdy", "blue", "black", "light")
_KINDS = (
    ("Comedy", "a merry wedding of fools and a dog that laughs", (230, 190, 40)),
    ("Horror", "a dark house where a killer waits with blood on the knife", (40, 10, 20)),
)


def write(folder: Path, seed: int = 2) -> Path:
    """The mirror with both categories of reviews and the films; returns the folder."""
    rng = np.random.default_rng(seed)
    reviews(folder / "amazon-2018" / "AMAZON_FASHION", rng)
    titles(folder / "amazon-2018" / "AMAZON_FASHION")
    reviews(folder / "amazon-2018" / "All_Beauty", rng)
    films(folder / "movielens-1m", rng)
    return folder


def reviews(folder: Path, rng: np.random.Generator) -> None:
    """Each user writes two texts, each of which stands at every variant of its product."""
    folder.mkdir(parents=True)
    rows = []
    for user in range(N_USERS):
        for product in rng.permutation(N_PRODUCTS)[:2].tolist():
            stars = float(rng.integers(1, 6))
            text = f"user {user} finds it {' and '.join(rng.permutation(_WORDS)[:4])}"
            day = int(1_400_000_000 + 86_400 * rng.integers(0, 900))
            rows += [
                {
                    "overall": stars,
                    "verified": True,
                    "reviewerID": f"A{user:05d}",
                    "asin": f"B{product * N_VARIANTS + variant:09d}",
                    "reviewText": text if variant else text.upper() + "!",
                    "summary": f"{stars:g} stars",
                    "unixReviewTime": day,
                }
                for variant in range(N_VARIANTS)
            ]
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    (folder / f"{folder.name}_5.json.gz").write_bytes(gzip.compress(lines))


def titles(folder: Path) -> None:
    """A title for every product but the last; two of its variants have the same."""
    products = [
        {"asin": f"B{product * N_VARIANTS + variant:09d}", "productName": f"{title}, {sizes}"}
        for product, title in enumerate(TITLES)
        for variant, sizes in enumerate(SIZES)
    ]
    content = json.dumps({"product_details": products})
    (folder / "product_titles.json").write_text(content, encoding="utf-8")


def films(folder: Path, rng: np.random.Generator) -> None:
    """Films of two kinds that genres do not tell, but plots and posters do; users like one kind."""
    (folder / "posters").mkdir(parents=True)
    (folder / "text").mkdir()
    kinds = rng.integers(0, 2, N_FILMS)
    titles = [f"Film Number {n} (19{50 + n % 40})" for n in range(N_FILMS)]
    genres = [_KINDS[int(rng.integers(0, 2))][0] for _ in range(N_FILMS)]
    (folder / "movies.dat").write_text(
        "".join(
            f"{n + 1}::{t}::{g}\n" for n, (t, g) in enumerate(zip(titles, genres, strict=True))
        ),
        encoding="latin-1",
    )
    (folder / "users.dat").write_text(
        "".join(f"{u + 1}::F::25::3::12345\n" for u in range(N_FILM_USERS)), encoding="latin-1"
    )
    ratings = []
    for user in range(N_FILM_USERS):
        suits = kinds == user % 2
        drawn = rng.permutation(N_FILMS)[: N_FILMS // 2]
        for film in drawn[suits[drawn] | (rng.random(len(drawn)) < 0.15)].tolist():
            stars = int(np.clip(rng.normal(4.2 if suits[film] else 2.0, 0.8), 1, 5))
            time = 950_000_000 + int(rng.integers(0, 10**7))
            ratings.append(f"{user + 1}::{film + 1}::{stars}::{time}\n")
    (folder / "ratings.dat").write_text("".join(ratings), encoding="latin-1")
    rows = ["movie_id,title,year,genres,overview"]
    for film, kind in enumerate(kinds.tolist()):
        rows.append(f'{film + 1},"{titles[film]}",1950,x,"{_KINDS[kind][1]} {film}"')
        if film % 10:  # every tenth has no poster
            pixels = np.clip(
                np.array(_KINDS[kind][2]) + rng.normal(0, 18, (90, 60, 3)), 0, 255
            ).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "posters" / f"{film + 1}.jpg")
    (folder / "text" / "ml1m_movie_overviews.csv").write_text("\n".join(rows), encoding="utf-8")
