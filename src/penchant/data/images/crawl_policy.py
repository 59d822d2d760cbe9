"""Limits of a crawl: requests at once, retries, sizes, and which hosts may be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from penchant.data.fetching.http_session import RetryPolicy
from penchant.errors import ParameterError

_AGENT = "penchant (recommender research; fetches product images a few at a time)"


@dataclass(frozen=True, kw_only=True)
class CrawlPolicy:
    """Limits on what a crawl for images asks of servers and accepts from them.

    Attributes:
        parallel: requests at the same time, all hosts together.
        per_host: requests at the same time to one host.
        retry: time-outs, tries of one image, and the pause before the second try, which
            doubles before each further one.
        max_pause: seconds; a host that asks for more is not asked again.
        deadline: seconds that one answer may take as a whole.
        max_bytes: an image with more is broken off.
        max_pixels: an image with more is not decoded.
        max_redirects: how many an address may go through.
        max_urls: how many of an item's addresses are tried, one after the other.
        allow_private: whether addresses in private networks and this machine may be asked.
        user_agent: what requests call themselves.
    """

    parallel: int = 16
    per_host: int = 4
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_pause: float = 120.0
    deadline: float = 60.0
    max_bytes: int = 10 << 20
    max_pixels: int = 50_000_000
    max_redirects: int = 5
    max_urls: int = 3
    allow_private: bool = False
    user_agent: str = _AGENT

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be fetched."""
        for name in ("parallel", "per_host", "max_bytes", "max_pixels", "max_urls"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} is at least 1, not {getattr(self, name)}.")
        if self.deadline <= 0 or self.retry.attempts < 1:
            raise ParameterError("Fetching needs a deadline above 0 and one attempt at least.")
