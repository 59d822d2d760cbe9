"""`penchant demo`: the whole way on real ratings, from a log to reasons."""

from __future__ import annotations

import json
import logging
import shlex
from pathlib import Path
from typing import Annotated

import typer

from penchant.atomic_write import write_text_atomically
from penchant.cli.command import command
from penchant.cli.compare import show as show_result
from penchant.cli.default_models import all_specs, build
from penchant.cli.files import page_path
from penchant.cli.lists import as_json, lists_for, show
from penchant.cli.run_context import Details, Session
from penchant.cli.titles import items_of_titles

logger = logging.getLogger(__name__)

_NAME = "movielens-100k"
_USER = 42
_LIKED = ("Star Wars", "The Empire Strikes Back", "Alien", "Blade Runner", "The Terminator")


@command
def demo(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The report; the bundle goes beside it.")
    ] = Path("out/demo/report.html"),
    mirror: Annotated[
        str | None, typer.Option(help="A folder or address that has published data sets.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
    details: Details = False,
    session: Session,
) -> None:
    """Go the whole way on MovieLens 100K, from ratings to reasons."""
    page = page_path(output)
    assert page is not None

    from penchant.bundle import save
    from penchant.data.sources import load
    from penchant.data.splitting import split_per_user
    from penchant.evaluation import evaluate
    from penchant.models import make
    from penchant.opinions import Opinions

    log = load(_NAME, mirror=mirror, offline=offline, run=session.run)
    logger.info(f"{log!r} from {log.origin.source}.")
    split = split_per_user(log, validation=0.1, test=0.1)
    specs = all_specs(log)
    logger.info(f"Comparing {', '.join(specs)} with the trivial baselines …")
    result = evaluate(build(specs, seed=0), split, run=session.run)
    if not session.json:
        show_result(session, result, details=details)
    from penchant.reporting import report

    report(result, page, run=session.run)

    best = result.best_name()
    logger.info(f"Learning {best} from the whole log …")
    model = result.best().refit(log, run=session.run)
    bundle = save(model, page.parent / "bundle", overwrite=True, evaluation=result)
    comparison = page.parent / "comparison.json"
    write_text_atomically(json.dumps(result.to_dict(), allow_nan=False), comparison)

    explainer = model if model.has_contributions else make("ease").fit(log)
    liked = items_of_titles(explainer, _LIKED)
    lists_of_user = lists_for(explainer, [_USER], 10)
    lists_of_new_user = lists_for(explainer, Opinions(liked).history(explainer), 10)
    if session.json:
        session.reply(
            result.to_dict()
            | {
                "report": str(page),
                "bundle": str(bundle),
                "comparison": str(comparison),
                "best_on_validation": best,
                "lists": as_json(lists_of_user) + as_json(lists_of_new_user),
            }
        )
        return
    show(session, lists_of_user, {_USER: f"For user {_USER} of {_NAME}"})
    show(session, lists_of_new_user, {0: f"For someone new who likes {', '.join(_LIKED)}"})
    where = shlex.quote(str(bundle))
    print()
    print(f"The report is {page}, and the bundle of {best} is {bundle}.")
    print("Next, try one of these:")
    for line in (
        f"penchant recommend {where} --like-title Fargo --like-title 'Pulp Fiction' --explain",
        f"penchant serve {where} --comparison {shlex.quote(str(comparison))}   # or: make serve",
        f"penchant explore {_NAME} -o {shlex.quote(str(page.parent / 'explore.html'))}",
        f"penchant compare {_NAME} -m ease:l2=200 -m item-knn:neighbours=50 --split random",
        "penchant compare YOUR-RATINGS.csv -o report.html",
    ):
        print(f"  {line}")
