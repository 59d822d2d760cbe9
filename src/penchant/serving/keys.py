"""API keys: who may read, write and operate a service; kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from penchant.atomic_write import atomic_path
from penchant.errors import DataError, ParameterError

Scope = Literal["read", "write", "admin"]
"""What a key allows: to read; also to write feedback, and to export and delete people's; also to
change which models answer."""

SCOPES: tuple[Scope, ...] = get_args(Scope)


class Key(BaseModel):
    """One key, without what its owner knows.

    Attributes:
        name: whose it is.
        scope: what it allows; each includes those before it.
        sha256: of the key, in hexadecimal. A key is 256 random bits, which nobody guesses from
            its hash, however fast that is computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    scope: Scope
    sha256: str


class Keys:
    """The keys of a service.

    Args:
        keys: each with its hash.
    """

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self.keys = tuple(keys)

    @classmethod
    def read(cls, path: Path) -> Keys:
        """The keys of a file.

        Raises:
            DataError: it cannot be read, or is no file of keys.
        """
        try:
            entries = json.loads(path.read_bytes())
            return cls([Key.model_validate(entry) for entry in entries])
        except (OSError, ValueError, TypeError, ValidationError):
            raise DataError(
                f"{str(path)!r} is no file of API keys: make one with penchant keys FILE --add "
                "NAME."
            ) from None

    def added(self, name: str, scope: Scope) -> tuple[Keys, str]:
        """These and a new key, and what its owner is to send.

        Raises:
            ParameterError: there is a key of this name.
        """
        if any(key.name == name for key in self.keys):
            raise ParameterError(
                f"There already is a key {name!r}: remove it first, with --remove."
            )
        secret = f"pk_{secrets.token_urlsafe(32)}"
        return Keys([*self.keys, Key(name=name, scope=scope, sha256=_hash(secret))]), secret

    def removed(self, name: str) -> Keys:
        """These without one.

        Raises:
            ParameterError: there is none of this name.
        """
        rest = [key for key in self.keys if key.name != name]
        if len(rest) == len(self.keys):
            raise ParameterError(f"There is no key {name!r}.")
        return Keys(rest)

    def write(self, path: Path) -> None:
        """Put these into a file that its owner alone can read."""
        with atomic_path(path) as draft:
            draft.write_text(
                json.dumps([key.model_dump() for key in self.keys], indent=2) + "\n",
                encoding="utf-8",
            )
        path.chmod(0o600)

    def of(self, secret: str) -> Key | None:
        """The key that somebody sends; all are compared, each in constant time."""
        sent = _hash(secret)
        owner = None
        for key in self.keys:
            if hmac.compare_digest(key.sha256, sent):
                owner = key
        return owner


def allows(scope: Scope, needed: Scope) -> bool:
    """Whether a scope includes another."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
