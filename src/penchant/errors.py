"""Errors that say in one sentence what is wrong and what to do."""

from __future__ import annotations

import importlib
from types import ModuleType


class PenchantError(Exception):
    """Base of every error raised on purpose; its text is one sentence for a person.

    What it quotes, such as the name of a file or another library's message, may have line breaks
    and characters that a terminal obeys: the text is one line, and has the latter escaped.
    """

    def __str__(self) -> str:
        text = " ".join(super().__str__().split())
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class DataError(PenchantError, ValueError):
    """The input data cannot be used as they are."""


class ParameterError(PenchantError, ValueError):
    """A parameter has an impossible value or an unknown name."""


class UnknownIdError(PenchantError, LookupError):
    """A user or an item was asked for that the log or model does not know."""


class NotFittedError(PenchantError, RuntimeError):
    """A model was asked for something before `fit`."""


class BundleError(PenchantError):
    """A bundle is damaged, altered, newer than this version, or not a bundle."""


class DownloadError(PenchantError, OSError):
    """A data set could not be found or fetched."""


class MissingExtraError(PenchantError, ImportError):
    """An optional dependency is not installed."""


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module, or say which extra installs it.

    Raises:
        MissingExtraError: the module is not installed, or a system library that it needs.
    """
    try:
        return importlib.import_module(module)
    except OSError as error:
        raise MissingExtraError(
            f"The package {module!r} is installed and cannot be loaded ({error}): install the "
            "library that is named there with the system's package manager."
        ) from error
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise MissingExtraError(
            f"This needs the package {error.name!r}: install it with "
            f"pip install 'penchant[{extra}]'."
        ) from error
