"""`penchant doctor`: whether everything is there and works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.command import command
from penchant.cli.run_context import Session

if TYPE_CHECKING:
    from penchant.doctor import Diagnosis


@command
def doctor(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Without the self-test.")] = False,
    session: Session,
) -> None:
    """Say what is installed, whether it works, and how fast this machine is."""
    from penchant.doctor import diagnose

    if session.threads is not None:
        from penchant.threads import use_threads

        use_threads(session.threads)
    found = diagnose(self_test=not quick)
    if session.json:
        session.reply(found.to_dict())
    else:
        _show(session, found)
    if found.problems:
        raise typer.Exit(1)


def _show(session: Session, found: Diagnosis) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in found.system.items():
        table.add_row(name, escape(value))
    packages = ", ".join(f"{p.name} {p.installed or 'MISSING'}" for p in found.packages)
    table.add_row("packages", packages)
    complete = [n for n, own in found.extras.items() if all(p.is_enough for p in own)]
    table.add_row("extras", ", ".join(complete) or "none")
    for name, own in found.extras.items():
        if name not in complete:
            lacking = ", ".join(p.name for p in own if not p.is_enough)
            advice = f"not {name}: pip install 'penchant[{name}]' ({lacking})"
            table.add_row("", escape(advice))
    table.add_row("data sets", escape(f"{found.cache}: {', '.join(found.data_sets) or 'none yet'}"))
    table.add_row("mirror", escape(found.mirror or "none (PENCHANT_MIRROR, --mirror)"))
    if (test := found.self_test) is not None:
        table.add_row(
            "self-test",
            f"EASE learned {test.events:,} events in {test.fit_seconds:.2f} s and made "
            f"{test.lists_per_second:,.0f} lists a second; nDCG@10 {test.ndcg:.3f} beside "
            f"{test.popular_ndcg:.3f} of the most popular items; {test.gigaflops:,.0f} GFLOPS in "
            "float32",
        )
    session.console.print(table)
    for problem in found.problems:
        session.console.print(f"[bold]Problem:[/] {escape(problem)}")
    if not found.problems:
        session.console.print("Everything needed is there and works.")
