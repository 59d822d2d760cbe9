"""Counts and times of a service in the form that Prometheus reads."""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers leave their counts, so that any of them can tell the sum."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The figures of a worker, or of all where several share a folder."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._requests = Counter(
            "penchant_requests", "Requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "penchant_request_seconds",
            "Time until an answer was sent.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._feedback = Counter(
            "penchant_feedback", "Events that people have sent.", ["kind"], registry=registry
        )
        self._lists = Counter(
            "penchant_lists", "Lists, by what answered.", ["arm", "answer"], registry=registry
        )
        self._swaps = Counter(
            "penchant_model_changes", "Times that other models were taken in.", registry=registry
        )
        self._made = Gauge(
            "penchant_model_made_seconds",
            "When the model in place was made, in seconds since 1970.",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._children: dict[tuple[str, str, int], tuple[object, object]] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; `route` is the pattern and never holds an id."""
        key = method, route, status
        found = self._children.get(key)
        if found is None:
            found = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(route),
            )
            self._children[key] = found
        counter, histogram = found
        counter.inc()  # type: ignore[attr-defined]
        histogram.observe(seconds)  # type: ignore[attr-defined]

    def feedback(self, kinds: Iterable[str]) -> None:
        """Count events that are kept."""
        for kind in kinds:
            self._feedback.labels(kind).inc()

    def list(self, arm: str, *, fallback: bool) -> None:
        """Count a list."""
        self._lists.labels(arm, "popularity" if fallback else "model").inc()

    def model(self, made: float, *, changed: bool = False) -> None:
        """Note which model is in place."""
        self._made.set(made)
        if changed:
            self._swaps.inc()

    def text(self) -> bytes:
        """All figures, of all workers where several share a folder."""
        if os.environ.get(DIRECTORY_VARIABLE):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)
