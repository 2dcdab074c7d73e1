"""The options of each kind of device as netlink's attributes, both ways."""

import socket
from collections.abc import Callable, Mapping
from typing import Any

from agent.kernel.state import (
    BondOptions,
    BridgeOptions,
    GREOptions,
    Options,
    VLANOptions,
    VXLANOptions,
)

BOND_MODES: Mapping[str, int] = {
    "balance-rr": 0,
    "active-backup": 1,
    "balance-xor": 2,
    "broadcast": 3,
    "802.3ad": 4,
    "balance-tlb": 5,
    "balance-alb": 6,
}

BOND_MODE_NAMES = {number: name for name, number in BOND_MODES.items()}
GRE_KEY = 0x2000
TUNNEL_TTL = 64
"""Hops; without it, GRE takes the one of the packet inside, and multicast would not get anywhere."""

Message = Any
"""pyroute2's messages are dicts with get_attr; it has no types."""


def encoded(options: Options) -> list[tuple[str, Any]]:
    """What goes into IFLA_INFO_DATA."""
    match options:
        case BondOptions():
            return _encoded_bond(options)
        case BridgeOptions():
            return _encoded_bridge(options)
        case VLANOptions():
            return [("IFLA_VLAN_ID", options.tag)]
        case GREOptions():
            return _encoded_gre(options)
        case VXLANOptions():
            return _encoded_vxlan(options)


def _encoded_bond(options: BondOptions) -> list[tuple[str, Any]]:
    return [
        ("IFLA_BOND_MODE", BOND_MODES[options.mode]),
        ("IFLA_BOND_MIIMON", options.miimon),
        ("IFLA_BOND_ALL_SLAVES_ACTIVE", int(options.all_slaves_active)),
    ]


def _encoded_bridge(options: BridgeOptions) -> list[tuple[str, Any]]:
    return [
        ("IFLA_BR_STP_STATE", int(options.stp)),
        ("IFLA_BR_FORWARD_DELAY", options.forward_delay),
        ("IFLA_BR_MCAST_SNOOPING", int(options.multicast_snooping)),
    ]


def _encoded_gre(options: GREOptions) -> list[tuple[str, Any]]:
    """A key counts only together with its flags; without them it is ignored silently.

    pyroute2 has other names for IPv6, and writes its flags in the host's order and not in the network's.
    """
    over_ipv6 = ":" in options.local
    stem, flags = ("IFLA_IP6GRE", socket.htons(GRE_KEY)) if over_ipv6 else ("IFLA_GRE", GRE_KEY)
    return [
        (f"{stem}_IFLAGS", flags),
        (f"{stem}_OFLAGS", flags),
        (f"{stem}_IKEY", options.key),
        (f"{stem}_OKEY", options.key),
        (f"{stem}_LOCAL", options.local),
        (f"{stem}_REMOTE", options.remote),
        (f"{stem}_TTL", TUNNEL_TTL),
    ]


def _encoded_vxlan(options: VXLANOptions) -> list[tuple[str, Any]]:
    local = "IFLA_VXLAN_LOCAL6" if ":" in options.local else "IFLA_VXLAN_LOCAL"
    return [
        ("IFLA_VXLAN_ID", options.vni),
        (local, options.local),
        ("IFLA_VXLAN_PORT", options.port),
        ("IFLA_VXLAN_LEARNING", 1),
        ("IFLA_VXLAN_TTL", TUNNEL_TTL),
    ]


def decoded(kind: str, data: Message) -> Options | None:
    """What stands in IFLA_INFO_DATA of a kind that pifd makes; None of any other."""
    decode = DECODED.get(kind)
    return decode(data) if decode and data else None


def _decoded_bond(data: Message) -> BondOptions:
    return BondOptions(
        mode=BOND_MODE_NAMES[data.get_attr("IFLA_BOND_MODE")],
        miimon=data.get_attr("IFLA_BOND_MIIMON"),
        all_slaves_active=bool(data.get_attr("IFLA_BOND_ALL_SLAVES_ACTIVE")),
    )


def _decoded_bridge(data: Message) -> BridgeOptions:
    return BridgeOptions(
        stp=bool(data.get_attr("IFLA_BR_STP_STATE")),
        forward_delay=data.get_attr("IFLA_BR_FORWARD_DELAY"),
        multicast_snooping=bool(data.get_attr("IFLA_BR_MCAST_SNOOPING")),
    )


def _decoded_vlan(data: Message) -> VLANOptions:
    return VLANOptions(data.get_attr("IFLA_VLAN_ID"))


def _decoded_gre(data: Message) -> GREOptions:
    """0 for a key that is not the same in both directions: such a device is none of pifd's."""

    def value(name: str) -> Any:
        return data.get_attr(f"IFLA_GRE_{name}") or data.get_attr(f"IFLA_IP6GRE_{name}")

    key = value("IKEY") if value("IKEY") == value("OKEY") else 0
    return GREOptions(key or 0, value("LOCAL") or "", value("REMOTE") or "")


def _decoded_vxlan(data: Message) -> VXLANOptions:
    local = data.get_attr("IFLA_VXLAN_LOCAL") or data.get_attr("IFLA_VXLAN_LOCAL6") or ""
    return VXLANOptions(data.get_attr("IFLA_VXLAN_ID") or 0, local, data.get_attr("IFLA_VXLAN_PORT") or 0)


DECODED: Mapping[str, Callable[[Message], Options]] = {
    "bond": _decoded_bond,
    "bridge": _decoded_bridge,
    "vlan": _decoded_vlan,
    "gretap": _decoded_gre,
    "ip6gretap": _decoded_gre,
    "vxlan": _decoded_vxlan,
}
