from __future__ import annotations

from tests.cli.conftest import call
from tests.support.ray_cluster import ray_cluster

__all__ = ["call", "ray_cluster"]
