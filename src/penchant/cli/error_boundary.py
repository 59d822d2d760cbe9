"""How commands fail: one sentence on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from penchant.errors import PenchantError


@contextmanager
def one_sentence_errors() -> Iterator[None]:
    """Turn an error into one sentence and exit code 1.

    Where the environment variable `PENCHANT_DEBUG` is set the error passes, with its traceback.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("PENCHANT_DEBUG"):
            raise
        print(f"Error: {sentence(error)}", file=sys.stderr)
        raise typer.Exit(1) from None


def sentence(error: Exception) -> str:
    """What went wrong, for a person."""
    if isinstance(error, PenchantError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this: use a smaller log, or filter it (--k-core)."
    message = " ".join(str(error).split())
    return (
        f"This should not have happened ({type(error).__name__}: {message}); set PENCHANT_DEBUG=1 "
        "to see where, and please report it."
    )
