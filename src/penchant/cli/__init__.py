"""The command line: `penchant COMMAND`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    _open_closed_streams()
    try:
        from penchant.cli.app import app

        app(prog_name="penchant")
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:  # of writing a help text, say, to a full disk
        print(f"Error: {error.strerror or error}.", file=sys.stderr)
        sys.exit(1)
    finally:
        _flush()


def _open_closed_streams() -> None:
    """Give closed standard streams a place, so that no file gets their numbers."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _flush() -> None:
    """Write what is buffered, so that Python does not fail to at its end, with a traceback."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"Error: standard output: {error.strerror or error}.", file=sys.stderr)
        sys.exit(1)
