"""Whether the host can be reached: its management interface's neighbours are asked before a change and after.

Only those that answered before have to answer after: a host whose neighbours are silent is not held up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from typing import Protocol

from agent.interface_reconfigure.link_layers import LinkLayers
from agent.kernel.state import KernelState
from agent.kernel.steps import (
    AddAddress,
    CreateLink,
    DeleteAddress,
    DeleteRoute,
    SetRoute,
    Step,
    flat,
    names_in,
)
from agent.model.addresses import is_main_default
from agent.model.records import PIF, IPMode

MOST_PEERS = 8
"""How many neighbours are asked, the gateway first."""
BEFORE, AFTER = 1.0, 10.0
"""Seconds for one of them to answer: before a change they need not, after it they must."""


class Neighbourhood(Protocol):
    """What this needs of the kernel."""

    async def peers(self, link: str) -> tuple[str, ...]: ...
    async def probe(self, link: str, peers: Sequence[str], seconds: float) -> frozenset[str]: ...


@dataclass(frozen=True)
class Unreachable(Exception):
    """The change left the host without a way to the neighbours that it had."""

    link: str
    peers: tuple[str, ...]

    def __str__(self) -> str:
        return f"the host is no longer reachable: over {self.link} none of {', '.join(self.peers)} answers"


def is_touched(steps: Iterable[Step], state: KernelState, link: str) -> bool:
    """Whether steps change what the management link stands on, what it has, or any address or route.

    A VLAN that comes beside a thousand others does not: nobody has to be asked before it and after it.
    """
    stack = LinkLayers(state).below(link)
    for step in flat(steps):
        if isinstance(step, AddAddress | DeleteAddress | SetRoute | DeleteRoute):
            return True
        names = {step.link.name, step.link.master} if isinstance(step, CreateLink) else names_in(step)
        if not stack.isdisjoint(names):
            return True
    return False


async def witnesses(kernel: Neighbourhood, state: KernelState, link: str, pif: PIF) -> tuple[str, ...]:
    """The neighbours on the management link that answer now, one of each family if there is one."""
    if link not in state.links:
        return ()
    peers = dict.fromkeys([*gateways(pif), *await kernel.peers(link)])
    near = [peer for peer in peers if is_near(peer, pif)]
    answered: set[str] = set()
    for version in (4, 6):
        asked = _of(near, version)[:MOST_PEERS]
        answered |= await kernel.probe(link, asked, BEFORE) if asked else set()
    return tuple(sorted(answered))


async def check(kernel: Neighbourhood, link: str, pif: PIF, answered: Sequence[str]) -> None:
    """In each family that had an answer before, one of those or the new gateway answers; or Unreachable."""
    candidates = dict.fromkeys([*gateways(pif), *answered])
    near = [peer for peer in candidates if is_near(peer, pif)]
    for version in (4, 6):
        asked = tuple(_of(near, version)) if _of(answered, version) else ()
        if asked and not await kernel.probe(link, asked, AFTER):
            raise Unreachable(link, asked)


def _of(peers: Sequence[str], version: int) -> list[str]:
    return [peer for peer in peers if ip_address(peer).version == version]


def gateways(pif: PIF) -> list[str]:
    """The PIF's gateways, of both families."""
    ip = pif.ip_configuration
    kept = (route.gateway for route in ip.kept_routes if is_main_default(route))
    return [gateway for gateway in (ip.gateway, ip.ipv6_gateway, *kept) if gateway]


def interfaces(pif: PIF) -> list[str]:
    """The PIF's configured addresses with their prefix lengths."""
    ip = pif.ip_configuration
    ipv4 = [f"{ip.IP}/{ip.netmask}"] if ip.ip_configuration_mode == IPMode.STATIC else []
    return [*ipv4, *ip.IPv6]


def is_near(peer: str, pif: PIF) -> bool:
    """A neighbour that pifd may ask: in a subnet of the PIF's, by its IPv6 link-local address, or a gateway
    that needs no subnet."""
    if any(peer == route.gateway for route in pif.ip_configuration.kept_routes):
        return True
    address = ip_address(peer)
    if address.version == 6 and address.is_link_local:
        return True
    return any(address in ip_interface(interface).network for interface in interfaces(pif))
