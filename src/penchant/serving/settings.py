"""What a service is told when it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")

SETTINGS_VARIABLE = "PENCHANT_SERVE_SETTINGS"
"""Where workers find the settings, as JSON."""


class Settings(BaseModel):
    """Everything that decides how a service behaves.

    Attributes:
        bundle: the folder of the model to begin with.
        host: the address to listen at.
        port: of that address; 0 takes a free one.
        workers: processes that answer side by side.
        threads: of each worker, for numerical work.
        store: the database URL of feedback; None keeps none.
        rules: a file of rules that all lists keep; see `penchant.rules.Rules`.
        keys: a file of API keys; without one nobody needs a key.
        rate_limit: how many requests a key or an address may make to each worker, such as
            `600/minute`.
        allowed_hosts: names by which browsers may call the service; empty allows all.
        cors_origins: of pages of other sites that may ask the REST routes, such as
            `https://shop.example`.
        trusted_proxies: addresses of proxies whose `X-Forwarded-For` is believed.
        comparison: a JSON file of `penchant compare --json`, which is shown with the model.
        experiment: the name of experiments; each canary adds the beginning of its fingerprint.
        record: keep in the store what is shown to whom.
        exploration: the chance of each place of a recorded list to be swapped with another among
            the best 100; see `penchant.experiments.exploration`.
        max_k: the longest list.
        max_history: the most events that a request may have.
        max_body: the most bytes that a request may have.
        log_format: how requests are logged.
        reload_seconds: how often the folders of bundles are looked at for newer ones.
        title: what the pages are called.
        pictures: a folder of pictures of items, as `penchant images` makes it.
        root_path: the path under which a proxy shows the service.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: Path
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    threads: Annotated[int, Field(ge=1)] = 1
    store: str | None = None
    rules: Path | None = None
    keys: Path | None = None
    rate_limit: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: str = "127.0.0.1"
    comparison: Path | None = None
    experiment: str = "canary"
    record: bool = False
    exploration: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_k: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_history: Annotated[int, Field(ge=1)] = 1000
    max_body: Annotated[int, Field(ge=1024)] = 2**18
    log_format: Literal["text", "json", "none"] = "text"
    reload_seconds: Annotated[float, Field(gt=0)] = 1.0
    title: str = "penchant"
    pictures: Path | None = None
    root_path: str = ""

    @field_validator("rate_limit")
    @classmethod
    def _is_rate(cls, value: str | None) -> str | None:
        if value is not None:
            from limits import parse

            try:
                parse(value)
            except ValueError:
                raise ValueError(
                    f"{value!r} is no rate: write a number and a time, such as 600/minute"
                ) from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if _ORIGIN.fullmatch(value) is None:
                raise ValueError(
                    f"{value!r} is no origin of pages: write it as https://shop.example, without a "
                    "path"
                )
        return values

    @field_validator("root_path")
    @classmethod
    def _is_path(cls, value: str) -> str:
        value = value.rstrip("/")
        if value and (not value.startswith("/") or "//" in value):
            raise ValueError(f"{value!r} is no path: write it as /recommendations")
        return value

    @property
    def state_path(self) -> Path:
        """The file that says which bundles are served, shared by all workers."""
        return self.bundle.absolute().with_name(f"{self.bundle.absolute().name}.serving.json")
