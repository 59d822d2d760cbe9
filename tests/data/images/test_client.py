from __future__ import annotations

import time

import pytest
from tests.support.hostile_server import Again, hostile_server

from penchant.data.fetching.http_session import RetryPolicy
from penchant.data.images import client
from penchant.data.images.client import ImageClient
from penchant.data.images.crawl_policy import CrawlPolicy


@pytest.mark.parametrize(
    "url",
    [
        "http://xn--/x.png",
        "http://xn--a/x",
        "http://[::1",
        "http://a:99999/x",
        "http://\x00/x",
        "//",
    ],
)
def test_an_address_that_is_none_is_refused_and_raises_nothing(url):
    found = ImageClient(CrawlPolicy()).origin(url)
    assert isinstance(found, client.Failure)
    assert found.reason.startswith("not a")


@pytest.mark.parametrize("after", ["²", "٣", "9" * 400, "Fri, 99 Foo 10000 99:99:99", "-1", "\x00"])
def test_odd_times_to_wait_are_none(after):
    assert client._retry_after(after) in (None, 0.0)


@pytest.mark.parametrize(
    "answer",
    [
        Again(b"HTTP/1.1 200 OK\r\nX: ", b"x", None, 0.05),
        Again(b"", b"HTTP/1.1 100 Continue\r\n\r\n", None, 0.05),
    ],
)
def test_headers_without_end_are_broken_off(answer):
    retry = RetryPolicy(connect=1, read=5, attempts=1, pause=0)
    policy = CrawlPolicy(retry=retry, deadline=0.3, allow_private=True)
    images, started = ImageClient(policy), time.monotonic()
    with hostile_server() as server:
        server.answers["/x"] = answer
        url = f"{server.url}/x"
        found = images.get(url, images.origin(url))
    images.close()
    assert found == client.TemporaryFailure("took more than 0.3 seconds")
    assert time.monotonic() - started < 20
