"""Lists with pictures on a study's page: small images, titles and reasons."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from pathlib import Path
from typing import Any, Self

from penchant.atomic_write import write_whole
from penchant.data.images import BadImageError, open_image
from penchant.errors import MissingExtraError
from penchant.results.study import StudyResult

WIDE, _HIGH = 80, 120
_QUALITY = 72
_START = "data:image/jpeg;base64,"
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def small(path: Path | None) -> str:
    """An image as a data address, `WIDE` pixels wide at most; empty where it cannot be read."""
    if path is None:
        return ""
    try:
        image = open_image(path)
        image.draft("RGB", (2 * WIDE, 2 * _HIGH))
        image = image.convert("RGB")
    except (BadImageError, MissingExtraError, OSError, ValueError):
        return ""
    image.thumbnail((WIDE, _HIGH))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return _START + base64.b64encode(written.getvalue()).decode("ascii")


@dataclass(frozen=True)
class Shown:
    """An item of a list.

    Attributes:
        title: its name.
        reason: why it stands there, in a sentence.
        image: a data address, empty without one.
        note: what else is to be known, such as whether the user took it.
    """

    title: str
    reason: str = ""
    image: str = ""
    note: str = ""


@dataclass(frozen=True)
class Gallery:
    """A list of one user.

    Attributes:
        heading: whose list it is.
        items: the list, best first.
    """

    heading: str
    items: tuple[Shown, ...]

    def html(self) -> str:
        """The list as HTML; all that comes from data is escaped."""
        cells = "\n".join(_cell(item) for item in self.items)
        grid = "display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr))"
        return (
            f"<h3>{escape(self.heading)}</h3>\n"
            f'<ol style="list-style:none;padding:0;{grid}">\n{cells}\n</ol>\n'
        )


def _cell(item: Shown) -> str:
    picture = f'<div style="width:{WIDE}px;height:{_HIGH}px;background:var(--soft)"></div>'
    if item.image.startswith(_START) and set(item.image[len(_START) :]) <= _LETTERS:
        picture = (
            f'<img src="{item.image}" alt="" width="{WIDE}" '
            'style="display:block;border-radius:4px">'
        )
    note = f' <span class="quiet">{escape(item.note)}</span>' if item.note else ""
    return (
        f'<li>{picture}<strong class="small">{escape(item.title)}</strong>{note}'
        f'<br><span class="quiet small">{escape(item.reason)}</span></li>'
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PicturedResult(StudyResult):
    """A study whose page shows lists with pictures at the end of one section.

    Attributes:
        galleries: the lists.
        under: the number of that section, from 1.
    """

    galleries: tuple[Gallery, ...] = ()
    under: int = 1

    @classmethod
    def of(cls, result: StudyResult, galleries: Sequence[Gallery], under: str) -> Self:
        """A study's result with lists under the section of that title."""
        titles = [section.title for section in result.sections]
        own = {field.name: getattr(result, field.name) for field in fields(StudyResult)}
        return cls(**own, galleries=tuple(galleries), under=titles.index(under) + 1)

    def to_dict(self) -> dict[str, Any]:
        """Everything, the lists without their pictures among it."""
        lists = [
            {"heading": g.heading, "items": [vars(replace(i, image="")) for i in g.items]}
            for g in self.galleries
        ]
        return super().to_dict() | {"galleries": lists}

    def report(self, path: str | Path) -> Path:
        """Write the study as one self-contained page that opens offline, pictures included.

        Returns:
            The path.

        Raises:
            MissingExtraError: Matplotlib or Jinja2 is not installed.
        """
        written = super().report(path)
        page = written.read_text(encoding="utf-8")
        start = page.find(f'<section id="s{self.under}">')
        end = page.find("</section>", start)
        lists = "".join(gallery.html() for gallery in self.galleries)
        return write_whole(page[:end] + lists + page[end:], written)
