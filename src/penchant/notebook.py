"""How results look in notebooks."""

from __future__ import annotations

import html
from typing import Any, Protocol

_STYLE = (
    "line-height:normal;overflow-x:auto;white-space:pre;"
    "font-family:Menlo,'DejaVu Sans Mono',consolas,monospace"
)


class ShownAsText:
    """A result that notebooks show as `print` does."""

    def _repr_html_(self) -> str:
        return preformatted(html.escape(str(self)))


class _HasFrame(Protocol):
    def frame(self) -> Any: ...


class ShownAsTable:
    """A result that notebooks show as the table that its method `frame` gives."""

    def _repr_html_(self: _HasFrame) -> str:
        return str(self.frame()._repr_html_())


def preformatted(code: str) -> str:
    """HTML of lines that are HTML already, in letters of one width."""
    return f'<pre style="{html.escape(_STYLE)}">{code}</pre>'
