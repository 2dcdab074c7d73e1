"""The text of resolv.conf: name servers in, and the text as it was out again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.kernel.resolv_conf_text import nameservers_of, with_nameservers

SERVERS = st.lists(st.sampled_from(["192.0.2.53", "2001:db8::53", "198.51.100.1"]), unique=True, max_size=3)
LINES = st.sampled_from(
    ["nameserver 192.0.2.53", "nameserver  198.51.100.9 # ours", "search example.org", "",
     "# nameserver 1.1.1.1", "options ndots:2", "nameserver", "  nameserver 192.0.2.1", "; comment"]
)  # fmt: skip
TEXTS = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=6), st.sampled_from(["", "\n"])
)


@given(TEXTS, SERVERS)
def test_the_text_comes_back_when_the_name_servers_go(text: str, servers: list[str]) -> None:
    assert with_nameservers(with_nameservers(text, servers), ()) == text


@given(TEXTS, SERVERS.filter(bool))
def test_the_name_servers_in_force_are_those_that_were_set(text: str, servers: list[str]) -> None:
    assert nameservers_of(with_nameservers(text, servers)) == tuple(servers)


@given(TEXTS, SERVERS, SERVERS)
def test_other_name_servers_leave_no_trace_of_the_first(
    text: str, first: list[str], second: list[str]
) -> None:
    assert with_nameservers(with_nameservers(text, first), second) == with_nameservers(text, second)


def test_the_lines_that_were_there_are_kept_as_comments() -> None:
    assert with_nameservers("search a.org\nnameserver 192.0.2.53\n", ("192.0.2.54", "2001:db8::53")) == (
        "# name servers set by pifd\n"
        "nameserver 192.0.2.54\n"
        "nameserver 2001:db8::53\n"
        "# end of pifd's name servers\n"
        "search a.org\n"
        "# before pifd: nameserver 192.0.2.53\n"
    )


def test_a_text_that_has_them_already_stays_as_it_is() -> None:
    text = "nameserver 192.0.2.53\nsearch a.org\n"
    assert with_nameservers(text, ("192.0.2.53",)) == text


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", ()),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.2\n", ("192.0.2.1", "192.0.2.2")),
        ("\tnameserver\t192.0.2.1", ("192.0.2.1",)),
        ("#nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver\nnameservers 192.0.2.3\n", ()),
    ],
)
def test_the_name_servers_of_a_text_are_read(text: str, servers: tuple[str, ...]) -> None:
    assert nameservers_of(text) == servers
