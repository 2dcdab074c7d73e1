"""HostState: what iproute2 and /proc say of a host's devices, addresses and routes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from network.cabling import FOREIGN_NAMES
from network.iproute import Iproute
from network.namespace import inside

GROUP, DOOMED_GROUP = "1885955684", "1885955685"
"""`pifd` in ASCII, as a number: the link group of pifd's devices, and of those that it is about to delete."""
FLOOD = "00:00:00:00:00:00"
LOCAL_TUNNELS = ("ip6tnl0", "ip6gre0", "sit0", "tunl0")
"""What the kernel puts into every namespace once it knows these tunnels."""

Device = dict[str, object]
"""What is said of a device, by attribute."""


@dataclass(frozen=True)
class HostState:
    """What the programs tell: links, ports and forwarding entries by device, addresses, routes, bonds."""

    links: Mapping[str, dict[str, Any]]
    addresses: frozenset[tuple[str, str]]
    routes: tuple[dict[str, Any], ...]
    ports: Mapping[str, dict[str, Any]]
    fdb: tuple[dict[str, Any], ...]
    bonds: Mapping[str, str]


def state_of(namespace: str) -> HostState:
    """Ask the programs, which are started for it."""
    with Iproute("ip", namespace) as ip, Iproute("bridge", namespace) as bridge:
        return told_by(ip, bridge, namespace)


def told_by(ip: Iproute, bridge: Iproute, namespace: str) -> HostState:
    """Ask programs that run already."""
    links, addresses, routes = ip.ask("link show", "addr show", "route show table all")
    ports, fdb = bridge.ask("link show", "fdb show")
    return HostState(
        {link["ifname"]: link for link in links if link["ifname"] not in (*FOREIGN_NAMES, *LOCAL_TUNNELS)},
        frozenset(global_addresses(addresses)),
        tuple(route for route in routes if route.get("table", "main") == "main"),
        {port["ifname"]: port for port in ports},
        tuple(fdb),
        inside(namespace, proc_bonds),
    )


def global_addresses(links: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for link in links:
        for address in link.get("addr_info", ()):
            if address.get("scope") == "global" and link["ifname"] not in FOREIGN_NAMES:
                yield link["ifname"], f"{address['local']}/{address['prefixlen']}"


def proc_bonds() -> dict[str, str]:
    folder = Path("/proc/thread-self/net/bonding")
    return {file.name: file.read_text() for file in folder.iterdir()} if folder.exists() else {}


def device_state(told: HostState, name: str) -> Device:
    link = told.links[name]
    info = link.get("linkinfo", {})
    data = info.get("info_data", {})
    found: Device = {
        "kind": info.get("info_kind"),
        "up": "UP" in link["flags"],
        "MTU": link["mtu"],
        "MAC": link["address"],
        "master": link.get("master"),
        "below": link.get("link") if info.get("info_kind") == "vlan" else None,
        "tag": data.get("id") if info.get("info_kind") == "vlan" else None,
        "isolated": bool(told.ports.get(name, {}).get("isolated")),
        "stp": data.get("stp_state"),
    }
    return found | (bond_told(told, name, data) if name in told.bonds else {})


def bond_told(told: HostState, name: str, data: Mapping[str, Any]) -> Device:
    """/proc's word for it, and netlink's mode."""
    lines = told.bonds[name].splitlines()
    slaves = sorted(line.partition(": ")[2] for line in lines if line.startswith("Slave Interface"))
    return {"mode": data["mode"], "slaves": slaves}


def owned(told: HostState) -> list[str]:
    """Tunnels are compared by what they are, because their names say nothing."""
    return sorted(
        name
        for name, link in told.links.items()
        if link.get("group") in (GROUP, DOOMED_GROUP) and not is_tunnel(link)
    )


def is_tunnel(link: Mapping[str, Any]) -> bool:
    return link.get("linkinfo", {}).get("info_kind") in ("gretap", "ip6gretap", "vxlan")


def tunnel_states(told: HostState) -> list[tuple[object, ...]]:
    """kind, key, local address, other ends, bridge, isolated, up, MTU of each."""
    return sorted(_tunnel_told(told, link) for link in told.links.values() if is_tunnel(link))


def _tunnel_told(told: HostState, link: dict[str, Any]) -> tuple[object, ...]:
    kind, data, name = link["linkinfo"]["info_kind"], link["linkinfo"]["info_data"], link["ifname"]
    if kind == "vxlan":
        key, local = data["id"], data.get("local") or data.get("local6")
        ends = sorted(e["dst"] for e in told.fdb if e["ifname"] == name and e["mac"] == FLOOD)
    else:
        key, local, ends = int(ip_address(data["ikey"])), data["local"], [data["remote"]]
    isolated = bool(told.ports.get(name, {}).get("isolated"))
    return kind, key, local, ends, link.get("master"), isolated, "UP" in link["flags"], link["mtu"]


def default_routes(told: HostState) -> Iterator[tuple[str, str]]:
    return ((route["gateway"], route["dev"]) for route in told.routes if route["dst"] == "default")
