"""`penchant study`: a published system, as published and honestly."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.command import command
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.log_options import ReadOptions, TableOptions
from penchant.cli.run_context import Session
from penchant.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from penchant.studies.study import Study, StudyResult

logger = logging.getLogger(__name__)


@command
def study(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which one; without it, lists them.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="LOG",
            help="Another log than the study's own: a data set's name, a file, a database URL or "
            "a folder.",
            show_default=False,
        ),
    ] = None,
    reading: ReadOptions,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a log with malformed records.")
    ] = False,
    tables: TableOptions,
    small: Annotated[
        bool, typer.Option("--small", help="Take the study's small data set, for minutes.")
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-p",
            metavar="NAME=VALUE",
            help="An option of the study, such as epochs=5; again for more.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Decides everything random; by default the study's own.", show_default=False
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do again what an interrupted or earlier run has done.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print every section, not the first screen alone.")
    ] = False,
    output: PagePath = None,
    session: Session,
) -> None:
    """Reproduce a published system, as published and honestly, or list the studies."""
    if name is None:
        _list(session)
        return
    page = page_path(output)

    from penchant import studies
    from penchant.studies.options import checked, parse, small_options

    found = studies.find(name)
    values = checked(name, found, (small_options(found) if small else {}) | parse(option or ()))
    source = _source(found, source, small=small)

    from penchant.cli.study_progress import StudyWatch, page_writer
    from penchant.data.fetching.cache import cache_folder
    from penchant.data.fetching.locate import using_mirror
    from penchant.studies.study import StudyRun

    writer = None if page is None else page_writer(page, found.TITLE, source)
    watch = StudyWatch(name, session.run.progress, writer)
    run = StudyRun(
        **{f.name: getattr(session.run, f.name) for f in dataclasses.fields(session.run)}
        | {
            "output": cache_folder() / "studies",
            "fresh": fresh,
            "progress": watch,
            "watch": watch.watch,
        }
    )
    with using_mirror(reading.fetch.mirror), watch.running():
        data = reading.read(source, run, tables, strict=strict)
        result = found.run(data, run=run, **({} if seed is None else {"seed": seed}), **values)
        watch.write_result(lambda: write_page(result, page))
    small_values = [f"{n}={v}" for n, v in small_options(found).items()] if small else []
    reproduce = session.reproduce_command(
        source=source,
        small=False,
        fresh=False,
        seed=result.seed,
        option=[
            *(o for o in small_values if o.split("=")[0] not in parse(option or ())),
            *(option or ()),
        ],
    )
    if session.json:
        session.reply(result.to_dict() | {"reproduce": reproduce})
    elif full:
        result.render(session.console)
    else:
        result.render_opening(session.console)
    if not session.json:
        _tell_where(result, page, full=full)
        logger.info(f"Again: {reproduce}")


def _tell_where(result: StudyResult, page: Path | None, *, full: bool) -> None:
    """Say where everything is that the first screen leaves out."""
    sections = f"{len(result.sections)} chapters with all figures"
    if page is not None:
        print(f"\nThe page with {sections}: {page.resolve()}")
    elif not full:
        print(f"\n{sections} are printed by --full, and written as a page by -o FILE.html.")


def _source(found: Study, source: str | None, *, small: bool) -> str:
    """The log to study: the one that was named, or the study's own."""
    if small and source:
        raise ParameterError(
            f"--small takes {found.SMALL_DATA}, and {source!r} is given too: leave out one."
        )
    return source or (found.SMALL_DATA if small else found.DATA)


def _list(session: Session) -> None:
    from penchant import studies

    known = [_describe(name) for name in studies.TABLE]
    if session.json:
        session.reply(known)
        return
    if not known:
        print("This version of penchant has no study.")
        return
    width = max(len(row["name"]) for row in known)
    wide = max(len(row["data"]) for row in known)
    for row in known:
        print(f"{row['name']:<{width}}  {row['data']:<{wide}}  {row['title']}")
    logger.info("Next: penchant study NAME -o study.html, or with --small for a first look.")


def _describe(name: str) -> dict[str, Any]:
    from penchant.cli.models import _parameter
    from penchant.studies import find
    from penchant.studies.options import options

    found = find(name)
    return {
        "name": name,
        "title": found.TITLE,
        "data": found.DATA,
        "small_data": found.SMALL_DATA,
        "options": [_parameter(each) for each in options(name, found).values()],
    }
