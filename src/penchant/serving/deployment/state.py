"""Which bundles are served, as a file that all workers look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.atomic_write import atomic_path
from penchant.bundle import describe
from penchant.errors import BundleError, PenchantError


class State(BaseModel):
    """Which bundles have which part.

    Attributes:
        current: the folder of the model in place.
        previous: that of the model before it, to go back to.
        canary: that of a model which answers a share of the people.
        share: that share.
        note: why it came to this.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: Path
    previous: Path | None = None
    canary: Path | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    note: str = ""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What a file says; None if there is none.

        Raises:
            BundleError: the file is none of this kind.
        """
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise BundleError(
                f"{str(path)!r} does not say which bundles are served: remove it to begin with the "
                "bundle that is named on the command line."
            ) from None

    @classmethod
    def begin(cls, bundle: Path, path: Path) -> Self:
        """What a file says, once its bundles have been seen; without one that a bundle is served.

        Raises:
            BundleError: the file is none of this kind, or a bundle is missing or damaged.
        """
        state = cls.read(path)
        if state is None:
            describe(bundle)
            return cls(current=bundle.absolute())
        for folder in (state.current, state.canary):
            try:
                if folder is not None:
                    describe(folder)
            except PenchantError as error:
                reason = str(error).rstrip(".")
                raise BundleError(
                    f"{str(path)!r} says that {str(folder)!r} is served ({state.note or 'no note'})"
                    f", which cannot be read ({reason}): put the bundle back, or remove the file "
                    f"to begin with {str(bundle)!r}."
                ) from None
        return state

    def write(self, path: Path) -> None:
        """Put this in the place of what a file says."""
        with atomic_path(path) as draft:
            draft.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


Version = tuple[int, int, int]


def version_of(path: Path) -> Version | None:
    """What tells a file or folder from another one in its place; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns
