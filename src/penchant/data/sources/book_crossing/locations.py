"""Split the location that a user typed into city, region and country."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

_AROUND = " \t\"'`\\/.,;:*-_<>()[]{}!?+=~^#&%$@|"
_NOWHERE = (
    "na", "none", "null", "nil", "unknown", "nowhere", "anywhere", "everywhere", "here", "there",
    "far away", "universe", "the universe", "earth", "planet earth", "world", "the world", "space",
    "heaven", "hell", "other", "private", "not applicable", "everywhere and anywhere", "quit",
)  # fmt: skip
_SPELLINGS = {
    "usa": (
        "us", "u.s", "u.s.a", "u.s. of a", "u s a", "united states", "united states of america",
        "the united states", "the united states of america", "united state", "united staes",
        "united sates", "unites states", "america", "ysa", "estados unidos",
        "estados unidos de america", "los estados unidos de norte america",
    ),
    "united kingdom": (
        "uk", "u.k", "u k", "great britain", "britain", "the united kingdom", "united kindgonm",
        "united kindgdom", "england", "scotland", "wales", "northern ireland",
    ),
    "argentina": ("la argentina",),
    "austria": ("österreich", "oesterreich"),
    "belgium": ("belgique", "belgië", "belgie"),
    "brazil": ("brasil",),
    "canada": ("cananda", "canda", "le canada"),
    "china": ("p.r. china", "p.r.china", "pr china", "p.r.c", "people's republic of china"),
    "czech republic": ("czechia", "ceska republika"),
    "denmark": ("danmark",),
    "finland": ("suomi",),
    "france": ("la france",),
    "germany": ("deutschland", "germay", "alemania"),
    "ireland": ("republic of ireland", "eire", "éire"),
    "italy": ("italia", "l`italia", "l'italia"),
    "mexico": ("méxico",),
    "netherlands": ("the netherlands", "holland", "nederland"),
    "new zealand": ("nz", "n.z", "aotearoa"),
    "norway": ("norge",),
    "panama": ("republic of panama",),
    "philippines": ("phillipines", "philippine", "the philippines", "phils"),
    "russia": ("russian federation",),
    "south korea": ("korea", "republic of korea", "s. korea"),
    "spain": ("españa", "espana", "espa?a"),
    "sweden": ("sverige",),
    "switzerland": ("schweiz", "suisse", "svizzera", "la suisse"),
    "turkey": ("turkiye", "türkiye"),
    "united arab emirates": ("uae", "u.a.e"),
    "uruguay": ("urugua",),
    "vietnam": ("viet nam",),
}  # fmt: skip
COUNTRIES = {other: name for name, others in _SPELLINGS.items() for other in others}
"""Other spellings of countries, and the parts of the United Kingdom."""


class Places(NamedTuple):
    """The `city`, `region` and `country` of locations, in lower case, null where not known.

    `merged` rows have a country in one of `spellings` other spellings than was written.
    """

    frame: pl.DataFrame
    merged: int
    spellings: int


def split_places(places: pl.Series) -> Places:
    """Split texts such as `nyc, new york, usa`.

    The first part is the city, the last the country, and the last known part between them the
    region; a single part is a country where it is a known spelling of one, otherwise a city.
    `n/a`, parts without a letter and words for nowhere are null, and so is a lone letter.

    Args:
        places: String, as people wrote them.
    """
    distinct = places.unique().drop_nulls().alias("place").to_frame()
    parts = pl.col("place").str.to_lowercase().str.split(",")
    inner = parts.list.slice(1, parts.list.len().cast(pl.Int64) - 2)
    known = distinct.with_columns(
        city=_part(parts.list.first()),
        region=inner.list.eval(_part(pl.element())).list.drop_nulls().list.last(),
        written=_part(parts.list.last()),
        alone=parts.list.len() == 1,
    )
    country = pl.col("written").replace(COUNTRIES)
    is_country = country.is_in([*_SPELLINGS])
    known = known.select(
        "place",
        "region",
        city=pl.when(~pl.col("alone") | ~is_country).then("city"),
        country=pl.when(~pl.col("alone") | is_country).then(country),
        other=pl.col("written").is_in([*COUNTRIES]).fill_null(False),
        written="written",
    )
    joined = (
        places.alias("place").to_frame().join(known, on="place", how="left", maintain_order="left")
    )
    merged = joined.filter("other")
    return Places(
        joined.select("city", "region", "country"), len(merged), merged["written"].n_unique()
    )


def _part(text: pl.Expr) -> pl.Expr:
    """A part without blanks and punctuation around it; null where it names no place."""
    bare = text.str.strip_chars(_AROUND)
    junk = bare.is_in(_NOWHERE) | bare.str.contains(r"^n/a\b") | ~bare.str.contains(r"\pL.")
    return pl.when(~junk).then(bare)
