"""Ids in paths, queries and bodies: all are checked alike."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, Field, StringConstraints

from penchant.serving.texts import LONGEST, plain_text


def _plain(text: str) -> str:
    return plain_text(text, "text")


IdText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST), AfterValidator(_plain)]
IdValue = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | IdText
"""An id as the log has it: an integer, or text; no boolean, which Python takes for 0 or 1."""

UserPath = Annotated[IdText, Path(description="A user's id; a slash in it is sent as %2F.")]
ItemPath = Annotated[IdText, Path(description="An item's id; a slash in it is sent as %2F.")]
