"""The hosts of the tests as they are before pifd: two NICs, one with the address, and foreign devices."""

from dataclasses import replace
from typing import Any

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.state import Address, KernelState, Link, Route

ADDRESS, GATEWAY, NEIGHBOUR = "192.0.2.10/24", "192.0.2.1", "192.0.2.7"
RESOLVER = "search example.org\nnameserver 192.0.2.53\n"


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def nic(number: int, **fields: Any) -> Link:
    """eth<number>: hardware, up."""
    return Link(**{"name": f"eth{number}", "MAC": mac(number), "up": True, "hardware": True, **fields})


FOREIGN = (
    Link(name="lo", MAC="00:00:00:00:00:00", MTU=65536, up=True),
    Link(name="docker0", kind="bridge", MAC=mac(0xD0), up=True, options=BridgeOptions()),
    Link(name="gre0", kind="gre", MAC="00:00:00:00", MTU=1476),
    Link(name="storage", kind="bond", MAC=mac(8), up=True, options=BondOptions("802.3ad")),
    nic(8, master="storage"),
    nic(9, master="storage", MAC=mac(8), original_MAC=mac(9)),
)
FOREIGN_ADDRESSES = (Address("lo", "127.0.0.1/8"), Address("docker0", "172.17.0.1/16"))
FOREIGN_ROUTES = (Route("docker0", "172.18.0.0/16", "172.17.0.2"),)


def host(*nics: Link) -> KernelState:
    """A host with eth0, which has the address and the default route, eth1, and other people's devices."""
    links = (*FOREIGN, *(nics or (nic(0), nic(1))))
    return KernelState(
        links={link.name: link for link in links},
        addresses=frozenset({*FOREIGN_ADDRESSES, Address("eth0", ADDRESS)}),
        routes=frozenset({*FOREIGN_ROUTES, Route("eth0", "0.0.0.0/0", GATEWAY)}),
        resolver=RESOLVER,
    )


ADDRESS6, GATEWAY6, NEIGHBOUR6 = "2001:db8::10/64", "2001:db8::1", "2001:db8::7"


def host_over_ipv6(*nics: Link) -> KernelState:
    """The same host without any IPv4 address of its own."""
    four = host(*nics)
    return replace(
        four,
        addresses=frozenset({*FOREIGN_ADDRESSES, Address("eth0", ADDRESS6)}),
        routes=frozenset({*FOREIGN_ROUTES, Route("eth0", "::/0", GATEWAY6, 1024)}),
    )
