from __future__ import annotations

import pytest

from penchant.serving.api.negotiation import preferred_form, wants_page
from penchant.serving.api.origin import is_cross_site

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (BROWSER, "html"),
        ("application/json", "json"),
        ("application/json, text/html;q=0.9", "json"),
        ("application/json;q=0.1, text/html;q=0.9", "html"),
        ("application/json;q=0, */*", None),
        ("text/html, application/json", "html"),
        ("APPLICATION/JSON ; q=0.5", "json"),
        ("application/json;q=lots", None),
        ("*/*", None),
        ("", None),
    ],
)
def test_the_form_with_the_highest_weight_is_preferred(accept, form):
    assert preferred_form(accept) == form


@pytest.mark.parametrize(
    ("path", "page"),
    [("/nonsense", True), ("/v1/users/3", False), ("/users/3.json", False), ("/metrics", False)],
)
def test_errors_are_pages_where_pages_are(path, page):
    scope = {"path": path, "headers": [(b"accept", BROWSER.encode())]}
    assert wants_page(scope) is page


@pytest.mark.parametrize(
    ("method", "headers", "cross"),
    [
        ("GET", {b"sec-fetch-site": b"cross-site"}, False),
        ("POST", {b"sec-fetch-site": b"cross-site"}, True),
        ("POST", {b"sec-fetch-site": b"same-site"}, True),
        ("DELETE", {b"sec-fetch-site": b"same-origin"}, False),
        ("POST", {b"sec-fetch-site": b"none"}, False),
        ("POST", {b"origin": b"https://evil.example", b"host": b"shop.example"}, True),
        ("POST", {b"origin": b"null", b"host": b"shop.example"}, True),
        ("POST", {b"origin": b"http://shop.example:8000", b"host": b"shop.example:8000"}, False),
        ("POST", {b"origin": b"http://shop.example:1", b"host": b"shop.example:8000"}, True),
        ("POST", {b"host": b"shop.example"}, False),
    ],
)
def test_other_sites_change_nothing(method, headers, cross):
    assert is_cross_site(method, headers) is cross
