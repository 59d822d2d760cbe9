"""Films with ratings, plots and posters: a log that has all branches of the network."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data import TEST, TRAIN, UNUSED, VALIDATION, Dataset, Split
from penchant.data.fetching import default_mirror
from penchant.data.images import image_paths
from penchant.data.sources import fetch, load
from penchant.errors import DataError, DownloadError, MissingExtraError
from penchant.features import PICTURE_COLUMN, sentences_installed, with_pictures, with_sentences
from penchant.run import Run
from penchant.typing import Int32

logger = logging.getLogger(__name__)

NAME = "movielens-1m"
PLOTS, POSTERS = Path("text") / "ml1m_movie_overviews.csv", Path("posters")
COLD = 0.1
"""The share of films that are not seen in training, and again of those for validation."""
_FEWEST = 20  # films below which nothing can be told of new ones


@dataclass(frozen=True, eq=False)
class FilmLog:
    """A log of films with plots in its table, and where their posters are.

    Attributes:
        log: ratings; the item table has a column `overview`.
        folder: where posters are, called by the films' ids; None without any.
        seed: decides which films are new ones.
        run: threads and progress.
        encoder: of the pictures; see `penchant.encoders.image`.
        sentences: whether plots are also read by a network, where it is installed.
    """

    log: Dataset
    folder: Path | None
    seed: int
    run: Run
    encoder: str = "auto"
    sentences: bool = True

    @cached_property
    def posters(self) -> dict[Any, Path]:
        """The file of each film that has a poster."""
        return {} if self.folder is None else image_paths(self.log, self.folder)

    @cached_property
    def digest(self) -> str:
        """Changes with ratings, plots, posters, their encoder, and whether sentences are read."""
        table = self.log.item_table
        assert table is not None  # the plots are in it
        digest = hashlib.sha256(
            f"{self.log.fingerprint} {self.encoder} {self.has_sentences}".encode()
        )
        for plot in table["overview"]:
            digest.update(f"{plot}\0".encode())
        for item, path in self.posters.items():
            digest.update(f"{item} {path.stat().st_size}\0".encode())
        return digest.hexdigest()[:8]

    @cached_property
    def cold_items(self) -> tuple[Int32, Int32]:
        """Films whose events are all for test, and those whose events are all for validation."""
        known = np.flatnonzero(self.log.item_counts).astype(np.int32)
        order = np.random.default_rng(self.seed).permutation(known)
        n = max(1, round(COLD * len(known)))
        return np.sort(order[:n]), np.sort(order[n : 2 * n])

    @cached_property
    def log_with_pictures(self) -> Dataset:
        """The log with vectors of the posters, whose directions old films alone decide."""
        if self.folder is None:
            return self.log
        is_old = self.log.item_counts > 0
        is_old[np.concatenate(self.cold_items)] = False
        try:
            return with_pictures(
                self.log, self.folder, encoder=self.encoder, learned=is_old, run=self.run
            )
        except (DataError, MissingExtraError) as error:
            logger.info(f"fashion: posters take no part: {error}")
            return self.log

    @property
    def has_pictures(self) -> bool:
        """Whether there are vectors of posters."""
        table = self.log_with_pictures.item_table
        return table is not None and PICTURE_COLUMN in table.columns

    @property
    def has_plots(self) -> bool:
        """Whether any film has a plot."""
        table = self.log.item_table
        return table is not None and bool((table["overview"].str.len_chars() > 0).any())

    @property
    def has_sentences(self) -> bool:
        """Whether plots can be read by a network that others have trained."""
        return self.sentences and self.has_plots and sentences_installed()

    @cached_property
    def full_log(self) -> Dataset:
        """The log with vectors of posters, and of titles and plots where these can be read."""
        log = self.log_with_pictures
        return with_sentences(log, run=self.run) if self.has_sentences else log

    def cold_split(self, log: Dataset, *, validation: bool = False) -> Split:
        """Films without a training event, ranked among each other.

        Args:
            log: ratings with whatever is to be known of films.
            validation: whether the films for validation take the place of those for test, which
                then take no part, so that settings can be chosen.
        """
        test_items, validation_items = self.cold_items
        side = np.full(log.n_items, TRAIN, np.uint8)
        side[test_items], side[validation_items] = (
            (UNUSED, TEST) if validation else (TEST, VALIDATION)
        )
        sides = side[log.events["item"].to_numpy()]
        offered = validation_items if validation else test_items
        users = np.unique(log.events["user"].to_numpy()[sides == TEST])
        other = (
            ""
            if validation
            else f", all of those of {len(validation_items):,} others for validation"
        )
        return Split(
            log=log,
            sides=sides,
            kind="predefined",
            sentence=f"By film: all events of {len(offered):,} films drawn at random (seed "
            f"{self.seed}) for test{other}. The test films are ranked among each other.",
            ties="Times play no part.",
            seed=self.seed,
            candidates=np.tile(offered.astype(np.int32), (len(users), 1)),
        )

    def mixed_split(self, log: Dataset) -> Split:
        """All events of new films and a tenth of the events of old ones for test."""
        test_items, validation_items = self.cold_items
        item = log.events["item"].to_numpy()
        drawn = np.random.default_rng(self.seed).random(len(log))
        sides = np.where(drawn < 0.1, TEST, np.where(drawn < 0.2, VALIDATION, TRAIN))
        sides[np.isin(item, validation_items)] = VALIDATION
        sides[np.isin(item, test_items)] = TEST
        return Split(
            log=log,
            sides=sides.astype(np.uint8),
            kind="predefined",
            sentence=f"All events of {len(test_items):,} films and a tenth of those of the other "
            f"films, drawn at random (seed {self.seed}), for test; for validation as many again.",
            ties="Times play no part.",
            seed=self.seed,
        )


def load_films(
    name: str, seed: int, run: Run, *, few: tuple[int, int] | None = None
) -> FilmLog | None:
    """A log of films with plots and posters, as far as they can be found without a network.

    Plots and posters lie in the folder of the log, or in the mirror's folder of that name, as
    `text/ml1m_movie_overviews.csv` and `posters/<film>.jpg`.

    Args:
        name: of a published data set.
        seed: decides which films are new ones.
        run: threads and progress.
        few: so many users and films alone, with the fastest encoders, for a first look.

    Returns:
        None where the log is missing, has few films, or has neither plots nor posters.
    """
    try:
        log = load(name, offline=True, run=run)
        folders = [fetch(name, offline=True, run=run).path]
    except (DownloadError, DataError):
        return None
    mirror = default_mirror() or ""
    if mirror and not mirror.startswith(("http://", "https://")):
        folders.append(Path(mirror).expanduser() / name)
    plots = next((f / PLOTS for f in folders if (f / PLOTS).is_file()), None)
    posters = next((f / POSTERS for f in folders if (f / POSTERS).is_dir()), None)
    if (log.item_counts > 0).sum() < _FEWEST or log.item_table is None:
        return None
    if plots is None and posters is None:
        return None
    if few is not None:
        log = _most_rated_films(sample_users(log, few[0], seed), few[1])
    encoder = "auto" if few is None else "colour"
    return FilmLog(_with_plots(log, plots), posters, seed, run, encoder, few is None)


def _with_plots(log: Dataset, file: Path | None) -> Dataset:
    table = log.item_table
    assert table is not None  # looked at before
    if file is None:
        return replace(log, item_table=table.with_columns(overview=pl.lit("")))
    plots = pl.read_csv(file, columns=["movie_id", "overview"]).select(
        item=pl.col("movie_id").cast(table.schema["item"]), overview=pl.col("overview")
    )
    joined = table.join(plots.unique("item"), on="item", how="left", maintain_order="left")
    return replace(log, item_table=joined.with_columns(pl.col("overview").fill_null("")))


def sample_users(log: Dataset, users: int | None, seed: int) -> Dataset:
    """The events of so many users, drawn at random; of all of them where they are no more."""
    active = np.flatnonzero(log.user_counts)
    if users is None or users >= len(active):
        return log
    drawn = np.random.default_rng(seed).permutation(active)[:users]
    return log.subset(np.isin(log.events["user"].to_numpy(), drawn))


def _most_rated_films(log: Dataset, films: int) -> Dataset:
    """The events of so many films, the most rated ones."""
    most = np.argsort(-log.item_counts, kind="stable")[:films]
    return log.subset(np.isin(log.events["item"].to_numpy(), most))
