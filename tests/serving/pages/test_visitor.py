from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ParameterError
from penchant.serving.pages.visitor import Opinion, Visitor

IDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
OPINIONS = st.lists(
    st.one_of(
        st.builds(Opinion, IDS, st.sampled_from(["liked", "disliked"])),
        st.builds(Opinion, IDS, st.just("rated"), st.integers(1, 10).map(float)),
    ),
    max_size=20,
    unique_by=lambda opinion: opinion.item,
)


@given(OPINIONS)
def test_an_address_holds_all_opinions_in_order(opinions):
    visitor = Visitor(None, tuple(opinions))
    address = urlencode(visitor.parameters, errors="surrogatepass")
    parameters = parse_qsl(address, keep_blank_values=True, errors="surrogatepass")
    assert Visitor.of(parameters) == visitor


def test_what_is_said_last_of_an_item_counts():
    visitor = Visitor.of([("liked", "1"), ("rated", "2:4"), ("disliked", "1"), ("q", "x")])
    assert visitor.opinions == (Opinion("2", "rated", 4.0), Opinion("1", "disliked"))
    assert visitor.without("2").parameters == [("disliked", "1")]
    query = visitor.query()
    assert (query.rated, query.disliked, query.liked) == ({"2": 4.0}, ("1",), ())


def test_ids_may_have_colons():
    assert Visitor.of([("rated", "a:b:3.5")]).opinions == (Opinion("a:b", "rated", 3.5),)


@pytest.mark.parametrize("pair", [("liked", "a\0"), ("rated", "\ud800:4"), ("user", "\0")])
def test_what_is_no_id_is_refused(pair):
    with pytest.raises(ParameterError, match="has a NUL or half a character"):
        Visitor.of([pair])


@pytest.mark.parametrize("value", ["5", "5:", "5:good", "5:nan", "5:inf", ":4"])
def test_what_is_no_rating_is_refused(value):
    with pytest.raises(ParameterError, match="is no rating: write"):
        Visitor.of([("rated", value)])


def test_addresses_have_an_end():
    with pytest.raises(ParameterError, match="may have 200 opinions"):
        Visitor.of([("liked", str(n)) for n in range(201)])
