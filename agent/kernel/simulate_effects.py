"""What a change of one link does to others: ports follow their bond, VLANs the device below them."""

from collections.abc import Iterator
from dataclasses import replace

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.state import KernelState, Link, altered
from agent.kernel.steps import Refused, Step

UNKNOWN_MAC = "unknown"
"""What a bond has when its last port has left: a random one of the kernel's, until a port brings its own."""
UNKNOWN_MTU = 0
"""What a port that leaves a bond has: the one from before it came, which the kernel tells nobody."""


def existing(step: Step, state: KernelState, name: str) -> Link:
    if name not in state.links:
        raise Refused(step, "No such device")
    return state.links[name]


def with_slaves(state: KernelState, link: Link) -> tuple[Link, ...]:
    """A bond passes its MAC and its MTU on to its slaves."""
    return (link, *state.ports(link.name)) if link.kind == "bond" else (link,)


def with_link(state: KernelState, link: Link) -> KernelState:
    table = state.table.with_value(link.name, link)
    return state if table is state.table else state.with_table(table)


def uppers(state: KernelState, name: str) -> tuple[Link, ...]:
    """The VLANs on a device."""
    return tuple(link for link in state.uppers(name) if link.kind == "vlan")


def without_link(state: KernelState, name: str) -> KernelState:
    """What sits on a device goes with it."""
    return swept(links_without(state, name), state)


def links_without(state: KernelState, name: str) -> KernelState:
    """The same, with the addresses and routes still there."""
    for upper in tuple(state.uppers(name)):
        state = links_without(state, upper.name)
    return state.with_table(state.table.without(name))


def swept(state: KernelState, before: KernelState) -> KernelState:
    """Without the addresses and routes of links that have gone: of all at once, there may be thousands."""
    gone = {name for name in state.table.differing(before.table) if name not in state.links}
    return replace(
        state,
        addresses=frozenset(a for a in state.addresses if a.link not in gone),
        routes=frozenset(r for r in state.routes if r.link not in gone),
    )


def with_mtu(state: KernelState, link: Link, MTU: int) -> KernelState:
    """A VLAN never has more than the device below."""
    state = with_link(state, altered(link, MTU=MTU))
    for upper in uppers(state, link.name):
        if upper.MTU > MTU:
            state = with_mtu(state, upper, MTU)
    return state


def up(state: KernelState, link: Link) -> KernelState:
    """The VLANs on a device come up with it, whether they were before or not."""
    state = with_link(state, altered(link, up=True))
    for upper in uppers(state, link.name):
        state = up(state, upper)
    return state


def _above(state: KernelState, name: str) -> Iterator[str]:
    """The VLANs on a device, and those on them."""
    for upper in uppers(state, name):
        yield upper.name
        yield from _above(state, upper.name)


def down(state: KernelState, link: Link) -> KernelState:
    """A link that goes down loses its routes and its IPv6 addresses; the VLANs on it go down too."""
    names = {link.name, *_above(state, link.name)}
    for name in sorted(names):
        state = with_link(state, altered(state.links[name], up=False, carrier=False))
    return replace(
        state,
        addresses=frozenset(a for a in state.addresses if a.link not in names or a.version == 4),
        routes=frozenset(r for r in state.routes if r.link not in names),
    )


def enslave(step: Step, state: KernelState, link: Link, name: str) -> KernelState:
    master = existing(step, state, name)
    if master.kind not in ("bridge", "bond"):
        raise Refused(step, "Operation not supported")
    if master.kind == "bridge" and link.kind == "bridge":
        raise Refused(step, "Too many levels of symbolic links")
    if master.kind == "bridge":
        return with_link(state, altered(link, master=name))
    if link.up:
        raise Refused(step, "Device can not be enslaved while up")
    keeps = keeps_own_macs(master)
    takes = master.MAC == UNKNOWN_MAC or (keeps and not master.active_slave)
    MAC = link.MAC if takes else master.MAC
    port = altered(
        link,
        master=name,
        MAC=link.MAC if keeps else MAC,
        original_MAC=link.MAC,
        original_MTU=link.MTU,
        port=BondPortOptions(),
    )
    state = up(with_mtu(state, port, master.MTU), altered(port, MTU=master.MTU))
    return with_link(state, altered(master, MAC=MAC, active_slave=master.active_slave or link.name))


def keeps_own_macs(bond: Link) -> bool:
    """Whether the ports of a bond keep their MACs, and the bond has the active one's (fail_over_mac)."""
    return isinstance(bond.options, BondOptions) and bond.options.fail_over_mac != "none"


def release(state: KernelState, link: Link) -> KernelState:
    """A port that leaves a bond is down, with its own MAC and MTU; the last leaves the bond without MAC."""
    master = state.links[link.master]
    free = altered(link, master="", isolated=False, learning=True, port=None)
    if master.kind != "bond":
        return with_link(state, free)
    given_back = altered(free, MAC=link.original_MAC or link.MAC, original_MAC="", original_MTU=0)
    state = with_mtu(state, given_back, link.original_MTU or UNKNOWN_MTU)
    state = down(state, state.links[link.name])
    others = [port.name for port in state.ports(master.name)]
    active = master.active_slave if master.active_slave in others else next(iter(others), "")
    MAC = master.MAC if others else UNKNOWN_MAC
    return with_link(state, altered(master, active_slave=active, MAC=MAC))
