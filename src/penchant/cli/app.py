"""The table of commands.

Command modules import what is light at their top and everything else inside, so that `--help`
answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from penchant.cli.attributes import attributes
from penchant.cli.audit import audit
from penchant.cli.backtest import backtest
from penchant.cli.clean import clean
from penchant.cli.compare import compare
from penchant.cli.demo import demo
from penchant.cli.doctor import doctor
from penchant.cli.experiment import experiment
from penchant.cli.explore import explore
from penchant.cli.fetch import fetch
from penchant.cli.images import images
from penchant.cli.keys import keys
from penchant.cli.likes import likes
from penchant.cli.models import models
from penchant.cli.recall import recall
from penchant.cli.recommend import recommend
from penchant.cli.refresh import refresh
from penchant.cli.sentiment import sentiment
from penchant.cli.serve import serve
from penchant.cli.similar import similar
from penchant.cli.similar_users import similar_users
from penchant.cli.split import split
from penchant.cli.study import study
from penchant.cli.together import together
from penchant.cli.train import train
from penchant.cli.tune import tune
from penchant.cli.update import update

app = typer.Typer(
    help="From a log of who liked what to recommendations one can trust.",
    epilog="LOG is the name of a published data set, a file, a folder or a pattern of names of "
    "files, or a database URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for function in (
    fetch,
    images,
    explore,
    clean,
    attributes,
    audit,
    split,
    compare,
    backtest,
    tune,
    train,
    update,
    refresh,
    recall,
    recommend,
    likes,
    similar,
    similar_users,
    together,
    models,
    serve,
    experiment,
    keys,
    sentiment,
    study,
    demo,
    doctor,
):
    app.command()(function)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"penchant {version('penchant')}")
        raise typer.Exit


@app.callback()
def penchant(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """From a log of who liked what to recommendations one can trust."""
