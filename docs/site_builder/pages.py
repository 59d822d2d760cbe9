"""Pages as Sphinx reads them: with what is read out of the package, and no dead links.

A page has `<!-- site: models linear -->` where the reference of models belongs. Links to files of
the repository outside this folder lead to the repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from site_builder.commands import commands_of, shared_options
from site_builder.messages import all_messages
from site_builder.models import models_of

REPOSITORY = "https://github.com/penchant-recommenders/penchant/blob/main"
_PLACEHOLDER = re.compile(r"^<!-- site: (\w+) *(.*?) *-->$", re.M)
_OUTSIDE = re.compile(r"\]\((?:\.\./)+([^)]+)\)")
FILLED_BY: dict[str, Callable[[str], str]] = {
    "commands": commands_of,
    "messages": all_messages,
    "models": models_of,
    "options": shared_options,
}


def complete_page(app: object, name: str, source: list[str]) -> None:
    """Fill in, in place, what a page leaves to the site, and mend its links to the repository."""
    text = _OUTSIDE.sub(rf"]({REPOSITORY}/\1)", source[0])
    source[0] = _PLACEHOLDER.sub(lambda found: FILLED_BY[found[1]](found[2]), text)
