"""Lists, reasons and items over HTTP, without a store."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from penchant.bundle import restore
from penchant.serving.app import create_app
from penchant.serving.settings import Settings


@pytest.fixture(scope="module")
def client(bundles):
    with TestClient(create_app(Settings(bundle=bundles / "ease", max_k=50))) as client:
        yield client


INVALID = "invalid_request"


def items(answer):
    assert answer.status_code == 200, answer.text
    return [place["item"] for place in answer.json()["items"]]


def error(answer, status, code):
    assert answer.status_code == status, answer.text
    body = answer.json()["error"]
    assert body["code"] == code
    assert body["request_id"] == answer.headers["x-request-id"]
    return body["message"]


def test_a_known_users_list_is_that_of_the_library(client, bundles):
    answer = client.get("/v1/users/3/recommendations", params={"k": 4})
    expected = restore(bundles / "ease").recommend([3], 4, titles=True)
    assert items(answer) == expected["item"].to_list()
    body = answer.json()
    assert [place["title"] for place in body["items"]] == expected["title"].to_list()
    assert body["known"] is True
    assert body["arm"] == "current"
    assert "because" not in body["items"][0]


def test_reasons_come_on_request(client):
    answer = client.get("/v1/users/3/recommendations", params={"k": 2, "explain": True})
    first = answer.json()["items"][0]
    assert first["because"].startswith("because you")
    assert first["reasons"]
    assert first["exact"] is True


def test_somebody_new_gets_a_list_by_what_they_like(client):
    body = {"liked": [101, "102"], "rated": {"103": 5}, "disliked": [1], "k": 3}
    answer = client.post("/v1/recommendations", json=body)
    assert all(item > 103 for item in items(answer))
    assert answer.json()["known"] is False


def test_a_session_is_a_history(client):
    assert items(client.post("/v1/recommendations", json={"session": [101, 102], "k": 3})) == items(
        client.post("/v1/recommendations", json={"liked": [101, 102], "k": 3})
    )


def test_an_unknown_user_gets_what_is_popular(client):
    body = client.get("/v1/users/nobody/recommendations").json()
    assert body["known"] is False
    assert all(place["fallback"] and place["score"] is None for place in body["items"])


def test_unknown_items_are_listed(client):
    body = {"liked": [101, 999, "x"], "exclude": ["y"]}
    assert client.post("/v1/recommendations", json=body).json()["unknown_items"] == [
        "999",
        "x",
        "y",
    ]


def test_candidates_exclusions_and_rules_bound_a_list(client):
    assert (
        items(client.post("/v1/recommendations", json={"user": 3, "candidates": [101, 102, 103]}))
        != []
    )
    first = items(client.get("/v1/users/3/recommendations"))[0]
    assert first not in items(client.get("/v1/users/3/recommendations", params={"exclude": first}))
    rules = {"categories": [{"column": "genres", "only": ["Horror"]}], "price": {"max": 105}}
    answer = client.post("/v1/recommendations", json={"user": 3, "rules": rules})
    assert all(100 < item <= 105 for item in items(answer))


@pytest.mark.parametrize(
    "rules",
    [
        {"items": "/etc/passwd"},
        {"exclude": ["@/etc/passwd"]},
        {"exclude": {"users": "/etc/passwd"}},
        {"only": {"items": "@/etc/passwd"}},
    ],
)
def test_rules_of_a_request_name_no_files(client, rules):
    answer = client.post("/v1/recommendations", json={"liked": [1], "rules": rules})
    assert "which a request may not" in error(answer, 422, "unusable")


def test_what_makes_no_sense_is_refused_in_one_form(client):
    assert "k must lie between 1 and 50" in error(
        client.get("/v1/users/3/recommendations", params={"k": 51}), 422, "unusable"
    )
    error(client.get("/v1/users/3/recommendations", params={"k": 0}), 422, "invalid_request")
    error(client.post("/v1/recommendations", json={"likes": [1]}), 422, "invalid_request")
    error(client.post("/v1/recommendations", content=b"{"), 422, "invalid_request")
    error(client.get("/v1/nothing"), 404, "not_found")
    error(client.delete("/v1/items/1"), 405, "method_not_allowed")
    assert "not on the scale" in error(
        client.post("/v1/recommendations", json={"rated": {"1": 9}}), 422, "unusable"
    )
    assert "unknown_id" in client.get("/v1/items/999").text


def test_explanations_of_any_item(client):
    body = client.get("/v1/users/33/explanations/101").json()
    assert body["item"] == 101
    assert body["title"] == "Horror 101, The (1990)"
    assert body["because"]
    assert client.post("/v1/explanations", json={"liked": [102], "item": 101}).json()["reasons"]


def test_search_facts_similar_popular_and_latest(client):
    assert items(client.get("/v1/items", params={"query": "comedie 7"})) == [7]
    facts = client.get("/v1/items/7").json()
    assert facts["genres"] == ["Comedy"]
    assert all(i > 100 for i in items(client.get("/v1/items/101/similar", params={"k": 3})))
    assert len(items(client.get("/v1/popular", params={"k": 3}))) == 3
    latest = client.get("/v1/latest", params={"k": 1}).json()["items"][0]
    assert latest["item"] == 112
    assert latest["first"].startswith("1970-04-23")


def test_bought_together_says_where_there_are_no_baskets(client):
    answer = client.get("/v1/items/101/together")
    assert "No basket" in error(answer, 404, "unknown_id")


def test_similar_users(client):
    users = client.get("/v1/users/33/similar", params={"k": 3}).json()["users"]
    assert all(each["similar"] >= 20 for each in users)
    error(client.get("/v1/users/nobody/similar"), 404, "unknown_id")


def test_unknown_query_parameters_are_refused_with_the_nearest(client):
    wrong = client.get("/v1/users/3/recommendations", params={"k": 2, "exlude": 101})
    message = error(wrong, 422, "invalid_request")
    assert message == (
        "query.exlude: there is no such parameter (nearest: 'exclude'); there are k, explain, "
        "repeats, exclude."
    )
    assert wrong.json()["error"]["details"][0]["location"] == "query.exlude"
    assert "there are query, k" in error(client.get("/v1/items?query=a&limit=2"), 422, INVALID)
    assert "nearest: 'query'" in error(client.get("/v1/items?qurey=a"), 422, INVALID)
    for address in ("/v1/users/3/history", "/v1/model", "/v1/items/101"):
        assert "this address takes none" in error(client.get(f"{address}?k=3"), 422, INVALID)
    posted = client.post("/v1/recommendations?k=3", json={"liked": [101]})
    assert "query.k: there is no such parameter" in error(posted, 422, INVALID)


def test_unknown_fields_of_a_body_are_refused_with_the_nearest(client):
    wrong = client.post("/v1/recommendations", json={"like": [101], "k": 2})
    message = error(wrong, 422, INVALID)
    assert message.startswith(
        "body.like: there is no such field (nearest: 'liked'); there are user, "
    )
    event = {"user": 3, "itm": 1, "kind": "like"}
    inner = client.post("/v1/feedback", json={"events": [event]})
    details = inner.json()["error"]["details"]
    message = next(each["message"] for each in details if each["location"].endswith("itm"))
    assert message.startswith(
        "there is no such field (nearest: 'item'); there are user, item, kind"
    )
    swap = client.post("/v1/deployment", json={"bundle": "x", "canary": 0.1})
    assert "nearest: 'canary_share'" in error(swap, 422, INVALID)


@pytest.mark.parametrize(
    "address", ["/v1/popular", "/v1/latest", "/v1/items?query=a", "/v1/items/101/similar",
                "/v1/items/101/together", "/v1/users/3/recommendations", "/v1/users/3/similar"]
)  # fmt: skip
def test_longer_lists_than_the_longest_are_refused(client, address):
    mark = "&" if "?" in address else "?"
    for k in (51, 10**30):
        message = error(client.get(f"{address}{mark}k={k}"), 422, "unusable")
        assert message == f"k must lie between 1 and 50, and is {k}."
    description = client.get("/openapi.json").json()
    lengths = [
        parameter["schema"]["maximum"]
        for methods in description["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "k"
    ]
    assert lengths == [50] * 7
    assert description["components"]["schemas"]["ListBody"]["properties"]["k"]["maximum"] == 50


def test_ids_in_rules_that_are_not_known_are_listed(client):
    body = {"liked": [101], "rules": {"exclude": ["nix", 102]}, "exclude": ["y"]}
    assert client.post("/v1/recommendations", json=body).json()["unknown_items"] == ["y", "nix"]


def test_rules_that_allow_nothing_are_refused(client):
    for only in ([], {"items": []}):
        body = {"liked": [101], "rules": {"only": only}}
        message = error(client.post("/v1/recommendations", json=body), 422, "unusable")
        assert message.startswith("rules: [only] items leaves no item")


@pytest.mark.parametrize("address", ["/health?probe=1", "/metrics?name=x", "/?lang=en"])
def test_monitors_and_browsers_may_add_parameters(client, address):
    assert client.get(address).status_code == 200


def test_a_body_without_its_type_is_told_to_send_that(client):
    plain = client.post("/v1/recommendations", content='{"liked": [101]}')
    form = client.post(
        "/v1/recommendations",
        content='{"liked": [101]}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    for answer in (plain, form):
        message = error(answer, 422, INVALID)
        assert message.endswith("send the header Content-Type: application/json.")
    assert "valid dictionary" in error(client.post("/v1/recommendations", json=[1]), 422, INVALID)


def test_without_a_store_feedback_is_refused_in_one_sentence(client):
    body = {"events": [{"user": 3, "item": 1, "kind": "like"}]}
    assert "keeps no feedback" in error(client.post("/v1/feedback", json=body), 409, "no_store")
    error(client.delete("/v1/users/3/data"), 409, "no_store")


def test_a_card_health_and_metrics(client):
    card = client.get("/v1/model").json()
    assert card["name"] == "ease"
    assert card["items"] == 24
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/ready").json()["store"] == "none"
    text = client.get("/metrics").text
    assert 'route="/v1/users/{user}/recommendations"' in text
    assert "nobody" not in text


def test_browsers_are_told_to_load_nothing_from_elsewhere(client):
    headers = client.get("/health").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_request_id_is_taken_where_it_is_harmless(client):
    assert (
        client.get("/health", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    )
    odd = client.get("/health", headers={"x-request-id": "a b" * 50}).headers["x-request-id"]
    assert odd != "a b" * 50


def test_the_plain_list_says_what_the_route_says(client):
    for user in ("3", "33", "nobody", "a%20b"):
        plain = client.get(f"/v1/users/{user}/recommendations?k=3")
        routed = client.get(f"/v1/users/{user}/recommendations?k=3&explain=false")
        assert plain.json() == routed.json()
        assert plain.headers["content-type"] == routed.headers["content-type"]
    assert error(client.get("/v1/users/3/recommendations?k=51"), 422, "unusable")
    assert error(client.get("/v1/users/3/recommendations?k=0"), 422, "invalid_request")
