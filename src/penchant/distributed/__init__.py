"""Pieces of work that do not depend on each other, in this process or on a Ray cluster."""

from __future__ import annotations

from penchant.distributed.executors import Executor, executor

__all__ = ["Executor", "executor"]
