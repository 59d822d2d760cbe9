"""Options that say where what people did in a service is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.kept_options import Kept, kept_options, read_as_trained
from penchant.cli.log_options import ContentOptions, LogOptions, ReadOptions, TableOptions
from penchant.cli.second_log import SecondLogOptions
from penchant.errors import ParameterError, require
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.models.base import Recommender
    from penchant.serving.store import Store

logger = logging.getLogger(__name__)

OptionalSource = Annotated[
    str | None,
    typer.Argument(
        metavar="[LOG]",
        help="A published data set's name, a file, a database URL, or several files: a folder, "
        "or a pattern in quotes such as 'parts/*.csv'.",
        show_default=False,
    ),
]

Remember = Callable[[Path], object]
"""Notes of a bundle, before it is seen, up to which event of a store it has learned."""


def default_store(folder: Path) -> str:
    """The URL of the store in which `penchant serve` keeps feedback where none is named."""
    place = folder.absolute()
    return f"sqlite:///{place.with_name(f'{place.name}.feedback.db')}"


def open_store(url: str, *, create: bool = False) -> Store:
    """Open a store, or say which extra it needs.

    Raises:
        ParameterError: this is no URL of a store.
        StoreError: there is none, or the database cannot be used.
        MissingExtraError: a package is not installed.
    """
    for module in ("sqlalchemy", "alembic"):
        require(module, "serve")
    from penchant.serving.store import Store

    return Store.open(url, create=create)


@dataclass(frozen=True)
class StoreLogOptions:
    """LOG, the store of a service, or both.

    Attributes:
        source: see `LogOptions`.
        reading: how LOG is read.
        strict: whether malformed records are refused.
        from_store: the URL of the store.
    """

    source: OptionalSource = None
    reading: ReadOptions = field(default_factory=ReadOptions)
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a log with malformed records.")
    ] = False
    from_store: Annotated[
        str | None,
        typer.Option(
            "--from-store",
            metavar="URL",
            help="The database in which 'penchant serve' keeps what people say and do.",
            show_default=False,
        ),
    ] = None

    @property
    def harmless(self) -> dict[str, Any]:
        """The options that a command line which is shown has otherwise: no passwords."""
        if self.from_store is None:
            return {}
        require("sqlalchemy", "serve")
        from penchant.serving.store.database import without_password

        return {"from_store": without_password(self.from_store)}

    def read(
        self,
        run: Run,
        tables: TableOptions,
        content: ContentOptions,
        second: SecondLogOptions,
        model: Recommender,
    ) -> tuple[Dataset, Remember | None, Kept]:
        """What a model is to learn from, what notes how far its bundle has learned, and options.

        The options are those that the bundle keeps; see `kept_options`.

        Raises:
            ParameterError: there is neither a log nor a store, or a second log and no first.
            DataError: there is nothing to learn from, or something cannot be read.
        """
        if self.source is None and self.from_store is None:
            raise ParameterError("Name a LOG to learn from, or a store with --from-store URL.")
        if self.source is None and second.also is not None:
            raise ParameterError("A second log is added to a LOG: name that one, too.")
        base, kept = None, {}
        if self.source is not None:
            log = LogOptions(self.source, self.reading, self.strict)
            own = log.read(run, tables, content)
            kept = kept_options(self.reading, own, tables, content, second)
            base = second.join_log(own, log, run)
        if self.from_store is None:
            assert base is not None
            return base, None, kept
        with open_store(self.from_store) as store:
            feedback = store.feedback_log()
        data = feedback.dataset(base, model)
        if base is None:
            data = content.encode(tables.join(data, self.reading.file.encoding), run)
        return data, remember(self.from_store, feedback.last), kept

    def read_new(
        self, run: Run, model: Recommender, folder: Path, *, as_given: bool = False
    ) -> tuple[Dataset | None, Remember | None]:
        """What a bundle is to take in, None where nothing is new; and see `read`.

        A LOG is read as that of the bundle was, unless it is to be read as given.

        Raises:
            ParameterError: there is neither a log nor a store, or both.
            DataError: something cannot be read.
        """
        if (self.source is None) is (self.from_store is None):
            raise ParameterError(
                "Say what the bundle is to take in: either a LOG, or a store with --from-store URL."
            )
        if self.from_store is None:
            assert self.source is not None
            reading = self.reading
            if not as_given:
                reading = read_as_trained(reading, model, self.source)
            return LogOptions(self.source, reading, self.strict).read(run), None
        from penchant.serving.learning import fingerprint_of, new_events

        with open_store(self.from_store) as store:
            feedback = store.feedback_log(store.progress(fingerprint_of(folder)))
        removed = None
        if feedback.n_deleted or len(feedback.taken_back):
            removed = feedback.progress.removed
            logger.warning(
                "People were deleted, or took back what the bundle has learned: an update keeps "
                "that in the model's weights, and penchant train or penchant refresh leaves it "
                "out; a service does not use it for these people."
            )
        return new_events(feedback, model), remember(self.from_store, feedback.last, removed)


def remember(url: str, last: int, removed: int | None = None) -> Remember:
    """What notes in a store up to which number a bundle has learned; see `Store.set_learned`."""

    def note(folder: Path) -> None:
        from penchant.serving.learning import fingerprint_of

        with open_store(url) as store:
            store.set_learned(fingerprint_of(folder), last, removed)

    return note
