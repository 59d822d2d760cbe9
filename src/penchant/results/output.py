"""What all results share: JSON, and text for a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, ClassVar

from rich.console import Console

from penchant.notebook import preformatted


class Output:
    """A result that gives itself as JSON and prints itself.

    A class that has it says with `to_dict` what there is, with `render` how it is printed, and
    with `_width` in how many columns `str` does so.
    """

    _width: ClassVar[int] = 140

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON; numbers that are not finite become None."""
        raise NotImplementedError

    def render(self, console: Console) -> None:
        """Print everything to a Rich console."""
        raise NotImplementedError

    def to_json(self, *, indent: int | None = 2) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        file = io.StringIO()
        self.render(Console(file=file, width=self._width, color_system=None))
        return file.getvalue().rstrip()

    def _repr_html_(self) -> str:
        """What notebooks show: the text of a terminal, with its colours."""
        return html_of(self.render, self._width)


def html_of(render: Callable[[Console], None], width: int) -> str:
    """HTML of what is printed to a Rich console, in colours of its own: no style sheet is needed.

    Args:
        render: prints to the console.
        width: of the console, in characters.
    """
    console = Console(file=io.StringIO(), width=width, record=True, force_jupyter=False)
    render(console)
    return console.export_html(inline_styles=True, code_format=preformatted("{code}"))
