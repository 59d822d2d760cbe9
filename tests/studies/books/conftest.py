"""A made-up folder in Book-Crossing's form, read once for all tests of the study."""

from __future__ import annotations

import pytest

from penchant.data.sources import book_crossing
from penchant.run import Run
from penchant.studies.books.setup import BooksSetup
from support import book_crossing_files


@pytest.fixture(scope="session")
def books(tmp_path_factory):
    return book_crossing.read(book_crossing_files.write(tmp_path_factory.mktemp("books")))


@pytest.fixture(scope="session")
def setup(books):
    return BooksSetup(log=books, seed=13, run=Run(threads=1), epochs=2, seeds=1, quick=True)
