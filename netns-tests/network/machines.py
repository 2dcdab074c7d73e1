"""Machines beside the host and the admin's: VMs behind their VIFs, and hosts at the other end of a tunnel.

Each is a network namespace.  A VM hangs on a veth pair whose other end is its VIF's device on the host; the
other end of a tunnel is made with `ip` alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from network.cabling import Cabling, run

VXLAN_PORT = 4789


@dataclass(frozen=True)
class Far:
    """A host behind the switch.  address, address6: where it stands, in the host's own subnets."""

    namespace: str
    address: str
    address6: str


@contextmanager
def machine(net: Cabling, name: str) -> Iterator[str]:
    """A namespace while inside."""
    namespace = net.host.removesuffix("-host") + f"-{name}"
    run("ip", "netns", "add", namespace)
    try:
        yield namespace
    finally:
        run("ip", "netns", "delete", namespace)


def plug_in(net: Cabling, device: str, vm: str, MAC: str, address: str) -> None:
    """The toolstack's part of a VIF: a device on the host, at whose other end is the VM's eth0."""
    net.ip(
        net.host, "link", "add", device, "type", "veth", "peer", "name", "eth0", "address", MAC, "netns", vm
    )
    net.batch(vm, f"link set lo up\naddr add {address} dev eth0\nlink set eth0 up\n")


@contextmanager
def far_host(net: Cabling, number: int) -> Iterator[Far]:
    """A host that is number <number> of the host's own subnets, on a port of the switch."""
    with machine(net, f"far{number}") as namespace:
        far = Far(namespace, f"192.0.2.{number}", f"2001:db8::{number:x}")
        port = f"far{number}"
        net.ip(namespace, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", net.switch)
        net.batch(
            namespace,
            f"link set eth0 up\naddr add {far.address}/24 dev eth0\n"
            f"addr add {far.address6}/64 dev eth0 nodad\n",
        )
        net.ip(net.switch, "link", "set", port, "up", "master", "switch0")
        yield far


def gre(net: Cabling, far: Far, name: str, key: int, remote: str, inner: str) -> None:
    """The other end of a GRE tunnel, with an address inside it."""
    kind, local = ("ip6gretap", far.address6) if ":" in remote else ("gretap", far.address)
    _tunnel(net, far, f"{name} type {kind} key {key} local {local} remote {remote}", inner)


def vxlan(net: Cabling, far: Far, name: str, vni: int, remote: str, inner: str) -> None:
    """The other end of a VXLAN."""
    local = far.address6 if ":" in remote else far.address
    _tunnel(net, far, f"{name} type vxlan id {vni} local {local} remote {remote} dstport {VXLAN_PORT}", inner)


def _tunnel(net: Cabling, far: Far, link: str, inner: str) -> None:
    name = link.partition(" ")[0]
    net.batch(far.namespace, f"link add {link}\naddr add {inner} dev {name}\nlink set {name} up\n")
