from __future__ import annotations

import pytest

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
