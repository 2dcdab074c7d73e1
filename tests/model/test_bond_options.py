"""A Bond's mode and properties as the kernel's options: XenAPI's words, the kernel's, and the old keys."""

from collections.abc import Mapping

import pytest

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.model.bond_options import (
    BadProperty,
    defaults,
    lacking,
    settings_of,
    usable,
    with_old_keys,
)
from agent.model.facts import Bonding
from agent.model.records import BondMode

DEVICES = ("eth0", "eth1")
DELAYS = {"updelay": 200, "downdelay": 200}


def options(mode: BondMode, **properties: str) -> BondOptions:
    return settings_of(mode, properties, DEVICES).options


def reason(mode: BondMode, properties: Mapping[str, str]) -> tuple[str, str]:
    with pytest.raises(BadProperty) as caught:
        settings_of(mode, properties, DEVICES)
    return caught.value.name, caught.value.why


@pytest.mark.parametrize(
    ("mode", "kernels"),
    [
        (BondMode.ACTIVE_BACKUP, "active-backup"),
        (BondMode.LACP, "802.3ad"),
        (BondMode.BALANCE_RR, "balance-rr"),
        (BondMode.BALANCE_XOR, "balance-xor"),
        (BondMode.BROADCAST, "broadcast"),
        (BondMode.BALANCE_TLB, "balance-tlb"),
        (BondMode.BALANCE_ALB, "balance-alb"),
    ],
)
def test_a_mode_alone_has_the_monitoring_that_every_bond_has(mode: BondMode, kernels: str) -> None:
    assert options(mode) == BondOptions(mode=kernels, miimon=100, updelay=200, downdelay=200)


def test_balance_slb_is_balance_xor_by_vlan_and_source_mac() -> None:
    expected = BondOptions("balance-xor", updelay=200, downdelay=200, xmit_hash_policy="vlan+srcmac")
    assert options(BondMode.BALANCE_SLB) == expected


def test_lacp_has_the_defaults_that_xenapi_writes_down() -> None:
    assert defaults(BondMode.LACP) == {
        "hashing_algorithm": "tcpudp_ports",
        "lacp-time": "slow",
        "lacp-fallback-ab": "true",
    }
    assert {mode: defaults(mode) for mode in BondMode if mode != BondMode.LACP} == {
        mode: {} for mode in BondMode if mode != BondMode.LACP
    }


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (defaults(BondMode.LACP), {"xmit_hash_policy": "layer3+4"}),
        ({"hashing_algorithm": "src_mac"}, {"xmit_hash_policy": "vlan+srcmac"}),
        ({"lacp-time": "fast"}, {"lacp_rate": "fast"}),
        ({"lacp-aggregation-key": "77"}, {"ad_user_port_key": 77}),
        ({"lacp-fallback-ab": "false"}, {"lacp_strict": True}),
        ({"lacp-fallback-ab": "true"}, {}),
        ({"lacp_rate": "fast", "lacp-time": "slow"}, {"lacp_rate": "fast"}),
        (
            {"hashing_algorithm": "tcpudp_ports", "xmit_hash_policy": "encap2+3"},
            {"xmit_hash_policy": "encap2+3"},
        ),
        ({"min_links": "2", "ad_select": "count"}, {"min_links": 2, "ad_select": "count"}),
    ],
)
def test_the_properties_of_lacp_are_the_kernel_s_options(
    properties: Mapping[str, str], expected: dict[str, object]
) -> None:
    wanted = BondOptions("802.3ad", **{**DELAYS, **expected})  # type: ignore[arg-type]
    assert settings_of(BondMode.LACP, properties, DEVICES).options == wanted


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"miimon": "50"}, {"miimon": 50, "updelay": 200, "downdelay": 200}),
        ({"miimon": "150"}, {"miimon": 150, "updelay": 300, "downdelay": 300}),
        ({"updelay": "0"}, {"updelay": 0, "downdelay": 200}),
        ({"primary": "eth1"}, {"primary": "eth1", **DELAYS}),
        ({"num_grat_arp": "3"}, {"num_peer_notif": 3, **DELAYS}),
        ({"num_unsol_na": "4"}, {"num_peer_notif": 4, **DELAYS}),
        (
            {"arp_interval": "100", "arp_ip_target": "10.0.0.1"},
            {"miimon": 0, "arp_interval": 100, "arp_ip_target": ("10.0.0.1",)},
        ),
        (
            {"arp_interval": "100", "ns_ip6_target": "2001:db8::7", "arp_validate": "all"},
            {"miimon": 0, "arp_interval": 100, "ns_ip6_target": ("2001:db8::7",), "arp_validate": "all"},
        ),
    ],
)
def test_the_kernel_s_options_go_by_their_names(
    properties: Mapping[str, str], expected: dict[str, object]
) -> None:
    wanted = BondOptions(**expected)  # type: ignore[arg-type]
    assert settings_of(BondMode.ACTIVE_BACKUP, properties, DEVICES).options == wanted


@pytest.mark.parametrize(
    ("mode", "properties", "name"),
    [
        (BondMode.LACP, {"hashing_algorithm": "src"}, "hashing_algorithm"),
        (BondMode.LACP, {"lacp-time": "Fast"}, "lacp-time"),
        (BondMode.LACP, {"lacp-aggregation-key": "1024"}, "lacp-aggregation-key"),
        (BondMode.LACP, {"lacp-aggregation-key": "-1"}, "lacp-aggregation-key"),
        (BondMode.LACP, {"lacp-fallback-ab": "yes"}, "lacp-fallback-ab"),
        (BondMode.LACP, {"primary": "eth0"}, "primary"),
        (BondMode.LACP, {"arp_interval": "100"}, "arp_interval"),
        (BondMode.ACTIVE_BACKUP, {"lacp-time": "fast"}, "lacp-time"),
        (BondMode.ACTIVE_BACKUP, {"lacp_rate": "fast"}, "lacp_rate"),
        (BondMode.ACTIVE_BACKUP, {"mode": "lacp"}, "mode"),
        (BondMode.ACTIVE_BACKUP, {"active_slave": "eth0"}, "active_slave"),
        (BondMode.ACTIVE_BACKUP, {"colour": "red"}, "colour"),
        (BondMode.ACTIVE_BACKUP, {"primary": "eth7"}, "primary"),
        (BondMode.ACTIVE_BACKUP, {"miimon": "0"}, "miimon"),
        (BondMode.ACTIVE_BACKUP, {"miimon": "100", "arp_interval": "100"}, "arp_interval"),
        (BondMode.ACTIVE_BACKUP, {"arp_interval": "100"}, "arp_interval"),
        (BondMode.ACTIVE_BACKUP, {"arp_validate": "all"}, "arp_validate"),
        (BondMode.ACTIVE_BACKUP, {"updelay": "150"}, "updelay"),
        (BondMode.ACTIVE_BACKUP, {"peer_notif_delay": "50"}, "peer_notif_delay"),
        (
            BondMode.ACTIVE_BACKUP,
            {"arp_interval": "100", "arp_ip_target": "10.0.0.1", "updelay": "200"},
            "updelay",
        ),
        (BondMode.BALANCE_SLB, {"xmit_hash_policy": "layer2"}, "xmit_hash_policy"),
        (BondMode.BALANCE_RR, {"tlb_dynamic_lb": "0"}, "tlb_dynamic_lb"),
    ],
)
def test_what_can_not_be_is_refused_by_its_name(
    mode: BondMode, properties: Mapping[str, str], name: str
) -> None:
    assert reason(mode, properties)[0] == name


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("arp_ip_target", "0.0.0.0"),
        ("arp_ip_target", "255.255.255.255"),
        ("arp_ip_target", "192.0.2.1,,"),
        ("ns_ip6_target", "::"),
        ("ns_ip6_target", "::1"),
        ("ns_ip6_target", "ff02::1"),
        ("ns_ip6_target", "fe80::1"),
        ("ns_ip6_target", "2001:db8::1%eth0"),
    ],
)
def test_what_the_kernel_does_not_probe_is_no_target(name: str, address: str) -> None:
    found = reason(BondMode.ACTIVE_BACKUP, {"arp_interval": "100", name: address})
    assert (found[0], found[1].endswith("addresses of hosts, with commas in between, each once")) == (
        name,
        True,
    )


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "", " 1", "1e3", "\u0661"])
def test_what_is_no_number_is_refused_in_the_same_words(number: str) -> None:
    found = reason(BondMode.ACTIVE_BACKUP, {"miimon": number})
    assert found == ("miimon", "must be a number from 0 to 2147483647 (milliseconds)")


def test_an_option_of_another_mode_is_refused_with_the_modes_that_have_it() -> None:
    assert reason(BondMode.LACP, {"primary": "eth0"}) == (
        "primary",
        "only active-backup, balance-alb, balance-tlb have it",
    )


def test_ports_have_options_of_their_own() -> None:
    properties = {"eth0.prio": "-5", "eth1.queue_id": "2", "eth0.queue_id": "1"}
    assert settings_of(BondMode.ACTIVE_BACKUP, properties, DEVICES).ports == {
        "eth0": BondPortOptions(prio=-5, queue_id=1),
        "eth1": BondPortOptions(queue_id=2),
    }


@pytest.mark.parametrize(
    ("mode", "properties", "name"),
    [
        (BondMode.ACTIVE_BACKUP, {"eth7.prio": "1"}, "eth7.prio"),
        (BondMode.ACTIVE_BACKUP, {"eth0.speed": "1"}, "eth0.speed"),
        (BondMode.ACTIVE_BACKUP, {"eth0.prio": "high"}, "eth0.prio"),
        (BondMode.LACP, {"eth0.prio": "1"}, "eth0.prio"),
        (BondMode.ACTIVE_BACKUP, {"eth0.queue_id": "17"}, "eth0.queue_id"),
        (BondMode.ACTIVE_BACKUP, {"eth0.queue_id": "2", "eth1.queue_id": "2"}, "eth1.queue_id"),
    ],
)
def test_what_no_port_can_have_is_refused_by_its_name(
    mode: BondMode, properties: Mapping[str, str], name: str
) -> None:
    assert reason(mode, properties)[0] == name


def test_what_another_mode_or_other_ports_had_is_left_behind() -> None:
    old = {"lacp-time": "fast", "miimon": "50", "eth7.prio": "1", "primary": "eth0", "min_links": "1"}
    assert usable(BondMode.ACTIVE_BACKUP, old, DEVICES) == {
        "miimon": "50",
        "primary": "eth0",
        "min_links": "1",
    }


def test_the_old_keys_of_the_master_override_the_properties() -> None:
    other_config = {"bond-miimon": "50", "bond-hashing-algorithm": "src_mac", "bond-mode": "lacp", "x": "y"}
    assert with_old_keys({"miimon": "100", "min_links": "2"}, other_config) == {
        "miimon": "50",
        "min_links": "2",
        "hashing_algorithm": "src_mac",
    }


@pytest.mark.parametrize(
    ("lacks", "properties", "names"),
    [
        ({}, {"lacp-fallback-ab": "false"}, []),
        ({"lacp_strict": "too old"}, {"lacp-fallback-ab": "false"}, ["lacp_strict"]),
        ({"lacp_strict": "too old"}, {"lacp-fallback-ab": "true"}, []),
        ({"ad_select=actor_port_prio": "too old"}, {"ad_select": "count"}, []),
        ({"ad_select=actor_port_prio": "too old"}, {"ad_select": "actor_port_prio"}, ["ad_select"]),
        ({"actor_port_prio": "too old"}, {"eth0.actor_port_prio": "1"}, ["actor_port_prio"]),
        ({"mode=lacp": "no bonding"}, {}, ["mode"]),
    ],
)
def test_what_the_kernel_lacks_is_named_when_it_is_asked_for(
    lacks: Mapping[str, str], properties: Mapping[str, str], names: list[str]
) -> None:
    settings = settings_of(BondMode.LACP, properties, DEVICES)
    assert [bad.name for bad in lacking(BondMode.LACP, settings, Bonding(lacks))] == names
