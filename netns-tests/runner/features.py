"""What only some kernels have, options of bonds and attributes of addresses: probed, set, read as netlink.

Neither pyroute2 nor every `ip` knows them, and both leave out in silence what they don't know.
"""

import socket
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from network.cabling import run
from network.namespace import opened

from tests.scenarios.modes import BALANCE_SLB

NEWLINK, NEWADDR, GETADDR, GETLINK = 16, 20, 22, 18
REQUEST, ACK, DUMP, CREATE_ONLY = 0x1, 0x4, 0x300, 0x600
ERROR, DONE = 2, 3
IFNAME, LINKINFO, KIND, DATA = 3, 18, 1, 2
LOCAL, PROTO = 2, 11
NESTED = 0x8000
MODE, MIIMON = 1, 3
BACKUP, LACP = b"\1", b"\4"
"""The modes active-backup and 802.3ad."""


@dataclass(frozen=True)
class BondOption:
    """An option's attribute, a mode of bonds that have it, and a value other than the default."""

    number: int
    mode: bytes
    value: bytes


BOND_OPTIONS: Mapping[str, BondOption] = {
    "peer_notif_delay": BondOption(28, BACKUP, struct.pack("=I", 200)),
    "lacp_active": BondOption(29, LACP, b"\0"),
    "missed_max": BondOption(30, BACKUP, b"\5"),
    "coupled_control": BondOption(32, LACP, b"\0"),
    "broadcast_neighbor": BondOption(33, LACP, b"\1"),
    "lacp_strict": BondOption(34, LACP, b"\1"),
}
ADDRESS_PROTO = "IFA_PROTO"
EGRESS_FORWARD = """add table netdev t
add chain netdev t c { type filter hook egress device lo priority 0; }
add rule netdev t c fwd to lo
"""
"""What a kernel needs beside bonding: rules for devices, at the way out too, and to send on from there."""

Attributes = dict[int, bytes]


@cache
def features() -> frozenset[str]:
    """Those that the running kernel has."""
    found = set()
    with scratch_namespace("features") as namespace:
        make_bond(namespace, "bond0", LACP, {})
        told = bond_options(namespace, "bond0")
        found |= {name for name, option in BOND_OPTIONS.items() if option.number in told}
        add_address(namespace, "lo", "192.0.2.1", proto=7)
        if address_protos(namespace) == {"192.0.2.1": 7}:
            found.add(ADDRESS_PROTO)
        nft = ["ip", "netns", "exec", namespace, "nft", "-f", "-"]
        if not subprocess.run(nft, input=EGRESS_FORWARD, text=True, capture_output=True).returncode:
            found.add(BALANCE_SLB)
    return frozenset(found)


@contextmanager
def scratch_namespace(name: str) -> Iterator[str]:
    run("ip", "netns", "add", name)
    try:
        yield name
    finally:
        run("ip", "netns", "delete", name)


def make_bond(namespace: str, name: str, mode: bytes, options: Attributes) -> None:
    """A bond with options that neither pyroute2 nor `ip` has to know."""
    wanted = {MODE: mode, MIIMON: struct.pack("=I", 100)} | options
    data = b"".join(attribute(number, value) for number, value in wanted.items())
    info = attribute(KIND, b"bond\0") + attribute(DATA | NESTED, data)
    body = bytes(16) + attribute(IFNAME, name.encode() + b"\0") + attribute(LINKINFO | NESTED, info)
    ask(namespace, NEWLINK, CREATE_ONLY | ACK, body)


def bond_options(namespace: str, name: str) -> Attributes:
    """All options of a bond, whether anybody knows them or not."""
    (answer,) = ask(namespace, GETLINK, 0, bytes(16) + attribute(IFNAME, name.encode() + b"\0"))
    return attributes(attributes(attributes(answer[16:])[LINKINFO])[DATA])


def add_address(namespace: str, device: str, address: str, proto: int) -> None:
    """An IPv4 address with a /24 whose protocol says who has set it."""
    index = interface_index(namespace, device)
    local = attribute(LOCAL, socket.inet_aton(address))
    body = struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, index) + local + attribute(PROTO, bytes([proto]))
    ask(namespace, NEWADDR, CREATE_ONLY | ACK, body)


def address_protos(namespace: str) -> dict[str, int]:
    """The IPv4 addresses that have a protocol, with it."""
    answers = ask(namespace, GETADDR, DUMP, bytes([socket.AF_INET]) + bytes(7))
    found = [attributes(answer[8:]) for answer in answers]
    return {socket.inet_ntoa(told[LOCAL]): told[PROTO][0] for told in found if PROTO in told}


def interface_index(namespace: str, name: str) -> int:
    (answer,) = ask(namespace, GETLINK, 0, bytes(16) + attribute(IFNAME, name.encode() + b"\0"))
    index: int = struct.unpack_from("=i", answer, 4)[0]
    return index


def ask(namespace: str, kind: int, flags: int, body: bytes) -> list[bytes]:
    """Send one message; what the answers hold."""
    with opened(namespace, socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as door:
        door.send(struct.pack("=IHHII", 16 + len(body), kind, flags | REQUEST, 1, 0) + body)
        answers: list[bytes] = []
        while True:
            for answer_kind, answer in messages(door.recv(1 << 16)):
                if answer_kind == ERROR and (error := -struct.unpack_from("=i", answer)[0]):
                    raise OSError(error, f"message {kind}")
                if answer_kind in (ERROR, DONE):
                    return answers
                answers.append(answer)
            if not flags & (DUMP | ACK):
                return answers


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        yield kind, data[16:length]
        data = data[-(-length // 4) * 4 :]


def attribute(number: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)


def attributes(data: bytes) -> Attributes:
    found: Attributes = {}
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        found[number & ~NESTED] = data[4:length]
        data = data[-(-length // 4) * 4 :]
    return found
