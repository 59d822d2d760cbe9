"""The command line: `penchant COMMAND`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    try:
        from penchant.cli.app import app

        app(prog_name="penchant")
    except KeyboardInterrupt:
        sys.exit(130)
