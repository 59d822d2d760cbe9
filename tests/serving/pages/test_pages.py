"""Every page as HTML and as JSON, by the ways there are to ask for either."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from penchant.serving.app import create_app
from penchant.serving.keys import Keys
from penchant.serving.pages import api_docs, home, items, side_by_side, sign_in, users
from penchant.serving.pages.operator import overview
from penchant.serving.settings import Settings

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = {
    "/": "/",
    "/users": "/users",
    "/users/{id:id}": "/users/3",
    "/items/{id:id}": "/items/101?user=33",
    "/popular": "/popular?days=7",
    "/latest": "/latest",
    "/compare": "/compare?user=33",
    "/operator": "/operator",
    "/docs": "/docs",
    "/signin": "/signin",
}


class Checker(HTMLParser):
    """What a page holds, and what a strict policy would refuse."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.refused, self.addresses, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        known = dict(attrs)
        if tag == "style" or "style" in known or any(name.startswith("on") for name in known):
            self.refused.append((tag, attrs))
        if tag == "script" and "src" not in known:
            self.refused.append((tag, attrs))
        self.addresses += [known[n] for n in ("href", "src", "action") if n in known]
        self.ids += [known["id"]] if "id" in known else []


def json_address(address):
    path, mark, query = address.partition("?")
    return f"{path}.json{mark}{query}"


@pytest.fixture(scope="module")
def client(bundles):
    app = create_app(Settings(bundle=bundles / "ease", title="Films & more"))
    with TestClient(app) as client:
        yield client


def test_the_list_of_pages_is_whole():
    modules = (home, users, items, side_by_side, overview, api_docs, sign_in)
    routes = [route for module in modules for route in module.pages.router.routes]
    shown = {route.path for route in routes if "GET" in route.methods}
    assert {path.removesuffix(".json") or "/" for path in shown} == set(PAGES)
    assert {f"{path}.json" for path in PAGES} <= shown


@pytest.mark.parametrize("address", PAGES.values())
def test_a_page_has_a_twin_in_json(client, address):
    page = client.get(address, headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert client.get(address).headers["content-type"].startswith("text/html")  # curl, by default
    ways = [
        client.get(json_address(address)),
        client.get(json_address(address), headers=BROWSER),
        client.get(address, headers={"Accept": "application/json"}),
        client.get(address, params={"format": "json"}, headers=BROWSER)
        if "?" not in address
        else client.get(f"{address}&format=json", headers=BROWSER),
    ]
    for answer in ways:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == set(ways[0].json())
        assert answer.headers["cache-control"] == "no-store"
    assert client.head(address).status_code == 200
    assert json_address(address).replace("&", "&amp;") in page.text  # the footer names the twin


@pytest.mark.parametrize("address", [*PAGES.values(), "/?q=horror&liked=101", "/nonsense"])
def test_a_page_holds_nothing_that_the_policy_refuses_or_that_lies_elsewhere(client, address):
    page = Checker(client.get(address, headers=BROWSER).text)
    assert not page.refused
    assert len(page.ids) == len(set(page.ids))
    local = re.compile(r"/(?!/)|#")
    assert all(local.match(each) for each in page.addresses), page.addresses
    assert page.tags.count("h1") == page.tags.count("main") == 1


def test_all_links_of_the_pages_lead_somewhere(client):
    links = set()
    for address in [*PAGES.values(), "/?liked=101&rated=102:5"]:
        links |= set(Checker(client.get(address, headers=BROWSER).text).addresses)
    paths = {link for link in links if not link.startswith("#")} - {"/keep", "/signout"}
    assert len(paths) > 40
    bad = {link: client.get(link).status_code for link in sorted(paths)}
    assert set(bad.values()) == {200}, bad


def test_ids_that_end_like_a_twin_are_told_from_it(films, tmp_path):
    import polars as pl

    from penchant.bundle import save
    from penchant.data.dataset import Dataset
    from penchant.models import make

    ids = ["a", "a.json", "b/c", 'quote"<b>', "d ü"]
    rows = [(f"u{n}.json", item) for n in range(4) for item in ids[: 2 + n]]
    log = Dataset.from_frame(pl.DataFrame(rows, schema=["user", "item"], orient="row"))
    save(make("item-knn").fit(log), tmp_path / "model")
    with TestClient(create_app(Settings(bundle=tmp_path / "model"))) as client:
        links = Checker(client.get("/popular", headers=BROWSER).text).addresses
        found = {client.get(link + ("&" if "?" in link else "?") + "format=json").json()["item"]
                 for link in links if link.startswith("/items/")}  # fmt: skip
        assert found == set(ids)
        assert client.get("/items/a.json").json()["item"] == "a"
        assert client.get("/items/a.json?format=html").headers["content-type"].startswith("text/")
        assert client.get("/users?id=u1.json", follow_redirects=False).headers["location"] == (
            "/users/u1.json?format=html"
        )
        assert "User u1.json" in client.get("/users?id=u1.json").text


def test_a_list_changes_with_each_opinion_and_says_how(client):
    first = client.get("/.json?liked=101").json()
    assert first["changes"] == "This is your list, of 10 items."
    assert all(place["because"] for place in first["list"]["items"])
    assert not any("before" in place for place in first["list"]["items"])
    both = client.get("/.json?liked=101&liked=1&liked=2&liked=3").json()
    before = client.get("/.json?liked=101&liked=1&liked=2").json()["list"]["items"]
    ranks = {place["item"]: place["rank"] for place in before}
    assert [p["before"] for p in both["list"]["items"]] == [
        ranks.get(p["item"]) for p in both["list"]["items"]
    ]
    assert both["opinions"][0]["title"].startswith("Comédie 3")
    assert both["opinions"][0]["others"] == [["liked", "101"], ["liked", "1"], ["liked", "2"]]
    out = both["list"]["items"][0]["item"]
    left = client.get(f"/.json?liked=101&liked=1&liked=2&liked=3&disliked={out}").json()
    assert out not in [place["item"] for place in left["list"]["items"]]


def test_reasons_that_take_long_are_left_to_the_pages_of_items(bundles, monkeypatch):
    app = create_app(Settings(bundle=bundles / "ease"))
    with TestClient(app) as client:
        assert client.get("/users/3.json").json()["list"]["items"][0]["because"]
        ticks = iter(range(0, 1000, 2))
        monkeypatch.setattr("penchant.serving.pages.reasons.time.perf_counter", lambda: next(ticks))
        assert client.get("/users/3.json").json()["list"]["items"][0]["because"]  # and took long
        assert "because" not in client.get("/users/3.json").json()["list"]["items"][0]
        page = Checker(client.get("/users/3", headers=BROWSER).text)
        (why, *_) = [each for each in page.addresses if each.startswith("/items/")]
        assert "Why for user 3?" in client.get(why, headers=BROWSER).text
        assert client.get("/.json?liked=101").json()["list"]["items"][0]["because"]


def test_ratings_that_people_are_offered_are_those_of_the_log(client):
    assert client.get("/.json").json()["ratings"] == [1.0, 5.0]
    page = client.get("/?q=horror+103", headers=BROWSER).text
    assert 'value="103:5"' in page
    assert "5 of 5 for Horror 103" in page


@pytest.mark.parametrize(
    ("address", "status", "code", "heading"),
    [
        ("/nonsense", 404, "not_found", "There is nothing here"),
        ("/users/nobody", 404, "unknown_id", "There is nothing here"),
        ("/items/999", 404, "unknown_id", "There is nothing here"),
        ("/?rated=1:77", 422, "unusable", "This makes no sense"),
        ("/?rated=x", 422, "unusable", "This makes no sense"),
        ("/static/nonsense", 404, "not_found", "There is nothing here"),
    ],
)
def test_errors_are_pages_for_browsers_and_json_for_programs(
    client, address, status, code, heading
):
    page = client.get(address, headers=BROWSER)
    assert page.status_code == status
    assert heading in page.text
    assert page.headers["x-request-id"] in page.text
    assert page.headers["cache-control"] == "no-store"
    for answer in (client.get(json_address(address)), client.get(address)):
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == code


def test_a_failure_is_a_page_that_tells_nothing(bundles, monkeypatch):
    app = create_app(Settings(bundle=bundles / "ease"))
    client = TestClient(app, raise_server_exceptions=False)

    def fail(*_, **__):
        raise RuntimeError("secret details")

    monkeypatch.setattr(app.context.service, "recommend", fail)
    page = client.get("/users/3", headers=BROWSER)
    assert page.status_code == 500
    assert "Something failed" in page.text
    assert "secret" not in page.text


def test_without_a_store_pages_say_so(client):
    assert "keeps no feedback" in client.get("/users/3", headers=BROWSER).text
    assert "has no store" in client.get("/operator", headers=BROWSER).text
    answer = client.post("/users/3", data={"like": "1"}, headers=BROWSER)
    assert answer.status_code == 409
    assert "keeps no feedback" in answer.text
    assert client.post("/keep", data={"liked": "1"}).json()["error"]["code"] == "no_store"


def test_forms_of_other_sites_are_refused(client):
    headers = BROWSER | {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/operator", data={"do": "rollback"}, headers=headers)
    assert answer.status_code == 403
    assert "Pages of other sites" in answer.text
    api = client.post("/v1/recommendations", json={"liked": [1]}, headers=headers)
    assert api.json()["error"]["code"] == "forbidden"


def test_forms_are_forms(client):
    answer = client.post("/operator", json={"do": "rollback"})
    assert answer.status_code == 415
    assert client.post("/operator", data={"do": "dance"}).status_code == 422


@pytest.mark.parametrize("prefix", ["", "/films"])  # a proxy takes its part away, or leaves it
def test_paths_of_a_proxy_are_in_all_links(bundles, tmp_path, prefix):
    known, secret = Keys().added("reader", "read")
    known.write(tmp_path / "keys.json")
    settings = Settings(bundle=bundles / "ease", root_path="/films/", keys=tmp_path / "keys.json")
    with TestClient(create_app(settings), headers=BROWSER) as client:
        assert client.get(f"{prefix}/operator").status_code == 401
        form = Checker(client.get(f"{prefix}/popular").text)
        assert "/films/signin" in form.addresses
        answer = client.post(f"{prefix}/signin", data={"key": secret}, follow_redirects=False)
        assert answer.headers["location"] == "/films/"
        assert "path=/films" in answer.headers["set-cookie"].lower()
        headers = {"X-API-Key": secret}
        page = Checker(client.get(f"{prefix}/?liked=101", headers=headers).text)
        assert all(link.startswith(("/films", "#")) for link in page.addresses), page.addresses
        assert client.get(f"{prefix}/v1/popular", headers=headers).status_code == 200
        refused = client.get(f"{prefix}/v1/deployment", headers=headers)
        assert refused.json()["error"]["code"] == "forbidden"


def test_files_of_pages_may_be_kept(client):
    page = client.get("/", headers=BROWSER).text
    for name in ("style.css", "script.js", "icon.svg"):
        address = re.search(rf'"(/static/{re.escape(name)}\?v=\w+)"', page)[1]
        answer = client.get(address)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_examples_of_the_rest_routes_work(client):
    page = client.get("/docs.json").json()
    routes = [route for group in page["groups"] for route in group["routes"]]
    paths = client.get("/openapi.json").json()["paths"]
    assert len(routes) == sum(map(len, paths.values()))
    without_store = {
        ("POST", "/v1/feedback"),
        ("GET", "/v1/users/{user}/data"),
        ("DELETE", "/v1/users/{user}/data"),
    }
    for route in routes:
        example = route["example"]
        answer = client.request(example["method"], example["address"], json=example["body"])
        name = (route["method"], route["path"])
        if name in without_store:
            assert answer.json()["error"]["code"] == "no_store", name
        elif "/deployment" in route["path"] and route["method"] == "POST":
            assert answer.status_code == 422, name  # there is no other bundle
        elif route["path"] in ("/v1/comparison", "/v1/items/{item}/together"):
            assert answer.status_code == 404
        else:
            assert answer.status_code == 200, (name, answer.text)
        if example["body"] is not None:
            assert json.dumps(example["body"], ensure_ascii=False) in route["curl"]


def test_pages_say_truly_what_is_kept(client, bundles, tmp_path):
    store = f"sqlite:///{tmp_path / 'feedback.db'}"
    with TestClient(
        create_app(Settings(bundle=bundles / "ease", store=store, record=True)), headers=BROWSER
    ) as recording:
        for address in ("/", "/?liked=101", "/users/3"):
            page = recording.get(address).text
            assert "The lists that you see here are kept" in page
            assert "Nothing is kept of you" not in page
            assert "nothing else does" not in page
    assert "Nothing is kept of you" in client.get("/", headers=BROWSER).text
    assert "nothing else does" in client.get("/?liked=101", headers=BROWSER).text
    assert "are kept" not in client.get("/users/3", headers=BROWSER).text
