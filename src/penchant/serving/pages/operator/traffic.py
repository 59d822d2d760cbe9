"""Requests, errors and times, from the figures that Prometheus reads."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

_QUANTILES = (0.5, 0.95, 0.99)


def traffic_figures(text: bytes) -> dict[str, Any]:
    """What has been asked, in all and by route, as plain values.

    Args:
        text: of all metrics.

    Returns:
        `requests`, `client_errors`, `server_errors` and times in milliseconds, `lists` by model
        and by what answered, and `routes` with the same for each, the busiest first.
    """
    requests: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    buckets: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    lists: dict[str, dict[str, int]] = defaultdict(dict)
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == "penchant_requests_total":
                requests[labels["route"]][labels["status"]] += sample.value
            elif sample.name == "penchant_request_seconds_bucket":
                buckets[labels["route"]][float(labels["le"])] += sample.value
            elif sample.name == "penchant_lists_total":
                lists[labels["arm"]][labels["answer"]] = int(sample.value)
    routes = [
        {"route": route} | _summary(statuses, buckets[route])
        for route, statuses in requests.items()
        if not route.startswith(("/static/", "/pictures/"))
    ]
    routes.sort(key=lambda row: (-row["requests"], row["route"]))
    every: dict[str, float] = defaultdict(float)
    times: dict[float, float] = defaultdict(float)
    for row in routes:
        for status, n in requests[row["route"]].items():
            every[status] += n
        for bound, n in buckets[row["route"]].items():
            times[bound] += n
    return _summary(every, times) | {
        "lists": {arm: dict(answers) for arm, answers in lists.items()},
        "routes": routes,
    }


def _summary(statuses: dict[str, float], buckets: dict[float, float]) -> dict[str, Any]:
    return {
        "requests": int(sum(statuses.values())),
        "client_errors": int(sum(n for status, n in statuses.items() if status[0] == "4")),
        "server_errors": int(sum(n for status, n in statuses.items() if status[0] in "05")),
    } | {f"p{int(100 * q)}_ms": _quantile(buckets, q) for q in _QUANTILES}


def _quantile(buckets: dict[float, float], q: float) -> float | None:
    """Milliseconds that a share of requests stayed below, interpolated within a bucket."""
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        return None
    wanted = q * buckets[bounds[-1]]
    low, below = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted:
            if math.isinf(bound):
                return round(1000 * low, 2)
            share = (wanted - below) / max(buckets[bound] - below, 1e-9)
            return round(1000 * (low + share * (bound - low)), 2)
        low, below = bound, buckets[bound]
    return None
