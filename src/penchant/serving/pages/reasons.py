"""Lists with their reasons, where these do not keep people waiting."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from penchant.serving.engine import ServedModel
from penchant.serving.pages.page import PageRequest
from penchant.serving.queries import ListQuery

_PATIENCE = 1.0  # seconds that people wait for reasons

_seconds: WeakKeyDictionary[ServedModel, dict[bool, float]] = WeakKeyDictionary()
"""How long a list with its reasons took last, for visitors and for users."""


def list_with_reasons(asked: PageRequest, query: ListQuery) -> dict[str, Any]:
    """A list, and why for each item; without that where it took longer than a second before.

    Models that explain by leaving events of a long history out, one by one, may take seconds for
    a whole list. Each item's page then says why.
    """
    service = asked.service
    times = _seconds.setdefault(service.served, {})
    is_user = query.person.user is not None
    explain = times.get(is_user, 0.0) <= _PATIENCE
    started = time.perf_counter()
    answer = service.recommend(replace(query, explain=explain))
    if explain:
        times[is_user] = time.perf_counter() - started
    asked.context.count_list(answer)
    return answer
