"""The manifest: what a bundle holds, checked on the way in and out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.bundle import strict_json
from penchant.bundle.damage import DamageError
from penchant.bundle.entries import Entry, Size
from penchant.errors import BundleError

FORMAT: Literal["penchant bundle"] = "penchant bundle"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.safetensors"
CARD = "card.md"

MAX_BYTES = 2**24
MAX_NESTING = 4  # of models within models
_DIGEST = "sha256"

# Pydantic's `$` is the very end of the text.
ATTRIBUTE = r"^_*[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?_$"
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+(\.[a-z0-9]+)?(/manifest\.json)?$")]
Attribute = Annotated[str, Field(pattern=ATTRIBUTE, max_length=100)]
Text = Annotated[str, Field(max_length=10_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FileEntry(_Strict):
    """What a file must be."""

    sha256: Hex
    size: Size


class ModelEntry(_Strict):
    """Which class the model has: its name in the table of models, or None and a class's name.

    The place of a class outside of penchant is for people: nothing is imported because of it.
    """

    name: Text | None
    cls: Text = Field(alias="class")
    place: Text | None = None


class Training(_Strict):
    """What the model learned from; times are of the first and last event, in ISO 8601."""

    log: str
    fingerprint: str
    events: Size
    users: Size
    items: Size
    known_users: Size
    known_items: Size
    ratings: bool
    first: Text | None
    last: Text | None
    seconds: Annotated[float, Field(ge=0)]


class Manifest(_Strict):
    """All that `manifest.json` says but for its own checksum."""

    format: Literal["penchant bundle"]
    format_version: Annotated[int, Field(ge=1)]
    part: bool
    made: Text
    model: ModelEntry
    parameters: dict[str, Any]
    learned_numbers: Size
    training: Training
    versions: dict[str, Text]
    state: dict[Attribute, Entry]
    files: dict[FileName, FileEntry]

    def encode(self) -> bytes:
        """The text of `manifest.json`, with a checksum of itself.

        Raises:
            DamageError: it is longer than a manifest may be.
        """
        content = self.model_dump(mode="json", by_alias=True)
        if self.model.place is None:
            del content["model"]["place"]
        data = strict_json.dumps(content | {_DIGEST: digest(content)}, indent=1)
        if len(data) > MAX_BYTES:
            raise DamageError("its plain values are too long; keep long lists as arrays")
        return data


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of a manifest's content without its checksum, in hexadecimal."""
    return hashlib.sha256(strict_json.dumps(content)).hexdigest()


def parse(data: bytes, folder: Path) -> tuple[Manifest, dict[str, Any]]:
    """Check the text of a manifest; returns it also as plain JSON, without its checksum.

    Raises:
        BundleError: this is no bundle, or one of a newer format.
        DamageError: the manifest is damaged.
    """
    content = strict_json.loads(data)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(
            f"{str(folder)!r} is not a bundle: its {MANIFEST} is of something else; give a folder "
            "that `save` has written."
        )
    version = content.get("format_version")
    if type(version) is int and version > FORMAT_VERSION:
        raise BundleError(
            f"The bundle {str(folder)!r} has format {version} and this penchant reads up to "
            f"{FORMAT_VERSION}: upgrade penchant."
        )
    stored_digest = content.pop(_DIGEST, None)
    if stored_digest != digest(content):
        raise DamageError("its own checksum does not fit")
    try:
        return Manifest.model_validate(content), content
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        location = ".".join(str(part)[:50] for part in first["loc"])
        raise DamageError(f"{location or 'it'} is wrong ({first['msg'][:200]})") from None
