"""`penchant audit`: what figures computed from a log, a split or others' files are worth."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.command import command
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.log_options import ReadOptions, TableOptions
from penchant.cli.run_context import Details, Session
from penchant.cli.split_options import GIVEN_SHARE, Fold, Folds, Kind, SplitOptions
from penchant.errors import ParameterError
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.auditing import Findings
    from penchant.data.dataset import Dataset

logger = logging.getLogger(__name__)

OBJECTED = 3
"""The exit code of --strict where something is wrong."""
_FILES = ("train", "test_file", "validation_file", "given_file")


@dataclass(frozen=True)
class AuditedLog:
    """LOG, which may be left out where files are named, and how to read either."""

    source: Annotated[
        str,
        typer.Argument(
            metavar="[LOG|DIR]",
            help="A log, which is split as --split says; or a folder with train and test files.",
            show_default=False,
        ),
    ] = ""
    reading: ReadOptions = field(default_factory=ReadOptions)
    tables: TableOptions = field(default_factory=TableOptions)
    strict: Annotated[
        bool, typer.Option("--strict", help=f"Exit with code {OBJECTED} if anything is wrong.")
    ] = False

    def read(self, run: Run) -> Dataset:
        """The log; `--strict` is about findings here and not about malformed records."""
        return self.reading.read(self.source, run, self.tables)


@dataclass(frozen=True)
class AuditedFiles:
    """What others produced: files in any form that a log can have."""

    train: Annotated[
        str | None, typer.Option("--train", metavar="FILE", help="Training events.")
    ] = None
    test_file: Annotated[
        str | None,
        typer.Option("--test", metavar="FILE|SHARE", help="Test events; or the share."),
    ] = None
    validation_file: Annotated[
        str | None,
        typer.Option("--validation", metavar="FILE|SHARE", help="Validation events; or the share."),
    ] = None
    given_file: Annotated[
        str | None,
        typer.Option(
            "--given",
            metavar="FILE|SHARE",
            help="Events of held-out users that are known and of which no model learns; or the "
            "share of their events (--split users).",
        ),
    ] = None
    predictions: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="User, item and predictions; again for more."),
    ] = None
    lists: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Recommendations: user, item, rank or score."),
    ] = None
    features: Annotated[
        str | None, typer.Option(metavar="FILE", help="Features by user and item, or by item.")
    ] = None
    target: Annotated[
        str | None, typer.Option(help="The features' column that is to be predicted.")
    ] = None
    negatives: Annotated[
        str | None, typer.Option(metavar="FILE", help="User and item of training negatives.")
    ] = None
    candidates: Annotated[
        str | None, typer.Option(metavar="FILE", help="User and item of offered negatives.")
    ] = None
    history: Annotated[
        str | None, typer.Option(metavar="FILE", help="test, validation, kept, run by epoch.")
    ] = None
    trials: Annotated[
        str | None, typer.Option(metavar="FILE", help="Parameters and score of a tuning.")
    ] = None
    claimed: Annotated[
        Literal["time", "per-user", "sessions", "random"] | None,
        typer.Option(help="How the split is said to be made."),
    ] = None


@dataclass(frozen=True)
class AuditSplit:
    """How a log is split where no files are given."""

    split: Annotated[
        Kind | None,
        typer.Option(help="How a LOG is split.", show_default=False),
    ] = None
    folds: Folds = 5
    fold: Fold = None
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0


@command
def audit(
    *,
    output: PagePath = None,
    details: Details = False,
    files: AuditedFiles,
    split_options: AuditSplit,
    log: AuditedLog,
    session: Session,
) -> None:
    """Say what the figures computed from a log, a split or others' files are worth."""
    page = page_path(output)
    findings = _audit(files, split_options, log, session)
    if session.json:
        session.reply(findings.to_dict())
    else:
        findings.render(session.console, details=details)
        if findings.objections and not details:
            logger.info("Each finding, and what to do: --details.")
    write_page(findings, page)
    if log.strict and findings.worst == "wrong":
        raise typer.Exit(OBJECTED)


def _audit(
    files: AuditedFiles, split_options: AuditSplit, log: AuditedLog, session: Session
) -> Findings:
    from penchant.auditing import audit as run_audit

    files = _folder(Path(log.source), files) if log.source else files
    others: dict[str, Any] = {
        each.name: getattr(files, each.name) for each in fields(files) if each.name not in _FILES
    }
    if files.train is not None:
        if log.tables.given:
            raise ParameterError(
                "--items and --users are for a LOG, not for files of training and test events: "
                "leave them out."
            )
        if files.test_file is None:
            raise ParameterError("--train needs --test, the file of test events.")
        return run_audit(
            train=files.train,
            test=files.test_file,
            validation=files.validation_file,
            given=files.given_file,
            seed=split_options.seed,
            **others,
            **log.reading.file.as_arguments(),
        )
    if not log.source:
        if files.features is None:
            raise ParameterError("Name a LOG, or files with --train and --test.")
        return run_audit(seed=split_options.seed, **others)
    options = SplitOptions(
        split=split_options.split,
        seed=split_options.seed,
        given=str(_share(files.given_file or GIVEN_SHARE, "--given")),
        folds=split_options.folds,
        fold=split_options.fold,
        test=str(_share(files.test_file, "--test")),
        validation=str(_share(files.validation_file, "--validation")),
    )
    return run_audit(options.cut(log.read(session.run)), seed=split_options.seed, **others)


def _folder(folder: Path, files: AuditedFiles) -> AuditedFiles:
    """The files of a folder by their names, such as train.csv, where it has a train and a test."""
    if not folder.is_dir() or files.train is not None:
        return files
    stems = {
        "train": "train", "test_file": "test", "validation_file": "validation",
        "given_file": "given",
    }  # fmt: skip
    files_by_stem = {
        path.name.partition(".")[0].lower(): str(path)
        for path in sorted(folder.iterdir())
        if path.is_file() or path.name in stems.values()
    }
    if "train" not in files_by_stem or "test" not in files_by_stem:
        return files
    single = ("features", "negatives", "candidates", "history", "trials")
    paths: dict[str, Any] = {f: files_by_stem.get(stem) for f, stem in stems.items()}
    paths |= {name: files_by_stem[name] for name in single if name in files_by_stem}
    for name in ("predictions", "lists"):
        matching = [path for stem, path in files_by_stem.items() if stem.startswith(name)]
        if matching:
            paths[name] = matching
    chosen = {f.name: v for f in fields(files) if (v := getattr(files, f.name)) is not None}
    return replace(files, **(paths | chosen))


def _share(text: str | None, option: str) -> float:
    if text is None:
        return 0.1
    try:
        return float(text)
    except ValueError:
        raise ParameterError(
            f"{option} {text} is no share such as 0.1; for files, name --train, too."
        ) from None
