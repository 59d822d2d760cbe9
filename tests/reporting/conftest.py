from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.splitting import split_per_user
from penchant.evaluation import evaluate
from penchant.models import make

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> & $x^2$ \"'"


def planted_log(*, ratings=True, times=True, titles=True, users=40, items=30, each=14):
    """Two camps of users with a taste for one half of the items each."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(users):
        taste = np.where(np.arange(items) % 2 == user % 2, 8.0, 1.0) / (1 + np.arange(items)) ** 0.5
        for item in rng.choice(items, each, replace=False, p=taste / taste.sum()):
            rating = 5.0 - 3.0 * (item % 2 != user % 2) + float(rng.integers(-1, 1))
            when = datetime(2020, 1, 1) + timedelta(hours=int(rng.integers(10_000)))
            rows.append((f"u{user}" if user else HOSTILE, int(item), rating, when))
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "time"], orient="row")
    frame = frame.drop([] if ratings else ["rating"], [] if times else ["time"])
    table = pl.DataFrame(
        {
            "item": range(items),
            "title": [f"{HOSTILE} {i}" if i % 3 == 0 else f"Film {i}" for i in range(items)],
            "genres": [["odd" if i % 2 else HOSTILE] for i in range(items)],
        }
    )
    return Dataset.from_frame(
        frame, name=f"planted {HOSTILE}", item_table=table if titles else None
    )


@pytest.fixture(scope="session")
def planted():
    return planted_log


@pytest.fixture(scope="session")
def hostile():
    return HOSTILE


@pytest.fixture(scope="session")
def comparison():
    split = split_per_user(planted_log(), validation=0.15, test=0.2)
    models = {
        "ease": make("ease:l2=20"),
        "item-knn": make("item-knn"),
        f"dot {HOSTILE}": make("dot:epochs=4,dim=4"),
    }
    return evaluate(models, split, replicates=200)


VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.svg_without_title = 0
        self.words: list[str] = []
        self.source = text
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href", "srcset", "action"):
                self.addresses.append(value)
            assert not name.startswith("on"), f"a handler: {name}"
        if tag == "svg" and not {"role", "aria-labelledby"} <= {n for n, _ in attrs}:
            self.svg_without_title += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without a start"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\xa0", " ").split())


def check_page(text: str) -> Page:
    """The page, after all that must hold of any."""
    page = Page(text)
    assert len(page.ids) == len(set(page.ids)), "ids are used twice"
    assert page.svg_without_title == 0
    assert not page.tags["script"]
    assert not page.tags["link"]
    for address in page.addresses:
        assert address.startswith(("#", "data:image/png;base64,")), address
        if address.startswith("#"):
            assert address[1:] in page.ids
    for reference in re.findall(r"url\(([^)]*)\)", text):
        assert reference.startswith("#")
        assert reference[1:] in page.ids
    assert "@import" not in text
    assert not re.search(r"(src|href)=['\"]?(https?:)?//", text)
    return page


@pytest.fixture(scope="session")
def checked():
    """Reads a page and checks all that must hold of any."""
    return lambda path: check_page(path.read_text(encoding="utf-8"))
