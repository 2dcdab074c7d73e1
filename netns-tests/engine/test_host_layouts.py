"""Nothing that a host has is lost: what tools and daemons left on a NIC is there after all that pifd does.

What `ip` shows is compared, without the name of the device that it sits on, and the host is asked for by the
addresses that it is reached by.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from host.xenapi import XenAPI
from network.cabling import ADMIN_IP, ADMIN_IPV6, HOST_IP, HOST_IPV6, Cabling, cabling
from network.namespace import inside, set_sysctl
from network.traffic import answers

Things = list[str]
PASSING = ("dev", "ifname", "label", "valid_life_time", "preferred_life_time", "flags", "expires")
"""What says where a thing is, or how long it still is there."""
PLACES = ("eth", "xenbr", "xapi", "lo")
MADE_OF_MAC = "fe80::ff:fe00:1"
"""How the link-local addresses begin that the kernel makes of the NICs' MACs."""
STATES = ("dead", "linkdown", "rt_notify", "offload")


@dataclass(frozen=True)
class Layout:
    """How a host is set up.

    host, admin: `ip` commands.  later: those of daemons that come when pifd runs.  reached: the addresses by
    which the admin's machine reaches the host.
    """

    host: str
    reached: tuple[str, ...] = (HOST_IP, HOST_IPV6)
    admin: str = ""
    later: str = ""


PLAIN = f"addr add {HOST_IP}/24 brd + dev eth0\naddr add {HOST_IPV6}/64 dev eth0 nodad\n"
LAYOUTS = {
    "ifupdown2, as Proxmox": Layout(
        PLAIN + f"route add default via {ADMIN_IP} dev eth0 proto kernel onlink\n"
        f"route add 10.1.0.0/16 via {ADMIN_IP} dev eth0 proto kernel onlink\n"
        f"route add default via {ADMIN_IPV6} dev eth0 metric 1024 proto kernel onlink\n"
    ),
    "systemd-networkd with DHCP": Layout(
        f"addr add {HOST_IP}/24 brd + dev eth0 metric 1024 valid_lft 3600 preferred_lft 3600\n"
        f"addr add {HOST_IPV6}/64 dev eth0 nodad noprefixroute\n"
        f"route add 2001:db8::/64 dev eth0 proto ra metric 1024\n"
        f"route add default via {ADMIN_IPV6} dev eth0 proto ra metric 1024\n"
        f"route add {ADMIN_IP} dev eth0 proto dhcp scope link src {HOST_IP} metric 1024\n"
        f"route add default via {ADMIN_IP} dev eth0 proto dhcp src {HOST_IP} metric 1024\n"
    ),
    "NetworkManager": Layout(
        f"addr add {HOST_IP}/24 brd + dev eth0 noprefixroute\n"
        f"addr add {HOST_IPV6}/64 dev eth0 nodad noprefixroute\n"
        f"route add 192.0.2.0/24 dev eth0 proto kernel scope link src {HOST_IP} metric 100\n"
        f"route add default via {ADMIN_IP} dev eth0 proto static metric 100\n"
        "route add 2001:db8::/64 dev eth0 proto kernel metric 100\n"
        f"route add default via {ADMIN_IPV6} dev eth0 proto static metric 100\n"
    ),
    "the address on lo": Layout(
        "addr add 198.51.100.7/32 dev lo\naddr add 2001:db8:7::7/128 dev lo\n"
        f"route add default via {ADMIN_IP} dev eth0 onlink src 198.51.100.7\n"
        f"route add {ADMIN_IPV6} dev eth0\n"
        f"route add default via {ADMIN_IPV6} dev eth0 onlink\n",
        ("198.51.100.7", "2001:db8:7::7"),
        "route add 198.51.100.7 dev eth0\nroute add 2001:db8:7::7 via fe80::ff:fe00:10 dev eth0\n",
    ),
    "metrics, and a backup gateway": Layout(
        PLAIN + f"addr add 203.0.113.10/24 dev eth1\n"
        f"route add default via {ADMIN_IP} dev eth0 metric 100 mtu lock 1400 advmss 1300 initcwnd 20\n"
        "route add default via 203.0.113.1 dev eth1 metric 200\n"
        f"route add 10.0.0.0/9 via {ADMIN_IP} dev eth0 metric 50 table 100\n"
        f"route add 10.128.0.0/9 via {ADMIN_IP} dev eth0 metric 7 src {HOST_IP} tos 0x10\n"
        "rule add from 198.51.100.0/24 lookup 100 priority 1000\n"
    ),
    "a single address with a gateway outside": Layout(
        f"addr add {HOST_IP}/32 dev eth0\nroute add {ADMIN_IP} dev eth0\n"
        f"route add default via {ADMIN_IP} dev eth0\n"
        "addr add fe80::abcd/64 dev eth0 nodad\n",
        (HOST_IP,),
    ),
    "a point-to-point peer, further addresses": Layout(
        f"addr add {HOST_IP} peer {ADMIN_IP}/32 dev eth0\nroute add default via {ADMIN_IP} dev eth0\n"
        "addr add 198.51.100.10/24 brd + dev eth0 label eth0:one\naddr add 198.51.100.11/24 dev eth0\n",
        (HOST_IP, "198.51.100.11"),
        "addr add 198.51.100.1/24 dev eth0\n",
    ),
    "keepalived, bird, a VPN, permanent neighbours": Layout(
        PLAIN + f"route add default via {ADMIN_IP}\n",
        (HOST_IP, "192.0.2.200"),
        later="addr add 192.0.2.200/32 dev xenbr0\naddr add 192.0.2.201/24 dev xenbr0\n"
        f"route add 10.0.0.0/8 via {ADMIN_IP} dev xenbr0 proto bird metric 32\n"
        f"route add 10.9.0.0/16 via {ADMIN_IP} dev xenbr0 table 51820\n"
        f"route add 2001:db8:9::/48 via {ADMIN_IPV6} dev xenbr0 proto bgp metric 20\n"
        "neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 nud permanent dev xenbr0\n",
    ),
}


@pytest.fixture
def net() -> Iterator[Cabling]:
    with cabling() as net:
        batch(
            net,
            net.host,
            "-6 route del default\naddr flush dev eth0 scope global\n-6 addr flush dev eth0 scope global\n",
        )
        yield net


@pytest.mark.parametrize("name", LAYOUTS)
def test_everything_that_a_host_has_is_there_after(net: Cabling, tmp_path: Path, name: str) -> None:
    layout = LAYOUTS[name]
    batch(net, net.host, layout.host)
    batch(net, net.admin, layout.admin)
    had = things(net)
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    check(net, replace(layout, reached=layout.reached[:1]), had, "the take-over")
    batch(net, net.host, layout.later)
    if layout.later:
        had = [*had, *(thing for thing in things(net) if thing not in had)]
    network = output(home, "network-create", "name-label=unrelated")
    check(net, layout, had, "an unrelated call")
    assert daemon.stop() == 0
    daemon = start_forked(net.host, home)
    await_answer(home)
    check(net, layout, had, "a restart")
    bond = (
        output(home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
        if may_bond(home)
        else ""
    )
    if bond:
        check(net, layout, had, "Bond.create")
        output(home, "bond-destroy", f"uuid={bond}")
        check(net, layout, had, "Bond.destroy")
    assert daemon.stop() == 0


def may_bond(home: Home) -> bool:
    """Two slaves with an IP configuration are refused by the design."""
    with closing(XenAPI(home.socket)) as api:
        pifs = api.call("PIF.get_all_records").values()
    return not any(pif["device"] == "eth1" and pif["currently_attached"] for pif in pifs)


def check(net: Cabling, layout: Layout, had: Things, after: str) -> None:
    now = things(net)
    lost = [thing for thing in had if thing not in now]
    assert (after, lost) == (after, [])
    unreached = [address for address in layout.reached if not answers(net.admin, address)]
    assert (after, unreached) == (after, [])


def batch(net: Cabling, namespace: str, commands: str) -> None:
    """Each line with the family that its addresses have."""
    for line in commands.splitlines():
        family = "-6" if "::" in line or line.startswith("-6") else "-4"
        net.ip(namespace, family, *line.removeprefix("-6 ").split())


def things(net: Cabling) -> Things:
    """Addresses, routes of all tables, rules and permanent neighbours, each as a line."""
    found: list[Any] = []
    for link in shown(net, "addr", "show"):
        if link["ifname"].startswith(PLACES):
            found += [
                {"is": "address", **plain(address)}
                for address in link.get("addr_info", ())
                if is_meant(address)
            ]
    for family in ("-4", "-6"):
        routes = shown(net, family, "route", "show", "table", "all")
        found += [{"is": "route", **route_as_meant(route)} for route in routes if is_configured(route)]
        found += [{"is": "rule", **rule} for rule in shown(net, family, "rule", "show")]
    found += [{"is": "neighbour", **plain(n)} for n in shown(net, "neigh", "show", "nud", "permanent")]
    return [json.dumps(one, sort_keys=True) for one in found]


def shown(net: Cabling, *words: str) -> list[Any]:
    return [one for one in json.loads(net.ip(net.host, "-d", "-j", *words) or "[]") if one]


def plain(one: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in one.items() if key not in (*PASSING, "protocol", "dynamic", "secondary")
    }


def is_meant(address: dict[str, Any]) -> bool:
    """Not what the kernel gave by itself."""
    return bool(address) and not address["local"].startswith(MADE_OF_MAC)


def is_configured(route: dict[str, Any]) -> bool:
    return route.get("table") != "local" and not route["dst"].startswith(("fe80::/64", "ff00::"))


def route_as_meant(route: dict[str, Any]) -> dict[str, Any]:
    """A route with no more to it than destination and gateway is pifd's own, and has its mark."""
    flags = sorted(flag for flag in route.get("flags", ()) if flag not in STATES)
    meant = {**plain(route), "flags": flags, "protocol": route.get("protocol")}
    if meant["protocol"] in ("boot", "static", "112"):
        meant["protocol"] = "configured"
    return meant


SETTINGS = {
    "ipv4/conf/{}/proxy_arp": "1",
    "ipv4/conf/{}/rp_filter": "2",
    "ipv4/conf/{}/forwarding": "1",
    "ipv6/conf/{}/accept_ra": "0",
    "ipv4/neigh/{}/ucast_solicit": "5",
}


def test_settings_rules_and_neighbours_go_along_with_their_place(net: Cabling, tmp_path: Path) -> None:
    batch(net, net.host, LAYOUTS["ifupdown2, as Proxmox"].host)
    batch(
        net,
        net.host,
        "rule add iif eth0 lookup 100 priority 1001\nrule add from 10.1.0.0/16 lookup 101 priority 1001\n"
        "-6 rule add oif eth0 lookup 100 priority 1002\n"
        "neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 nud permanent dev eth0\n"
        "neigh add proxy 192.0.2.78 dev eth0\n"
        "link set eth1 up\nneigh add 198.51.100.77 lladdr 02:00:00:00:00:79 nud permanent dev eth1\n"
        "neigh add proxy 198.51.100.78 dev eth1\n",
    )
    for name, value in SETTINGS.items():
        set_sysctl(net.host, "net." + name.format("eth0").replace("/", "."), value)
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert beside(net, "xenbr0") == BESIDE
    in_order = [rule["src"] for rule in shown(net, "-4", "rule", "show") if rule["priority"] == 1001]
    assert in_order == ["all", "10.1.0.0"]
    assert lasting(net, "eth1") == OF_ETH1  # it has no address: it is set down
    output(home, "pif-plug", "uuid=eth1")
    assert lasting(net, "xenbr1") == OF_ETH1
    output(home, "pif-unplug", "uuid=eth1")
    assert lasting(net, "eth1") == OF_ETH1
    output(home, "pif-plug", "uuid=eth1")
    network = output(home, "network-create", "name-label=Bonded")
    bond = output(home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    there = beside(net, "xapi0")
    assert there[:3] == BESIDE[:3]
    assert there[3:] == tuple(
        sorted([*own, *others]) for own, others in zip(BESIDE[3:], OF_ETH1, strict=True)
    )
    output(home, "bond-destroy", f"uuid={bond}")
    assert beside(net, "xenbr0") == there
    assert daemon.stop() == 0


BESIDE = (SETTINGS, ["iif"], ["oif"], ["192.0.2.77"], ["192.0.2.78"])
OF_ETH1 = (["198.51.100.77"], ["198.51.100.78"])


def beside(net: Cabling, device: str) -> tuple[object, ...]:
    """The settings of a device, which rules name it, and its neighbours: permanent ones, and answered for."""
    return (
        inside(net.host, lambda: {name: read(name.format(device)) for name in SETTINGS}),
        [k for rule in shown(net, "-4", "rule", "show") for k in ("iif", "oif") if rule.get(k) == device],
        [k for rule in shown(net, "-6", "rule", "show") for k in ("iif", "oif") if rule.get(k) == device],
        *lasting(net, device),
    )


def lasting(net: Cabling, device: str) -> tuple[list[str], list[str]]:
    """Its neighbours: permanent ones, and answered for."""
    permanent = shown(net, "-4", "neigh", "show", "nud", "permanent", "dev", device)
    proxies = shown(net, "-4", "neigh", "show", "proxy", "dev", device)
    return sorted(one["dst"] for one in permanent), sorted(one["dst"] for one in proxies)


def read(name: str) -> str:
    return (Path("/proc/sys/net") / name).read_text().strip()


@pytest.mark.parametrize(
    "kind", ["vlan", "macvlan", "ipvlan", "macvlan elsewhere", "vlan elsewhere", "gre", "vrf"]
)
def test_an_unplugged_NIC_that_somebody_uses_is_left_alone(net: Cabling, tmp_path: Path, kind: str) -> None:
    used = {
        "vlan": "link add link eth1 name theirs type vlan id 7",
        "macvlan": "link add link eth1 name theirs type macvlan",
        "ipvlan": "link add link eth1 name theirs type ipvlan mode l2",
        "vrf": "link add theirs type vrf table 77\nlink set eth1 master theirs",
        "gre": "link add theirs type gretap key 9 local 192.0.2.10 remote 192.0.2.99 dev eth1",
    }
    batch(net, net.host, LAYOUTS["ifupdown2, as Proxmox"].host + used[kind.split()[0]] + "\n")
    where = net.admin if "elsewhere" in kind else net.host
    if where == net.admin:
        batch(net, net.host, f"link set theirs netns {net.admin}")
    batch(net, where, "link set theirs up")
    before = essence_of(net, "eth1")
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    output(home, "network-create", "name-label=unrelated")
    assert daemon.stop() == 0
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert essence_of(net, "eth1") == before
    assert answers(net.admin, HOST_IP)
    assert daemon.stop() == 0


WAYS = "route add 198.51.100.0/24 nexthop via 192.0.2.1 dev eth0 nexthop via 192.0.2.7 dev eth0\n"
OBJECT = "nexthop add id 7 via 192.0.2.1 dev eth0\nroute add 198.51.100.0/24 nhid 7\n"


@pytest.mark.parametrize(("ways", "reason"), [(WAYS, "multipath"), (OBJECT, "next hop object 7")])
def test_a_route_that_can_not_be_moved_is_refused_by_name_and_the_host_stays_as_it_is(
    net: Cabling, tmp_path: Path, ways: str, reason: str
) -> None:
    batch(net, net.host, LAYOUTS["ifupdown2, as Proxmox"].host + ways)
    before = net.shown()
    daemon = start_forked(net.host, Home(tmp_path))
    assert daemon.wait() == 1
    told = daemon.log.read_text()
    assert [word in told for word in ("eth0", "198.51.100.0/24", reason)] == [True] * 3, told
    assert net.shown() == before
    assert answers(net.admin, HOST_IP)


def essence_of(net: Cabling, name: str) -> dict[str, Any]:
    """A link without its counters of changes."""
    return {k: v for k, v in net.links()[name].items() if k not in ("promiscuity", "allmulti")}
