"""Operations that write files, each killed before every event of the file system that it causes.

    python -P -m support.crash_operations FOLDER ADDRESS EVENTS ROUNDS SEED

prints the operations' names, and then a line of JSON for each try. EVENTS is how many events of an
operation are killed at, evenly spread, or 0 for all of them. In further rounds the work is killed
once more, at an event drawn by SEED, when it is done again. At ADDRESS is a web server that has
`/tiny/u.data` and `/tiny/u.item`.
"""

from __future__ import annotations

import gc
import io
import json
import random
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

# Here once, and not in each fork.
import httpx  # noqa: F401
import jinja2  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import polars as pl
import sklearn.feature_extraction.text
import sklearn.linear_model  # noqa: F401
import sqlalchemy
import torch._dynamo  # noqa: F401

import penchant as pn
from penchant.atomic_write import write_text_atomically
from penchant.batch import write as batch_write
from penchant.bundle import atomic_folder, restore, save
from penchant.cli import clean, likes, update  # noqa: F401
from penchant.cli.app import app
from penchant.data.fetching.locate import DatasetFiles, locate
from penchant.encoders.sentiment import sentiment_classifier
from penchant.encoders.sentiment.saving import restore_classifier, save_classifier
from penchant.models import EASE, ItemMean, Popular, make
from penchant.reporting import report
from penchant.run import Run
from penchant.store import JSON, Store
from penchant.studies.steps import Steps
from penchant.testing import planted_pairs, planted_ratings
from support.crash_points import DATA_SET, forked

NEW = "new" * 5000
TINY = DatasetFiles(name="tiny", required=("u.data", "u.item"))
NOT_OURS = ".b.notes.old"  # looks like a remnant


@dataclass(frozen=True)
class Operation:
    """What is killed, and what must hold.

    Attributes:
        work: what is done; done again after a kill, it must succeed.
        whole: fails unless the old or the new is there, whole, after a kill.
        done: fails unless the new is there.
        prepare: makes what is there before.
    """

    work: Callable[[Path], object]
    whole: Callable[[Path], object]
    done: Callable[[Path], object]
    prepare: Callable[[Path], object] = lambda folder: None


def command(*words: object) -> None:
    """Run a command of the command line in this process."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as errors:
        code = app([str(word) for word in words], standalone_mode=False, prog_name="penchant")
    assert not code, errors.getvalue()


def log() -> Any:
    return planted_pairs(n_users=12, n_items=8)


def save_ease(folder: Path) -> None:
    save(EASE(l2=2).fit(log()), folder / "b", overwrite=True)


def save_by_two_renames(folder: Path) -> None:
    atomic_folder.exchange = lambda *_: False  # type: ignore[assignment]
    save_ease(folder)


def save_popular(folder: Path) -> None:
    save(Popular().fit(log()), folder / "b")


def is_bundle(*models: type) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        assert isinstance(restore(folder / "b"), models)

    return check


def none_or(path: str, check: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda folder: (folder / path).exists() and check(folder)


def prepare_update(folder: Path) -> None:
    save(make("autorec:hidden=4,epochs=1").fit(log()), folder / "b")
    items = log().items.ids.to_list()[:2]
    lines = "".join(f"777,{item},5\n" for item in items)
    (folder / "new.csv").write_text(f"user,item,rating\n{lines}")


def updated(*numbers_of_users: int) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        model = restore(folder / "b")
        assert len(model.users_) in numbers_of_users
        assert model.recommend([model.users_.ids[0]], k=2).height == 2

    return check


def prepare_page(folder: Path) -> None:
    write_text_atomically("old", folder / "page.html")


def page_is(*, old: bool) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        text = (folder / "page.html").read_text(encoding="utf-8")
        assert (old and text == "old") or text.rstrip().endswith("</html>")

    return check


def write_page(folder: Path) -> None:
    split = pn.split_random(planted_ratings(n_users=20), validation=0.2, test=0.2)
    space = {"damping": [0, 1]}
    result = pn.tune(ItemMean(), split, "rmse", space=space, trials=2, method="grid")
    report(result, folder / "page.html")


def file_is(*texts: str) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        assert (folder / "page.html").read_text(encoding="utf-8") in texts

    return check


def value_is(*values: object) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        assert Store(folder).get("key", JSON) in values

    return check


def study_step(folder: Path) -> None:
    steps = Steps("tiny", log(), version=1, run=Run(output=folder))
    assert steps.do("first", list[float], lambda: [0.5] * 100) == [0.5] * 100
    assert steps.do("second", dict[str, int], lambda: {"a": 1}) == {"a": 1}


def steps_are_whole(folder: Path) -> None:
    for file in folder.glob("tiny-*/*.json"):
        assert Store(file.parent).get(file.stem, JSON) is not None, file


def steps_are_there(folder: Path) -> None:
    steps_are_whole(folder)
    assert sorted(p.stem for p in folder.glob("tiny-*/*.json")) == ["first", "second"]


def prepare_cache(folder: Path) -> None:
    (folder / "tiny").mkdir()
    (folder / "tiny" / "u.item").write_text("of an earlier download")


def data_set_is_whole(folder: Path) -> None:
    names = {path.name for path in (folder / "tiny").iterdir()}
    if "u.data" in names:
        assert {name: (folder / "tiny" / name).read_bytes() for name in DATA_SET} == DATA_SET
    else:
        assert names == {"u.item"}


def data_set_is_there(folder: Path) -> None:
    assert (folder / "tiny" / "u.data").exists()
    data_set_is_whole(folder)


def write_lists(folder: Path) -> None:
    command("likes", folder / "b", "-o", folder / "lists.parquet")


def write_parts(place: Callable[[Path], object]) -> Callable[[Path], None]:
    """Write the lists of all users, four of whom are a part, with an event a statement."""

    def write(folder: Path) -> None:
        sqlalchemy.event.listen(
            sqlalchemy.Engine, "before_cursor_execute", lambda *_: sys.audit("support.statement")
        )
        batch_write._ROWS = 8
        command("recommend", folder / "b", "-k", 2, "-o", place(folder))

    return write


def rows_are_whole(read: Callable[[Path], pl.DataFrame]) -> Callable[[Path], None]:
    """Each user has a list once, of the old length or of the new one."""

    def check(folder: Path) -> None:
        rows = read(folder)
        lengths = rows.group_by("user").len()["len"].unique()
        assert rows["user"].n_unique() == 12
        assert len(lengths) == 1
        assert rows.select("user", "rank").is_unique().all()

    return check


def rows_are_new(read: Callable[[Path], pl.DataFrame]) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        expected = restore(folder / "b").recommend(k=2).sort("user", "rank")
        assert read(folder).sort("user", "rank")["item"].equals(expected["item"])

    return check


def read_table(folder: Path) -> pl.DataFrame:
    engine = sqlalchemy.create_engine(f"sqlite:///{folder / 'lists.db'}")
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text('SELECT "user", item, rank FROM lists'))
        table = pl.DataFrame(rows.fetchall(), ["user", "item", "rank"], orient="row")
    engine.dispose()
    return table


def prepare_old_lists(folder: Path) -> None:
    prepare_lists(folder)
    command("recommend", folder / "b", "-k", 3, "-o", folder / "lists.parquet")
    command("recommend", folder / "b", "-k", 3, "-o", f"sqlite:///{folder / 'lists.db'}")


def prepare_lists(folder: Path) -> None:
    save(make("user-majority").fit(log()), folder / "b")


def lists_are_whole(folder: Path) -> None:
    assert pl.read_parquet(folder / "lists.parquet").height > 0


def fitted_sentiment(c: float) -> Any:
    texts = ["a good book", "a bad book"] * 20
    return sentiment_classifier("tfidf", c=c).fit(texts, [5.0, 1.0] * 20)


def save_sentiment(c: float) -> Callable[[Path], object]:
    return lambda folder: save_classifier(fitted_sentiment(c), folder / "words")


def sentiment_is(*c: float) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        model = restore_classifier(folder / "words")
        assert model.params()["c"] in c
        wanted = fitted_sentiment(model.params()["c"]).log_odds(["good", "bad"])
        assert model.log_odds(["good", "bad"]).tolist() == wanted.tolist()

    return check


def operations(address: str) -> dict[str, Operation]:
    """All operations by what the table of figures calls them."""

    def fetch(folder: Path) -> None:
        locate(TINY, mirror=address, cache=folder)

    return {
        "a new bundle": Operation(save_ease, none_or("b", is_bundle(EASE)), is_bundle(EASE)),
        "an overwritten bundle": Operation(
            save_ease, is_bundle(EASE, Popular), is_bundle(EASE), save_popular
        ),
        "a bundle overwritten without an exchange": Operation(
            save_by_two_renames, is_bundle(EASE, Popular), is_bundle(EASE), save_popular
        ),
        "a bundle updated in place": Operation(
            lambda folder: command("update", folder / "b", folder / "new.csv", "--in-place"),
            updated(12, 13),
            updated(13),
            prepare_update,
        ),
        "a page": Operation(write_page, page_is(old=True), page_is(old=False), prepare_page),
        "a file": Operation(
            lambda folder: write_text_atomically(NEW, folder / "page.html"),
            file_is("old", NEW),
            file_is(NEW),
            prepare_page,
        ),
        "a stored value": Operation(
            lambda folder: Store(folder).put("key", [2] * 1000, JSON),
            value_is([1], [2] * 1000),
            value_is([2] * 1000),
            lambda folder: Store(folder).put("key", [1], JSON),
        ),
        "steps of a study": Operation(study_step, steps_are_whole, steps_are_there),
        "a fetched data set": Operation(fetch, data_set_is_whole, data_set_is_there, prepare_cache),
        "lists": Operation(
            write_lists, none_or("lists.parquet", lists_are_whole), lists_are_whole, prepare_lists
        ),
        "lists for everybody": Operation(
            write_parts(lambda folder: folder / "lists.parquet"),
            rows_are_whole(lambda folder: pl.read_parquet(folder / "lists.parquet")),
            rows_are_new(lambda folder: pl.read_parquet(folder / "lists.parquet")),
            prepare_old_lists,
        ),
        "lists in a database": Operation(
            write_parts(lambda folder: f"sqlite:///{folder / 'lists.db'}"),
            rows_are_whole(read_table),
            rows_are_new(read_table),
            prepare_old_lists,
        ),
        "a classifier of sentiment": Operation(
            save_sentiment(2.0), sentiment_is(1.0, 2.0), sentiment_is(2.0), save_sentiment(1.0)
        ),
    }


def names(folder: Path) -> set[str]:
    """The paths of all files in a folder, whatever random letters are in them."""
    paths = (str(path.relative_to(folder)) for path in folder.rglob("*"))
    return {re.sub("[0-9a-f]{8}", "RANDOM", path) for path in paths}


def open_modes(folder: Path) -> list[str]:
    """The names of files and folders that others can write."""
    return [p.name for p in folder.rglob("*") if stat.S_IMODE(p.stat().st_mode) & 0o022]


def kills(
    operation: Operation, root: Path, n_events: int, rounds: int, seed: int
) -> Iterator[dict[str, Any]]:
    """What the kills of an operation have led to."""
    before, folder = root / "before", root / "folder"
    for path in (before, folder):
        shutil.rmtree(path, ignore_errors=True)
    before.mkdir()
    (before / NOT_OURS).write_text("mine")
    code, _ = forked(lambda: operation.prepare(before))
    assert not code
    shutil.copytree(before, folder)
    code, events = forked(lambda: operation.work(folder))
    assert not code
    wanted = names(folder)
    step = 1 if not n_events else -(-events // n_events)

    def recovered() -> None:
        operation.whole(folder)
        operation.work(folder)
        operation.done(folder)

    rng = random.Random(seed)
    for number, event in product(range(rounds), range(1 + seed % step, events + 1, step)):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        killed, _ = forked(lambda: operation.work(folder), kill_at=event)
        second = rng.randint(1, events) if number else 0
        if second:
            forked(lambda: operation.work(folder), kill_at=second)
        code, _ = forked(recovered)
        yield {
            "events": [event, second],
            "killed": killed,
            "recovered": code,
            "names": sorted(names(folder) ^ wanted),
            "open": open_modes(folder),
        }


def main() -> None:
    root, address = sys.argv[1:3]
    n_events, rounds, seed = map(int, sys.argv[3:])
    gc.freeze()  # forks would copy all that they look at
    print(json.dumps(list(operations(address))), flush=True)
    for name, operation in operations(address).items():
        for row in kills(operation, Path(root), n_events, rounds, seed):
            print(json.dumps(row), flush=True)
        print(json.dumps({"end": name}), flush=True)


if __name__ == "__main__":
    main()
