"""The tables of the kinds of devices: their bytes are those that pyroute2 has, where it has them."""

from dataclasses import fields
from typing import Any

import pytest
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from agent.kernel.kinds.attributes import attributes
from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.gre import GREOptions
from agent.kernel.kinds.kind import KINDS, Options, options_of
from agent.kernel.kinds.option import Changes, changes, creation, encoded, table
from agent.kernel.kinds.types import Addresses, Choice, Flag, HardwareAddress, Names, Number, Type
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.kinds.vxlan import VXLANOptions
from tests.netlink.reference import LinkMessage

NUMBERS = {"eth0": 2, "eth1": 3}
NAMES = Names(NUMBERS.__getitem__, {number: name for name, number in NUMBERS.items()}.__getitem__)

WITH_ALL_THAT_PYROUTE2_KNOWS = BondOptions(
    "802.3ad", miimon=50, updelay=100, downdelay=150, arp_ip_target=("10.0.0.1", "10.0.0.2"),
    arp_all_targets="all", primary_reselect="failure", fail_over_mac="active", xmit_hash_policy="vlan+srcmac",
    resend_igmp=3, num_peer_notif=4, all_slaves_active=True, min_links=2, lp_interval=7, lacp_rate="fast",
    ad_select="count", ad_actor_sys_prio=9, ad_user_port_key=11,
)  # fmt: skip


def in_pyroute2(kind: str, data: bytes) -> dict[str, Any]:
    """What pyroute2 reads out of the bytes of IFLA_INFO_DATA."""
    ours = LinkMessage()
    info = [("IFLA_INFO_KIND", kind), ("IFLA_INFO_DATA", data)]
    ours["attrs"] = [("IFLA_LINKINFO", {"attrs": info})]
    ours.encode()
    theirs = ifinfmsg(bytes(ours.data))
    theirs.decode()
    found = theirs.get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_DATA")
    return {name: found.get_attr(name) for name, _ in found["attrs"]}


def said(options: Options) -> bytes:
    return encoded(type(options), creation(options), NAMES)


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("vlan", VLANOptions(5), {"IFLA_VLAN_ID": 5}),
        (
            "bridge",
            BridgeOptions(),
            {"IFLA_BR_STP_STATE": 0, "IFLA_BR_FORWARD_DELAY": 0, "IFLA_BR_MCAST_SNOOPING": 0},
        ),
        (
            "vxlan",
            VXLANOptions(7, "192.0.2.1"),
            {
                "IFLA_VXLAN_ID": 7,
                "IFLA_VXLAN_LOCAL": "192.0.2.1",
                "IFLA_VXLAN_PORT": 4789,
                "IFLA_VXLAN_LEARNING": 1,
                "IFLA_VXLAN_TTL": 64,
            },
        ),
        (
            "gretap",
            GREOptions(9, "192.0.2.1", "192.0.2.2"),
            {
                "IFLA_GRE_IFLAGS": 0x2000,
                "IFLA_GRE_OFLAGS": 0x2000,
                "IFLA_GRE_IKEY": 9,
                "IFLA_GRE_OKEY": 9,
                "IFLA_GRE_LOCAL": "192.0.2.1",
                "IFLA_GRE_REMOTE": "192.0.2.2",
                "IFLA_GRE_TTL": 64,
            },
        ),
        ("bond", BondOptions(), {"IFLA_BOND_MODE": 1, "IFLA_BOND_MIIMON": 100}),
        (
            "bond",
            BondOptions(
                primary="eth1",
            ),
            {"IFLA_BOND_MODE": 1, "IFLA_BOND_MIIMON": 100, "IFLA_BOND_PRIMARY": 3},
        ),
        (
            "bond",
            WITH_ALL_THAT_PYROUTE2_KNOWS,
            {
                "IFLA_BOND_MODE": 4,
                "IFLA_BOND_MIIMON": 50,
                "IFLA_BOND_UPDELAY": 100,
                "IFLA_BOND_DOWNDELAY": 150,
                "IFLA_BOND_ARP_ALL_TARGETS": 1,
                "IFLA_BOND_PRIMARY_RESELECT": 2,
                "IFLA_BOND_FAIL_OVER_MAC": 1,
                "IFLA_BOND_XMIT_HASH_POLICY": 5,
                "IFLA_BOND_RESEND_IGMP": 3,
                "IFLA_BOND_NUM_PEER_NOTIF": 4,
                "IFLA_BOND_ALL_SLAVES_ACTIVE": 1,
                "IFLA_BOND_MIN_LINKS": 2,
                "IFLA_BOND_LP_INTERVAL": 7,
                "IFLA_BOND_AD_LACP_RATE": 1,
                "IFLA_BOND_AD_SELECT": 2,
                "IFLA_BOND_AD_ACTOR_SYS_PRIO": 9,
                "IFLA_BOND_AD_USER_PORT_KEY": 11,
            },
        ),
    ],
)
def test_the_bytes_say_to_pyroute2_what_was_meant(
    kind: str, options: Options, expected: dict[str, Any]
) -> None:
    found = in_pyroute2(kind, said(options))
    found.pop("IFLA_BOND_ARP_IP_TARGET", None)  # pyroute2 reads the nest otherwise than the kernel
    assert found == expected


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("vlan", VLANOptions(5)),
        ("bridge", BridgeOptions(stp=True, forward_delay=400)),
        ("vxlan", VXLANOptions(7, "2001:db8::1", port=8472)),
        ("gretap", GREOptions(9, "192.0.2.1", "192.0.2.2")),
        ("ip6gretap", GREOptions(9, "2001:db8::1", "2001:db8::2")),
        ("bond", WITH_ALL_THAT_PYROUTE2_KNOWS),
        ("bond", BondOptions(primary="eth0", miimon=0, arp_interval=100, arp_ip_target=("10.0.0.1",))),
        ("bond", BondOptions("802.3ad", lacp_active=False, coupled_control=False, lacp_strict=True)),
        ("bond", BondOptions("802.3ad", ad_actor_system="02:00:00:00:00:01", broadcast_neighbor=True)),
        ("bond", BondOptions(ns_ip6_target=("2001:db8::1",), missed_max=9, peer_notif_delay=300)),
        ("bond", BondOptions("balance-tlb", tlb_dynamic_lb=False)),
        ("bond", BondOptions("balance-rr", packets_per_slave=0)),
    ],
)
def test_what_is_said_is_read_back(kind: str, options: Options) -> None:
    assert options_of(kind, said(options), NAMES) == options


@pytest.mark.parametrize("kind", KINDS.values())
def test_each_option_has_a_number_of_its_own(kind: type[Options]) -> None:
    numbers = [row.option.number for row in table(kind).values()]
    assert sorted(set(numbers)) == sorted(numbers)


def test_no_option_of_the_kernel_s_header_is_missing() -> None:
    """1 to 34 of IFLA_BOND_*, but for the active slave and ad_info, which a bond says of itself."""
    assert {row.option.number for row in table(BondOptions).values()} == {*range(1, 35)} - {2, 23}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BondOptions(), BondOptions(), ()),
        (BondOptions(), BondOptions(num_peer_notif=3), (("num_peer_notif", 3),)),
        (BondOptions(updelay=100), BondOptions(updelay=0), (("updelay", 0),)),
        (
            BondOptions(updelay=200),
            BondOptions(updelay=200, miimon=50),
            (("miimon", 50), ("updelay", 200)),
        ),
        (
            BondOptions(updelay=200),
            BondOptions(miimon=0, arp_interval=100),
            (("miimon", 0), ("arp_interval", 100)),
        ),
    ],
)
def test_only_what_changes_is_said_and_what_changes_with_it(
    before: BondOptions, after: BondOptions, expected: Changes
) -> None:
    assert changes(before, after) == expected


def test_a_list_that_is_emptied_is_an_empty_nest() -> None:
    assert attributes(encoded(BondOptions, (("arp_ip_target", ()),))) == {8: b""}


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        (Number(1), "255", 255),
        (Number(-4, -5, 5), "-5", -5),
        (Flag(), "On", True),
        (Flag(), "0", False),
        (Choice(1, ("slow", "fast")), "fast", "fast"),
        (Choice(1, ("slow", "fast")), "1", "fast"),
        (HardwareAddress(), "02:AB:00:00:00:01", "02:ab:00:00:00:01"),
        (Addresses(4), "10.0.0.1, 10.0.0.2", ("10.0.0.1", "10.0.0.2")),
        (Addresses(6), "2001:DB8::0", ("2001:db8::",)),
        (Addresses(4), "", ()),
    ],
)
def test_a_text_is_read(option: Type, text: str, value: object) -> None:
    assert option.read(text) == value


@pytest.mark.parametrize(
    ("option", "text"),
    [
        (Number(1), "256"),
        (Number(1), "-1"),
        (Number(1), "1.0"),
        (Number(1), "\u0661"),
        (Number(1), ""),
        (Flag(), "2"),
        (Choice(1, ("slow", "fast")), "2"),
        (Choice(1, ("slow", "fast")), "Fast "),
        (HardwareAddress(), "01:00:00:00:00:01"),
        (HardwareAddress(), "02:00:00:00:00"),
        (HardwareAddress(), "02:00:00:00:00:0g"),
        (Addresses(4), "2001:db8::1"),
        (Addresses(4), "0.0.0.0"),
        (Addresses(4), "10.0.0.1,10.0.0.1"),
        (Addresses(4), ",".join(f"10.0.0.{n}" for n in range(1, 18))),
        (Addresses(4), "10.0.0.1,"),
    ],
)
def test_a_text_that_means_nothing_is_refused_in_words(option: Type, text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be "):
        option.read(text)


def test_every_default_is_a_value_of_its_type() -> None:
    bond = BondOptions()
    for name, row in table(BondOptions).items():
        value = getattr(bond, name)
        assert type(value) is type(row.default)
    assert [one.name for one in fields(BondOptions)] == [*table(BondOptions)]
