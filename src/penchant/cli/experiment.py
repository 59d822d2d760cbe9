"""`penchant experiment`: which of the models that people were shown is better, and how sure."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.command import command
from penchant.cli.files import PagePath, page_path, write_page
from penchant.cli.run_context import Session
from penchant.errors import DataError, ParameterError

if TYPE_CHECKING:
    import polars as pl

    from penchant.experiments.policy_estimate import OffPolicyEstimate

logger = logging.getLogger(__name__)


@command
def experiment(
    *,
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="PLACE",
            help="The database URL of a service's store, such as sqlite:///feedback.db.",
            show_default=False,
        ),
    ] = None,
    shown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Shown lists in place of a store: list, user, time, arm, position, item.",
            show_default=False,
        ),
    ] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What came of them: user, item, kind, time.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--experiment", help="Which one, where there are several.", show_default=False
        ),
    ] = None,
    success: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="What is a success, such as like, purchase or 'rating>=4'; again for more; by "
            "default ratings, likes and purchases.",
            show_default=False,
        ),
    ] = None,
    window_days: Annotated[
        float, typer.Option(min=0, help="Days after a list in which something may come of it.")
    ] = 7.0,
    metric: Annotated[
        Literal["users", "lists", "successes", "value"],
        typer.Option(
            help="What decides: the share of users or of lists with a success, successes per user, "
            "or the value of purchases per user."
        ),
    ] = "users",
    control: Annotated[
        str | None, typer.Option(help="The arm to compare with.", show_default=False)
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(help="An arm that takes part; again for more.", show_default=False),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ARM=SHARE",
            help="The share of users that an arm was to get, to test whether it did; again for "
            "each.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Lists shown before do not count.", show_default=False),
    ] = None,
    planned_users: Annotated[
        int | None,
        typer.Option(min=1, help="Of all arms, as planned before the start.", show_default=False),
    ] = None,
    detectable: Annotated[
        float, typer.Option(help="The difference to be seen, as a share of the control's value.")
    ] = 0.1,
    power: Annotated[float, typer.Option(help="The probability to see it.")] = 0.8,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="A bundle, fitted before the lists were shown: what its lists would have got; "
            "again for more. Needs lists that were shown with exploration.",
            show_default=False,
        ),
    ] = None,
    output: PagePath = None,
    session: Session,
) -> None:
    """Say which of the models that people were shown is better, how sure that is, and what next."""
    from penchant.experiments.attribution import SUCCESS
    from penchant.experiments.comparison import compare_arms

    page = page_path(output)
    lists, events = _tables(place, shown, outcomes)
    begin = None if since is None else _time(since)
    kinds: dict[str, Any] = {
        "success": tuple(success or SUCCESS),
        "window": timedelta(days=window_days),
        "level": level,
    }
    comparison = None
    if not against or ("arm" in lists.columns and lists["arm"].count()):
        comparison = compare_arms(
            lists,
            events,
            experiment=name,
            metric=metric,
            control=control,
            arms=arm,
            since=begin,
            shares=_shares(share) if share else None,
            planned_users=planned_users,
            detectable=detectable,
            power=power,
            **kinds,
        )
    estimates = [_estimate(folder, lists, events, kinds, begin) for folder in against or ()]
    if session.json:
        answer: dict[str, Any] = {} if comparison is None else comparison.to_dict()
        session.reply(answer | {"against": [one.to_dict() for one in estimates]})
    else:
        for result in (comparison, *estimates):
            if result is not None:
                result.render(session.console)
    if comparison is not None:
        write_page(comparison, page)


def _tables(
    place: str | None, shown: Path | None, outcomes: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Shown lists and outcomes of a store or of two files."""
    if place is not None and shown is None and outcomes is None:
        if "://" not in place:
            raise ParameterError(
                f"{place!r} is no database URL, such as sqlite:///feedback.db: give files with "
                "--shown FILE --outcomes FILE."
            )
        from penchant.serving.store import Store

        with Store.open(place, create=False) as store:
            return store.shown(), store.outcomes()
    if place is not None or shown is None or outcomes is None:
        raise ParameterError(
            "Give either the database URL of a service's store, or both --shown FILE and "
            "--outcomes FILE."
        )
    from penchant.experiments.files import read_rows

    return read_rows(shown), read_rows(outcomes)


def _shares(values: list[str]) -> dict[str, float]:
    """The shares of options such as `ease=0.5`."""
    shares = {}
    for value in values:
        arm, _, number = value.rpartition("=")
        try:
            shares[arm] = float(number)
        except ValueError:
            arm = ""
        if not arm:
            raise ParameterError(f"--share {value!r} is no arm with a share, such as ease=0.5.")
    return shares


def _time(text: str) -> datetime:
    import polars as pl

    from penchant.data.times.parsing import parse_times

    time = parse_times(pl.Series([text])).values[0]
    if not isinstance(time, datetime):
        raise ParameterError(
            f"--since {text!r} is no time, such as 2026-03-01 or 2026-03-01 12:00."
        )
    return time


def _estimate(
    folder: Path,
    lists: pl.DataFrame,
    events: pl.DataFrame,
    kinds: dict[str, Any],
    since: datetime | None,
) -> OffPolicyEstimate:
    """What the lists of a bundle would have got."""
    import polars as pl

    from penchant.bundle import restore
    from penchant.data.reading.id_lists import typed_ids
    from penchant.experiments.frames import checked_shown
    from penchant.experiments.off_policy import estimate_off_policy

    rows = checked_shown(lists, "propensity")
    if since is not None:
        rows = rows.filter(pl.col("time") >= since)
    model = restore(folder)
    ids = rows["user"].unique().sort()
    typed = typed_ids(model.users_, ids)
    known = typed.is_in(model.users_.ids.implode()).fill_null(False)
    if not known.any():
        raise DataError(
            f"The model in {str(folder)!r} knows none of the users who were shown lists."
        )
    length = int(rows["position"].max() or 0)  # type: ignore[arg-type]
    target = model.recommend(typed.filter(known), length).select(
        "user", "item", pl.col("rank").alias("position")
    )
    return estimate_off_policy(rows, events, target, model=folder.name or str(folder), **kinds)
