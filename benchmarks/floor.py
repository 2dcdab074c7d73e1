"""Floor: the same make before break by the bare netlink messages of `ip -batch`: nobody decides or checks.

What it loses is lost by the kernel and the switch; pifd is measured against it in the same run.
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from host.guests import Guest
from network.cabling import ADMIN_IP, ADMIN_IPV6, HOST_IP, HOST_IPV6, MACS, Cabling, cabling
from network.machines import machine, plug_in
from network.namespace import opened
from network.traffic import answers

from agent.kernel.announcement_frames import frame, rarp

MAC = MACS[0]
CARRIER, LEARNING = 1.5, 0.1
"""Seconds until a bond has carrier, and until switches have learned."""
SETTLING = 3.0
"""Seconds after which nothing that was just cabled up is still about to change its state."""
BRIDGE = "type bridge forward_delay 0 mcast_snooping 0"


@dataclass(frozen=True)
class Bare:
    """A host without a daemon."""

    net: Cabling
    guests: tuple[Guest, ...]

    def create(self) -> None:
        """Both NICs into a bond, below a bridge of its own."""
        self.do(
            f"link add new0 address {MAC} {BRIDGE}",
            f"link add bond0 address {MAC} type bond mode active-backup miimon 100",
            *quiet("new0", "bond0"),
            "link set eth1 down", "link set eth1 master bond0", "link set bond0 master new0",
            "link set bond0 type bridge_slave learning off",
            "link set bond0 up", "link set new0 up",
        )  # fmt: skip
        time.sleep(CARRIER)
        self._change_over("old0", "new0", "eth0", "bond0")
        self.do("link set eth0 down", "link set eth0 master bond0", "link delete old0")

    def destroy(self) -> None:
        """The first NIC out, then what the bond served over to it."""
        self.do(
            f"link add old0 address {MAC} {BRIDGE}", *quiet("old0"), "link set old0 up",
            "link set eth0 nomaster",
            f"link set eth0 address {MAC}", "link set eth0 master old0",
            "link set eth0 type bridge_slave learning off", "link set eth0 up",
        )  # fmt: skip
        time.sleep(CARRIER)
        self._change_over("new0", "old0", "bond0", "eth0")
        self.do(
            "link delete new0", "link delete bond0", f"link set eth1 address {MACS[1]}", "link set eth1 up"
        )

    def _change_over(self, old: str, new: str, uplink: str, other: str) -> None:
        (admin,) = json.loads(self.net.ip(self.net.admin, "-j", "link", "show", "eth0"))
        known = [f"neigh replace {one} lladdr {admin['address']} dev {new}" for one in (ADMIN_IP, ADMIN_IPV6)]
        self.do(*known, f"addr add {HOST_IPV6}/64 dev {new} nodad")
        time.sleep(LEARNING)
        self.do(
            *(f"link set {guest.device} master {new}" for guest in self.guests),
            f"addr add {HOST_IP}/24 dev {new}", f"route replace default via {ADMIN_IP} dev {new}",
            f"route replace default via {ADMIN_IPV6} dev {new}", f"addr del {HOST_IP}/24 dev {old}",
            f"addr del {HOST_IPV6}/64 dev {old}", f"link set {uplink} nomaster",
            f"link set {other} type bridge_slave learning on",
        )  # fmt: skip
        self._announce(new)
        time.sleep(LEARNING)

    def do(self, *commands: str) -> None:
        """Several `ip` commands in one process."""
        self.net.batch(self.net.host, "\n".join(commands))

    def _announce(self, bridge: str) -> None:
        frames = [frame(MAC, f"{HOST_IP}/24"), frame(MAC, f"{HOST_IPV6}/64")]
        with opened(self.net.host, socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
            for one in [*frames, *(rarp(guest.MAC) for guest in self.guests)]:
                packets.sendto(one, (bridge, 0))


def quiet(*names: str) -> list[str]:
    """The devices give themselves no IPv6 addresses, whose reports would tell the switch too early."""
    return [f"link set {name} addrgenmode none" for name in names]


@contextmanager
def bare_host(count: int) -> Iterator[Bare]:
    """The host while inside; its guests and its addresses are on eth0's bridge."""
    with ExitStack() as stack:
        net = stack.enter_context(cabling())
        names = [stack.enter_context(machine(net, f"guest{number}")) for number in range(count)]
        guests = tuple(
            Guest(name, f"vif{n + 1}.0", f"02:00:00:00:01:{n:02x}", f"192.0.2.{100 + n}")
            for n, name in enumerate(names)
        )
        for guest in guests:
            plug_in(net, guest.device, guest.namespace, guest.MAC, f"{guest.address}/24")
        bare = Bare(net, guests)
        bare.do(
            f"link add old0 address {MAC} {BRIDGE}", *quiet("old0"), "link set old0 up",
            "link set eth0 master old0",
            "addr flush dev eth0", f"addr add {HOST_IP}/24 dev old0",
            f"addr add {HOST_IPV6}/64 dev old0 nodad", f"route replace default via {ADMIN_IP} dev old0",
            f"route replace default via {ADMIN_IPV6} dev old0",
            *(f"link set {guest.device} master old0 up" for guest in guests),
        )  # fmt: skip
        time.sleep(SETTLING)
        assert all(answers(net.admin, address) for address in (HOST_IP, HOST_IPV6))
        yield bare
