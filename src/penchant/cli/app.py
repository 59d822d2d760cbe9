"""The table of commands.

A command's module is imported when the command is run, or asked for its options: `--help` needs no
more than the table. Command modules import what is light at their top and everything else inside.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, MutableMapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "fetch": "Find or download a published data set, or list them.",
    "images": "Fetch one image for each item of a log; go on where an earlier call stopped.",
    "explore": "Show what is in a log and what is odd in it.",
    "clean": "Clean a log of reviews and merge it with its items' metadata; say what was changed.",
    "attributes": "Break items' genres into columns of 0 and 1, one row an event.",
    "audit": "Say what the figures computed from a log, a split or others' files are worth.",
    "split": "Write the parts of a split as files: train, validation, test.",
    "encode": "Write a log as columns that open at once and need not fit into memory.",
    "compare": "Compare recommenders, always with trivial baselines.",
    "backtest": "Say what lists made at the start of each of the last months would have caught.",
    "tune": "Try hyper-parameters on validation events, and give the best as a model's text.",
    "train": "Learn a recommender from a LOG, a service's store or both, and keep it as a bundle.",
    "update": "Let a bundle take in new events of a LOG, such as yesterday's orders, or of a "
    "service.",
    "refresh": "Let a bundle learn from what people did in a service, and keep it only if it is no "
    "worse.",
    "recall": "List what a user's network was before updates, show it, or put it back.",
    "recommend": "Recommend items to users of a log, to a group of them, or to someone new.",
    "likes": "Say which unseen items users will like, which not, and how sure that is.",
    "similar": "List the items most like an item by who rated or had both; by default the most "
    "rated's.",
    "similar-users": "List the users of a log who are most like a user of it, or like someone new.",
    "together": "List what is bought together with an item, by baskets; by default the most bought "
    "one's.",
    "models": "List the recommenders and their parameters.",
    "index": "Add an index of items to a bundle, with which lists of large catalogues are made "
    "faster.",
    "export": "Write a bundle's model as ONNX, checked to answer the same, or its vectors as "
    "tables.",
    "serve": "Serve recommendations with reasons from a bundle, on a page and over REST.",
    "experiment": "Say which of the models that people were shown is better, how sure that is, and "
    "what next.",
    "keys": "Make, list and remove the API keys of a service.",
    "sentiment": "Compare classifiers that tell from a review's text whether its rating is "
    "positive.",
    "study": "Reproduce a published system, as published and honestly, or list the studies.",
    "demo": "Go the whole way on MovieLens 100K, from ratings to reasons.",
    "plan": "Say what a log of some size takes in memory, time and machines, step by step.",
    "doctor": "Say what is installed, whether it works, and how fast this machine is.",
}
"""What each command does: the first sentence of its help. Modules are called as their commands."""


class _Commands(MutableMapping[str, Any]):
    """The commands by their names, each made when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            if name not in COMMANDS:
                raise KeyError(name)
            module = name.replace("-", "_")
            function = getattr(importlib.import_module(f"penchant.cli.{module}"), module)
            alone = typer.Typer(add_completion=False, rich_markup_mode=None)
            alone.command(name)(function)
            self._made[name] = typer.main.get_command(alone)
        return self._made[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._made[name] = value

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    """A group whose commands are imported when they are needed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()

    def invoke(self, ctx: Any) -> Any:
        """Run the command; of a value that an option does not take say no more than that."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands by the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=_Group,
    help="From a log of who liked what to recommendations one can trust.",
    epilog="LOG is the name of a published data set, a file, a folder or a pattern of names of "
    "files, or a database URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


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
