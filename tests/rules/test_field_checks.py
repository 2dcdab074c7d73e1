"""What the fields that pifd acts on may hold: mtus and keys of other_config."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import (
    Failure,
    InvalidValue,
    PIFAlreadyBonded,
    TransportPIFNotConfigured,
    abridged,
)
from agent.model.model import Model
from agent.model.records import PIF, IPConfiguration, IPMode, Record, Tunnel
from agent.rules import setters
from tests.worlds.uppers import only, refused, with_tunnel, with_VIF, with_VLAN, with_vm
from tests.worlds.world import (
    bonded,
    host,
    network_of,
    nic,
    pif_of,
    static,
    static6,
    taken_over,
    with_network,
    with_pif,
    with_record,
)

MODEL = with_pif(taken_over(host(nic(0), nic(1))), "eth1", ip_configuration=static("198.51.100.2/24"))
NETWORK, UPLINK = network_of(MODEL, "xenbr1"), pif_of(MODEL, "eth1")
TUNNELED, TUNNEL = with_tunnel(MODEL, UPLINK)


def refusal(model: Model, record: Record, name: str, value: Any) -> tuple[type[Failure], tuple[str, ...]]:
    """What setting a field is refused with."""
    return refused(setters.set_field, model, type(record), name, record.ref, value)


def after(model: Model, record: Any, **values: Any) -> Model:
    """The model after setting fields of a record."""
    for name, value in values.items():
        model = setters.set_field(model, type(record), name, record.ref, value).after
    return model


def with_mtu(model: Model, MTU: int) -> Model:
    return after(model, NETWORK, MTU=MTU)


@pytest.mark.parametrize(("MTU", "then"), [(0, 1500), (-1, 1500), (9000, 9000), (1280, 1280)])
def test_an_MTU_is_set(MTU: int, then: int) -> None:
    assert with_mtu(MODEL, MTU) == with_network(MODEL, "xenbr1", MTU=then)


@pytest.mark.parametrize("MTU", [1279, 65536])
def test_an_MTU_that_no_device_has_is_refused(MTU: int) -> None:
    assert refusal(MODEL, NETWORK, "MTU", MTU) == (InvalidValue, ("MTU", str(MTU)))


def test_an_MTU_must_hold_the_VLANs_on_top_and_fit_what_is_below() -> None:
    model, vlan = with_VLAN(MODEL, UPLINK, 5, MTU=1400)
    upper = model.get(model.get(vlan.untagged_PIF).network)
    assert refusal(model, NETWORK, "MTU", 1399) == (
        InvalidValue,
        ("MTU", "1400: larger than the 1399 of eth1 below"),
    )
    assert refusal(model, upper, "MTU", 1501) == (
        InvalidValue,
        ("MTU", "1501: larger than the 1500 of eth1 below"),
    )
    assert after(with_mtu(model, 1400), upper, MTU=1400) == with_mtu(model, 1400)


def test_an_MTU_must_leave_room_in_the_tunnels_on_top() -> None:
    words = "1279: what eth1 leaves in the tunnel is less than the 1280 that IPv6 needs"
    assert refusal(TUNNELED, NETWORK, "MTU", 1321) == (InvalidValue, ("MTU", words))
    assert with_mtu(TUNNELED, 1322) == with_network(TUNNELED, "xenbr1", MTU=1322)


def test_an_MTU_must_hold_the_VIFs_that_are_there() -> None:
    model, owner = with_vm(MODEL)
    model = with_VIF(model, owner, NETWORK.ref)
    words = f"1500: larger than the 1499 of the network {NETWORK.name_label}"
    assert refusal(model, NETWORK, "MTU", 1499) == (InvalidValue, ("MTU", words))


@pytest.mark.parametrize("record", [NETWORK, UPLINK])
def test_static_routes_that_do_not_parse_are_refused(record: Record) -> None:
    found = refusal(MODEL, record, "other_config", {"static-routes": "10.0.0.0/8"})
    assert found == (InvalidValue, ("other_config", "static-routes = 10.0.0.0/8"))
    good = {"static-routes": "10.0.0.0/8/198.51.100.1"}
    assert after(MODEL, record, other_config=good) == with_record(
        MODEL,
        replace(record, other_config=good),  # type: ignore[call-arg]
    )


def test_the_key_of_a_network_stays_while_it_has_a_tunnel() -> None:
    inside = network_of(TUNNELED, "xapi0")
    words = "5: the network's tunnel has the key 1 already"
    found = refusal(TUNNELED, inside, "other_config", {"tunnel-key": "5"})
    assert found == (InvalidValue, ("tunnel-key", words))
    same = after(TUNNELED, inside, other_config={"tunnel-key": "1"})
    assert same == with_network(TUNNELED, "xapi0", other_config={"tunnel-key": "1"})
    found = refusal(TUNNELED, NETWORK, "other_config", {"tunnel-key": "1"})
    assert found == (InvalidValue, ("tunnel-key", "1: another network's tunnel has this key"))


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("mtu", "x", "no MTU that a device can have"),
        ("mtu", "", "no MTU that a device can have"),
        ("mtu", "1279", "no MTU that a device can have"),
        ("mtu", "9" * 5000, "no MTU that a device can have"),
        ("mtu", "²", "no MTU that a device can have"),
        ("defaultroute", "yes", "neither true nor false"),
        ("peerdns", "True", "neither true nor false"),
        ("ethtool-tso", "on", "this version of pifd does not set it"),
        ("bond-miimon", "100", "the PIF is no bond's master"),
        ("domain", "example.org", "this version of pifd does not set it"),
    ],
)
def test_a_PIFs_key_that_would_be_dropped_is_refused(key: str, value: str, why: str) -> None:
    words = f"{key} = {value}: {why}"
    wanted = (InvalidValue, ("other_config", abridged(words)))
    assert refusal(MODEL, UPLINK, "other_config", {key: value}) == wanted


@pytest.mark.parametrize(
    "other_config",
    [
        {"mtu": "9000"},
        {"defaultroute": "true", "peerdns": "false"},
        {"XenCenter": ""},
    ],
)
def test_other_keys_of_a_PIF_are_taken(other_config: Mapping[str, str]) -> None:
    assert after(MODEL, UPLINK, other_config=other_config) == with_pif(
        MODEL, "eth1", other_config=other_config
    )


def test_a_key_that_an_older_program_took_does_not_bar_another() -> None:
    old = {"ethtool-tso": "on"}
    model = with_pif(MODEL, "eth1", other_config=old)
    assert after(model, UPLINK, other_config={**old, "a": "b"}) == with_pif(
        MODEL, "eth1", other_config={**old, "a": "b"}
    )


def test_a_PIFs_own_MTU_must_fit_like_its_networks() -> None:
    model, vlan = with_VLAN(MODEL, UPLINK, 5)
    upper = model.get(vlan.untagged_PIF)
    found = refusal(model, UPLINK, "other_config", {"mtu": "1499"})
    assert found == (InvalidValue, ("MTU", "1500: larger than the 1499 of eth1 below"))
    found = refusal(model, upper, "other_config", {"mtu": "1501"})
    assert found == (InvalidValue, ("MTU", "1501: larger than the 1500 of eth1 below"))
    model = after(model, UPLINK, other_config={"mtu": "9000"})
    model = after(model, upper, other_config={"mtu": "9000"})
    assert refused(setters.remove_from, model, PIF, "other_config", UPLINK.ref, "mtu") == (
        InvalidValue,
        ("MTU", "9000: larger than the 1500 of eth1 below"),
    )


@pytest.mark.parametrize("key", ["domain", "peerdns", "static-routes", "mtu"])
def test_a_slave_has_no_keys_that_are_its_masters(key: str) -> None:
    value = {"peerdns": "true", "mtu": "1500", "static-routes": "10.0.0.0/8/192.0.2.1"}.get(key, "x")
    model = bonded(MODEL, "eth1")
    found = refusal(model, pif_of(model, "eth1"), "other_config", {key: value})
    assert found == (PIFAlreadyBonded, (UPLINK.ref,))
    kept = after(model, pif_of(model, "eth1"), other_config={"a": "b"})
    assert kept == with_pif(model, "eth1", other_config={"a": "b"})


@pytest.mark.parametrize(
    ("remotes", "why"),
    [
        ("x", "x is no IP address"),
        ("203.0.113.1/24", "203.0.113.1/24 is no IP address"),
        ("203.0.113.1,2001:db8::1", "IPv4 and IPv6 are mixed"),
        ("2001:db8::1", "eth1 has no IPv6 address"),
        ("203.0.113.1, 198.51.100.2", "198.51.100.2 is this end's own"),
        ("224.0.0.1", "224.0.0.1 is no host's address"),
        ("0.0.0.0", "0.0.0.0 is no host's address"),
        ("127.0.0.1", "127.0.0.1 is no host's address"),
        ("255.255.255.255", "255.255.255.255 is no host's address"),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.1 is no host's address"),
        ("fe80::1%eth0", "fe80::1%eth0 is no host's address"),
    ],
)
def test_other_ends_that_cannot_be_are_refused(remotes: str, why: str) -> None:
    words = f"remote-ips = {remotes}: {why}"
    found = refusal(TUNNELED, TUNNEL, "other_config", {"remote-ips": remotes})
    assert found == (InvalidValue, ("other_config", words))


@pytest.mark.parametrize("remotes", ["", "203.0.113.1", "203.0.113.1, 203.0.113.2,", "2001:db8::1"])
def test_other_ends_are_taken_in_a_family_that_this_end_has(remotes: str) -> None:
    both = replace(static6("2001:db8::2/64"), ip_configuration_mode=IPMode.STATIC, IP="198.51.100.2")
    model = with_pif(TUNNELED, "eth1", ip_configuration=both)
    given = {"remote-ips": remotes, "a": "b"}
    assert only(after(model, TUNNEL, other_config=given), Tunnel) == replace(TUNNEL, other_config=given)


def test_other_ends_of_IPv6_need_more_room() -> None:
    both = replace(static6("2001:db8::2/64"), ip_configuration_mode=IPMode.STATIC, IP="198.51.100.2")
    model = with_mtu(with_pif(TUNNELED, "eth1", ip_configuration=both), 1349)
    words = "1279: what eth1 leaves in the tunnel is less than the 1280 that IPv6 needs"
    found = refusal(model, TUNNEL, "other_config", {"remote-ips": "2001:db8::1"})
    assert found == (InvalidValue, ("MTU", words))


def test_the_last_address_cannot_be_lost_by_taking_the_other_ends_away() -> None:
    model = with_pif(TUNNELED, "eth1", ip_configuration=IPConfiguration())
    ended = with_record(model, replace(TUNNEL, other_config={"remote-ips": "203.0.113.1"}))
    assert refusal(ended, TUNNEL, "other_config", {}) == (TransportPIFNotConfigured, (UPLINK.ref,))


def test_another_key_of_a_tunnel_is_free_even_where_the_tunnel_cannot_run() -> None:
    model = with_pif(TUNNELED, "eth1", ip_configuration=IPConfiguration())
    assert only(after(model, TUNNEL, other_config={"a": "b"}), Tunnel).other_config == {"a": "b"}


def test_an_option_of_a_bridges_device_is_refused() -> None:
    network = network_of(MODEL, "xenbr1")
    words = "ethtool-gro = off: this version of pifd does not set it"
    assert refusal(MODEL, network, "other_config", {"ethtool-gro": "off"}) == (
        InvalidValue,
        ("other_config", words),
    )
