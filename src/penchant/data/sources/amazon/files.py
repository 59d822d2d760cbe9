"""Find the files of a category of Amazon's reviews, here or where they are published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from penchant.data.fetching.locate import DatasetFiles
from penchant.data.reading.files import only_file
from penchant.data.sources.amazon import titles
from penchant.data.sources.amazon.formats import FileFormat, detect_format
from penchant.data.sources.amazon.lines import first_keys
from penchant.errors import DataError, ParameterError
from penchant.wording import nearest

NAME = re.compile(r"amazon-(2014|2018|2023)/(\w+)")
"""What the categories are called: a release and a category."""
_ENDINGS = (".json.gz", ".jsonl.gz", ".json", ".jsonl")
_V2 = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2"
_2023 = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023/raw"
_2014 = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles"
_SHARED = """
    All_Beauty Appliances Automotive Books CDs_and_Vinyl Cell_Phones_and_Accessories
    Clothing_Shoes_and_Jewelry Digital_Music Electronics Gift_Cards Grocery_and_Gourmet_Food
    Home_and_Kitchen Industrial_and_Scientific Kindle_Store Magazine_Subscriptions Movies_and_TV
    Musical_Instruments Office_Products Patio_Lawn_and_Garden Pet_Supplies Software
    Sports_and_Outdoors Tools_and_Home_Improvement Toys_and_Games Video_Games
""".split()  # noqa: SIM905 (names read better as a text)
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "2014": (
        "Amazon_Instant_Video", "Apps_for_Android", "Automotive", "Baby", "Beauty", "Books",
        "CDs_and_Vinyl", "Cell_Phones_and_Accessories", "Clothing_Shoes_and_Jewelry",
        "Digital_Music", "Electronics", "Grocery_and_Gourmet_Food", "Health_and_Personal_Care",
        "Home_and_Kitchen", "Kindle_Store", "Movies_and_TV", "Musical_Instruments",
        "Office_Products", "Patio_Lawn_and_Garden", "Pet_Supplies", "Sports_and_Outdoors",
        "Tools_and_Home_Improvement", "Toys_and_Games", "Video_Games",
    ),
    "2018": (
        "AMAZON_FASHION", "Arts_Crafts_and_Sewing", "Luxury_Beauty", "Prime_Pantry", *_SHARED,
    ),
    "2023": (
        "Amazon_Fashion", "Arts_Crafts_and_Sewing", "Baby_Products", "Beauty_and_Personal_Care",
        "Handmade_Products", "Health_and_Household", "Health_and_Personal_Care",
        "Subscription_Boxes", "Unknown", *_SHARED,
    ),
}  # fmt: skip
"""The published categories."""


class Files(NamedTuple):
    """The files of a category: its reviews, and metadata or else titles where there are any."""

    reviews: Path
    products: Path | None
    titles: Path | None = None


def category_files(name: str) -> DatasetFiles:
    """Where a category is published.

    Args:
        name: a release and a category: `amazon-2018/Gift_Cards`.

    Raises:
        ParameterError: it is no such name.
    """
    match = NAME.fullmatch(name)
    if match is None or match[2] == "CATEGORY":
        raise ParameterError(
            f"{name!r} must name a release and a category, as in amazon-2018/Gift_Cards; "
            f"categories of 2018 are {', '.join(sorted(CATEGORIES['2018']))}."
        )
    release, category = match[1], match[2]
    end = ".jsonl.gz" if release == "2023" else ".json.gz"
    reviews, products = f"{category}{end}", f"meta_{category}{end}"
    where = {
        "2014": (f"{_2014}/reviews_{reviews}", f"{_2014}/{products}"),
        "2018": (f"{_V2}/categoryFiles/{reviews}", f"{_V2}/metaFiles2/{products}"),
        "2023": (f"{_2023}/review_categories/{reviews}", f"{_2023}/meta_categories/{products}"),
    }[release]
    return DatasetFiles(
        name=name,
        required=(reviews,),
        optional=(products, titles.NAME),
        addresses=dict(zip((reviews, products), where, strict=True)),
        # Copies hold all reviews or the 5-core, under several names.
        alternatives=tuple((f"{stem}{end}",) for stem in _stems(category) for end in _ENDINGS),
    )


def category_hint(name: str) -> str:
    """A hint at the category that was meant; empty where the name is one or none is similar."""
    match = NAME.fullmatch(name)
    known = CATEGORIES[match[1]] if match else ()
    if match is None or match[2] in known:
        return ""
    by_lower = {category.lower(): category for category in known}
    close = nearest(match[2].lower(), by_lower)
    return f"; did you mean amazon-{match[1]}/{by_lower[close]}?" if close else ""


def file_format(path: Path) -> FileFormat | None:
    """Which format a file has, by the keys of its first object; None for any other file."""
    if not path.name.endswith(_ENDINGS) or not path.is_file():
        return None
    try:
        return detect_format(first_keys(path))
    except (DataError, OSError):
        return None


def can_read(path: Path) -> bool:
    """Whether a file is one of Amazon's reviews or metadata, or a folder has reviews."""
    return bool(_reviews_in(path)) if path.is_dir() else file_format(path) is not None


def files_of(path: Path) -> Files:
    """The files that a folder, or a file of reviews, stands for.

    Metadata of a file are looked for beside it by its name (`meta_<category>`); in a folder, the
    only file of metadata there belongs to the reviews too. All reviews go before the 5-core.
    Without metadata `product_titles.json` beside the reviews has the titles.

    Raises:
        DataError: there are no reviews, or several files of unusual names have some.
    """
    candidates = _reviews_in(path) if path.is_dir() else [path]
    expected = (
        "has no file of Amazon's reviews: one has an object a line, with reviewerID, asin and "
        "overall, or user_id, parent_asin and rating."
    )
    reviews = only_file(path, candidates, "reviews", expected)
    fmt = file_format(reviews)
    if fmt is None or fmt.kind != "reviews":
        what = "is metadata of products" if fmt else "has no reviews in its first lines"
        raise DataError(f"{reviews.name} {what}: name the file of reviews or its folder.")
    category = _category(reviews)
    for end in _ENDINGS:
        beside = reviews.with_name(f"meta_{category}{end}")
        if beside.is_file():
            return Files(reviews, beside)
    metadata = _of_kind(path, "products") if path.is_dir() else []
    if len(metadata) == 1:
        return Files(reviews, metadata[0])
    beside = reviews.with_name(titles.NAME)
    return Files(reviews, None, beside if beside.is_file() else None)


def _reviews_in(folder: Path) -> list[Path]:
    """The file of reviews of a folder, or all where the names do not say which."""
    files = _of_kind(folder, "reviews")
    order = [f"{stem}{end}" for stem in _stems(folder.name) for end in _ENDINGS]
    usual = sorted((f for f in files if f.name in order), key=lambda f: order.index(f.name))
    if usual:
        return usual[:1]
    # All reviews and the 5-core of the same category.
    complete = [file for file in files if not _stem(file).endswith("_5")]
    one_category = len({_category(file) for file in files}) == 1
    return complete if one_category and len(complete) == 1 else files


def _of_kind(folder: Path, kind: str) -> list[Path]:
    files = sorted(file for end in _ENDINGS for file in folder.glob(f"*{end}"))
    return [file for file in files if (fmt := file_format(file)) and fmt.kind == kind]


def _stems(category: str) -> list[str]:
    return [category, f"reviews_{category}", f"{category}_5", f"reviews_{category}_5"]


def _stem(file: Path) -> str:
    return file.name.partition(".")[0]


def _category(reviews: Path) -> str:
    return _stem(reviews).removeprefix("reviews_").removesuffix("_5")
