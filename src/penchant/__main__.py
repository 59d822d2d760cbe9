"""`python -m penchant` is the command `penchant`."""

from penchant.cli import main

main()
