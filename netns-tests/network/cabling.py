"""Cabling: a host with NICs, a switch that they are plugged into, and an admin's machine behind it.

    host              switch             admin
    ┌──────────┐      ┌─────────────┐    ┌──────────────────┐
    │ eth0  .10├──────┤ port0       │    │                  │
    │          │      │       admin0├────┤ eth0  .1         │
    │ eth1     ├──────┤ port1       │    │                  │
    └──────────┘      └─────────────┘    └──────────────────┘

Each is a network namespace, and the cables are veth pairs.  In the host stand devices that are not pifd's.
The switch can be taught VLANs: then every cable carries untagged frames and those of two tags, and on each of
these segments the admin's machine has an address (SEGMENTS), which it tells nobody on another.
"""

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from network.namespace import set_sysctl

HOST_IP, ADMIN_IP = "192.0.2.10", "192.0.2.1"
HOST_IPV6, ADMIN_IPV6 = "2001:db8::10", "2001:db8::1"
UNTAGGED = 0
SEGMENTS = {UNTAGGED: "192.0.2", 10: "198.51.100", 20: "203.0.113"}
"""The first three octets of each segment's /24, by its tag; the machine behind the switch is number 1."""
MACS = tuple(f"02:00:00:00:00:1{n}" for n in range(10))

FOREIGN = """
link add docker0 type bridge
addr add 172.17.0.1/16 dev docker0
link add storage0 type bond mode balance-rr
link add disk0 type dummy
link set disk0 master storage0
link set storage0 up
"""
"""What others have on the host: a bridge like Docker's, and a bond with a port and its own options."""

FOREIGN_NAMES = frozenset({"lo", "docker0", "storage0", "disk0", "gre0", "gretap0", "erspan0"})

_number = itertools.count()


@dataclass(frozen=True)
class Cabling:
    """The names of the three namespaces."""

    host: str
    switch: str
    admin: str

    def ip(self, namespace: str, *arguments: str) -> str:
        """What an `ip` command prints in a namespace."""
        return run("ip", "-n", namespace, *arguments)

    def batch(self, namespace: str, commands: str) -> None:
        """Several `ip` commands at once."""
        run("ip", "-n", namespace, "-batch", "-", text=commands)

    def shown(self) -> "Shown":
        """What `ip` shows of the host, in one process: each costs a tenth of a second in a guest."""
        commands = "".join(f"{command}\n" for command in OVERVIEW)
        text = run("ip", "-n", self.host, "-d", "-j", "-batch", "-", text=commands)
        return shown_by([json.loads(line) for line in text.splitlines()])

    def links(self) -> dict[str, dict[str, Any]]:
        """The host's links by name, as `ip -d -j link` shows them."""
        return self.shown().links

    def addresses(self) -> dict[str, list[str]]:
        """The host's global addresses by link, IPv4 first."""
        return self.shown().addresses

    def foreign(self) -> dict[str, str]:
        """The devices that are not pifd's, each as the text that `ip -d -j link` has for it."""
        return self.shown().foreign()

    def ports(self, master: str) -> list[str]:
        """The ports of a device on the host."""
        return sorted(name for name, link in self.links().items() if link.get("master") == master)


@dataclass(frozen=True)
class Shown:
    """What `ip` shows: links and global addresses by name, and the default routes as `gateway link`."""

    links: dict[str, dict[str, Any]]
    addresses: dict[str, list[str]]
    routes: list[str]

    def foreign(self) -> dict[str, str]:
        """The devices that are not pifd's, each as the text that `ip` has for it."""
        return {name: json.dumps(link) for name, link in self.links.items() if name in FOREIGN_NAMES}


OVERVIEW = ("link show", "addr show scope global", "route show table all")
"""What `ip` is asked for a Shown."""


def shown_by(answers: Sequence[Any]) -> Shown:
    """The answers to OVERVIEW."""
    links, addresses, routes = answers
    return Shown(
        {link["ifname"]: link for link in links},
        addresses_by_link(addresses),
        [f"{route['gateway']} {route['dev']}" for route in routes if is_default(route)],
    )


def is_default(route: dict[str, Any]) -> bool:
    """Whether it is a default route of the main table."""
    return route["dst"] == "default" and route.get("table", "main") == "main" and "gateway" in route


def addresses_by_link(shown: list[dict[str, Any]]) -> dict[str, list[str]]:
    """`address/prefix length` by link; of a link without any, ip shows an empty object."""
    found: dict[str, list[str]] = {}
    for link in shown:
        for address in link.get("addr_info", ()):
            if address and link["ifname"] not in FOREIGN_NAMES:
                found.setdefault(link["ifname"], []).append(f"{address['local']}/{address['prefixlen']}")
    return found


@contextmanager
def cabling(nics: int = 2) -> Iterator[Cabling]:
    """The network while inside; eth0 has the host's addresses, the other NICs have none."""
    stem = f"pifd{os.getpid()}-{next(_number)}"
    net = Cabling(f"{stem}-host", f"{stem}-switch", f"{stem}-admin")
    names = (net.host, net.switch, net.admin)
    for name in names:
        run("ip", "netns", "add", name)
    try:
        lay_cables(net, nics)
        yield net
    finally:
        for name in names:
            run("ip", "netns", "delete", name)


def lay_cables(net: Cabling, nics: int) -> None:
    """Plug everything together and give the machines their addresses."""
    cables = [
        f"link add eth{n} address {MACS[n]} type veth peer name port{n} netns {net.switch}"
        for n in range(nics)
    ]
    up = [f"link set eth{n} up" for n in range(nics)]
    net.batch(net.host, "\n".join(["link set lo up", *cables, FOREIGN, *up]))
    net.batch(net.admin, f"link set lo up\nlink add eth0 type veth peer name admin0 netns {net.switch}\n")
    ports = [f"port{n}" for n in range(nics)] + ["admin0"]
    plugged = [f"link set {port} up master switch0" for port in ports]
    net.batch(net.switch, "\n".join(["link add switch0 type bridge", "link set switch0 up", *plugged]))
    address_machines(net)


def address_machines(net: Cabling) -> None:
    """The addresses of both families, usable at once (nodad), and the host's default routes."""
    net.batch(
        net.admin,
        f"link set eth0 up\naddr add {ADMIN_IP}/24 dev eth0\naddr add {ADMIN_IPV6}/64 dev eth0 nodad\n",
    )
    net.batch(
        net.host,
        f"addr add {HOST_IP}/24 dev eth0\naddr add {HOST_IPV6}/64 dev eth0 nodad\n"
        f"route add default via {ADMIN_IP}\nroute add default via {ADMIN_IPV6} dev eth0\n",
    )


def take_ipv4_away(net: Cabling) -> None:
    """From now on the host has IPv6 alone."""
    net.ip(net.host, "-4", "addr", "flush", "dev", "eth0")


def teach_tags(net: Cabling, nics: int) -> None:
    """From now on a frame stays in its VLAN on the switch, and the admin's machine is on each of them."""
    tags = [tag for tag in SEGMENTS if tag != UNTAGGED]
    ports = [f"port{n}" for n in range(nics)] + ["admin0"]
    opened = [f"vlan add dev {port} vid {tag}" for port in ports for tag in tags]
    net.ip(net.switch, "link", "set", "switch0", "type", "bridge", "vlan_filtering", "1")
    run("bridge", "-n", net.switch, "-batch", "-", text="\n".join(opened))
    joined = [
        f"link add link eth0 name eth0.{tag} type vlan id {tag}\nlink set eth0.{tag} up\n"
        f"addr add {SEGMENTS[tag]}.1/24 dev eth0.{tag}\naddr add 2001:db8:{tag}::1/64 dev eth0.{tag} nodad\n"
        for tag in tags
    ]
    net.batch(net.admin, "".join(joined))
    set_sysctl(net.admin, "net.ipv4.conf.all.arp_ignore", "1")  # each address on its own segment alone


def run(*command: str, text: str | None = None) -> str:
    """A command's output; an error with its own words when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
