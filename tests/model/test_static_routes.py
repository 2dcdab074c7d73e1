"""Static routes as XenAPI writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InvalidValue
from agent.model.static_routes import check_static_routes, format_static_routes, parse_static_routes

ROUTES = st.lists(
    st.sampled_from(
        [
            ("10.0.0.0/8", "192.0.2.1"),
            ("0.0.0.0/1", "192.0.2.2"),
            ("2001:db8::/32", "fe80::1"),
            ("::/0", "2001:db8::1"),
        ]
    )
)


@given(ROUTES)
def test_what_is_written_is_read_back(routes: list[tuple[str, str]]) -> None:
    assert parse_static_routes({"static-routes": format_static_routes(routes)}) == tuple(routes)


@pytest.mark.parametrize("other_config", [{}, {"static-routes": ""}, {"colour": "red"}])
def test_no_routes_are_no_routes(other_config: dict[str, str]) -> None:
    assert parse_static_routes(other_config) == ()


def test_spaces_around_a_route_and_a_comma_at_the_end_do_no_harm() -> None:
    text = "10.0.0.0/8/192.0.2.1, 172.16.0.0/12/192.0.2.2,"
    assert parse_static_routes({"static-routes": text}) == (
        ("10.0.0.0/8", "192.0.2.1"),
        ("172.16.0.0/12", "192.0.2.2"),
    )


def test_an_address_is_a_route_to_one_host() -> None:
    assert parse_static_routes({"static-routes": "192.0.2.9/192.0.2.1"}) == (("192.0.2.9/32", "192.0.2.1"),)


@pytest.mark.parametrize(
    "text",
    [
        "junk", "10.0.0.0/8", "10.0.0.0/8/", "/192.0.2.1", "10.0.0.0/33/192.0.2.1", "10.0.0.1/8/192.0.2.1",
        "10.0.0.0/8/2001:db8::1", "2001:db8::/32/192.0.2.1", "10.0.0.0/8/192.0.2.1;",
        "10.0.0.0/8/192.0.2.1/24", "10.0.0.0/8/192.0.2.1,junk",
    ],
)  # fmt: skip
def test_a_route_that_does_not_parse_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_static_routes({"static-routes": text})
    assert caught.value.parameters == ("other_config", f"static-routes = {text}")
