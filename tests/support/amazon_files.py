"""Small files in the real forms of Amazon's reviews and metadata, quirks included."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

REVIEWS_2018: list[dict[str, Any]] = [
    {
        "overall": 5.0, "verified": True, "reviewTime": "09 7, 2015", "reviewerID": "A1",
        "asin": "B001", "style": {"Format:": " Audio CD"}, "reviewerName": "Ann",
        "reviewText": "Great &amp; <br />LOUD!!! don't miss", "summary": "Five Stars",
        "unixReviewTime": 1441584000,
    },
    {
        "overall": 1.0, "verified": False, "reviewTime": "11 14, 2013", "reviewerID": "A2",
        "asin": "B001", "style": {"Format:": " Vinyl", "Size:": " 12\""}, "vote": "1,204",
        "reviewText": "Broken on arrival, awful", "summary": "awful", "unixReviewTime": 1384387200,
    },
    {
        "overall": 4.0, "verified": True, "reviewTime": "06 17, 2018", "reviewerID": "A2",
        "asin": "B002", "reviewText": "\ud83d\ude00 great", "unixReviewTime": 1529193600,
        "summary": "ok", "image": ["https://example.org/a.jpg"],
    },
    {
        "overall": 3.0, "verified": True, "reviewTime": "06 17, 2018", "reviewerID": "A3",
        "asin": "B404", "summary": "no text", "unixReviewTime": 1529193600,
    },
]  # fmt: skip
PRODUCTS_2018: list[dict[str, Any]] = [
    {
        "asin": "B001", "title": "<b>Rock &amp; Roll</b>\n (Live)", "price": "$13.01",
        "rank": "58,291 in CDs & Vinyl (", "brand": "The Band", "also_buy": ["B002", "B003"],
        "also_view": [], "category": ["CDs & Vinyl", "Rock"], "description": ["a", "b"],
        "imageURL": ["https://example.org/s.jpg"], "imageURLHighRes": ["https://example.org/h.jpg"],
        "tech1": "", "fit": "", "details": {"ASIN: ": "B001"}, "main_cat": "Music",
    },
    {
        "asin": "B002", "title": "Plain", "price": "$10.00 - $20.00", "brand": "",
        "rank": [">#2,893,775 in Toys & Games (See Top 100 in Toys & Games)", ">#50 in Other"],
        "also_buy": [], "also_view": ["B001"], "category": [], "description": [],
    },
    {"asin": "B003", "title": "var aPageStart = (new Date()).getTime();", "price": ".a-box{x}",
     "rank": [], "brand": "X"},
    {"asin": "B001", "title": "again", "price": "$1.00"},
]  # fmt: skip
REVIEWS_2014 = [
    {
        "reviewerID": "A1", "asin": "1384719342", "reviewerName": "c", "helpful": [13, 14],
        "reviewText": "fine", "overall": 5.0, "summary": "good", "unixReviewTime": 1393545600,
        "reviewTime": "02 28, 2014",
    },
    {
        "reviewerID": "A2", "asin": "1384719342", "helpful": [0, 0], "reviewText": "bad",
        "overall": 2.0, "summary": "bad", "unixReviewTime": 1363392000, "reviewTime": "03 16, 2013",
    },
]  # fmt: skip
PRODUCTS_2014 = (
    "{'asin': '1384719342', 'title': u'Don\\'t \"Stop\"', 'price': 12.5, 'imUrl': "
    "'http://example.org/i.jpg', 'related': {'also_bought': ['B1', 'B2'], 'buy_after_viewing': "
    "['B9']}, 'salesRank': {'Musical Instruments': 94593}, 'brand': 'Acme', 'categories': "
    "[['Music', 'Guitars'], ['Other']]}\n"
    "{'asin': 'B000000009', 'title': \"x\", 'salesRank': {}}\n"
)
REVIEWS_2023 = [
    {
        "rating": 5.0, "title": "Such a lovely scent", "text": "spray<br />twice", "images": [],
        "asin": "B00YQ6X8EO", "parent_asin": "P1", "user_id": "U1", "timestamp": 1588687728923,
        "helpful_vote": 7, "verified_purchase": True,
    },
    {
        "rating": 2.0, "title": "meh", "text": "meh", "images": [], "asin": "B2",
        "parent_asin": "P2", "user_id": "U2", "timestamp": 1588615855070, "helpful_vote": 0,
        "verified_purchase": False,
    },
]  # fmt: skip
PRODUCTS_2023 = [
    {
        "main_category": "All Beauty", "title": "Spray", "average_rating": 4.8, "price": 24.99,
        "rating_number": 10, "features": [], "description": ["x"], "store": "Howard",
        "images": [{"thumb": "https://example.org/t.jpg", "large": "https://example.org/l.jpg",
                    "variant": "MAIN", "hi_res": None}],
        "categories": [], "details": {"Package": "7 x 5"}, "parent_asin": "P1",
        "bought_together": None,
    },
    {"main_category": "All Beauty", "title": "Other", "price": "from 12.99", "parent_asin": "P2",
     "average_rating": 3.0, "store": None, "images": [], "categories": ["A"]},
]  # fmt: skip


def lines(records: list[dict[str, Any]]) -> bytes:
    """Records as JSON, one a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def write(folder: Path, files: dict[str, bytes | str | list[dict[str, Any]]]) -> Path:
    """Files of a folder; those whose names end in .gz are packed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = lines(content) if isinstance(content, list) else content
        data = data.encode() if isinstance(data, str) else data
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder
