"""apply(step, state): the kernel as we know it.

It is the planner's foresight and the tests' fake kernel at once, so the two cannot disagree.  It raises
Refused where the real kernel would refuse, in the kernel's words.  What the real one teaches goes in here.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce, singledispatch
from ipaddress import ip_address, ip_interface, ip_network

from agent.kernel.state import Address, BondOptions, KernelState, Link, Route
from agent.kernel.steps import (
    AddAddress,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    DeleteRoute,
    Refused,
    SetActiveSlave,
    SetDown,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetResolver,
    SetRoute,
    SetUp,
    Step,
    Together,
)

UNKNOWN_MAC = "unknown"
"""What a bond has when its last port has left: a random one of the kernel's, until a port brings its own."""

LEAST_IPV6_MTU = 1280
"""RFC 8200, section 5; below it the kernel has no IPv6 on a link."""

DELETABLE = frozenset({"bond", "bridge", "vlan", "vxlan", "gretap"})


@singledispatch
def apply(step: Step, state: KernelState) -> KernelState:
    """The state after a step; steps that change nothing of the state leave it as it is."""
    return state


def apply_all(steps: Iterable[Step], state: KernelState) -> KernelState:
    """The state after several steps."""
    return reduce(lambda before, step: apply(step, before), steps, state)


@apply.register
def _(step: Together, state: KernelState) -> KernelState:
    return apply_all(step.steps, state)


@apply.register
def _(step: CreateLink, state: KernelState) -> KernelState:
    link = step.link
    if link.name in state.links:
        raise Refused(step, "File exists")
    bare = replace(link, master="", original_MAC="", original_MTU=0)
    created = _with_link(state, bare)
    return _enslave(step, created, bare, link.master) if link.master else created


@apply.register
def _(step: DeleteLinks, state: KernelState) -> KernelState:
    for name in step.names:
        link = _existing(step, state, name)
        if link.kind not in DELETABLE:
            raise Refused(step, "Operation not supported")
        for port in tuple(state.ports(name)):
            state = _release(state, port)
        if link.master:
            state = _release(state, link)
        state = _without_link(state, name)
    return state


@apply.register
def _(step: SetUp, state: KernelState) -> KernelState:
    return _with_link(state, replace(_existing(step, state, step.name), up=True))


@apply.register
def _(step: SetDown, state: KernelState) -> KernelState:
    return _down(state, _existing(step, state, step.name))


@apply.register
def _(step: SetMaster, state: KernelState) -> KernelState:
    link = _existing(step, state, step.name)
    if link.master == step.master:
        return state
    if link.master:
        state = _release(state, link)
        link = state.links[step.name]
    return _enslave(step, state, link, step.master) if step.master else state


@apply.register
def _(step: SetMAC, state: KernelState) -> KernelState:
    for link in _with_slaves(state, _existing(step, state, step.name)):
        state = _with_link(state, replace(link, MAC=step.MAC))
    return state


@apply.register
def _(step: SetMTU, state: KernelState) -> KernelState:
    for link in _with_slaves(state, _existing(step, state, step.name)):
        state = _with_link(state, replace(link, MTU=step.MTU))
    return state


@apply.register
def _(step: SetMark, state: KernelState) -> KernelState:
    link = _existing(step, state, step.name)
    return _with_link(state, replace(link, group=step.group, alias=step.alias))


@apply.register
def _(step: SetOptions, state: KernelState) -> KernelState:
    link = _existing(step, state, step.name)
    if isinstance(step.options, BondOptions) and isinstance(link.options, BondOptions):
        changes_mode = step.options.mode != link.options.mode
        if changes_mode and next(state.ports(step.name), None):
            raise Refused(step, "Directory not empty")
        if changes_mode and link.up:
            raise Refused(step, "Device or resource busy")
    return _with_link(state, replace(link, options=step.options))


@apply.register
def _(step: SetActiveSlave, state: KernelState) -> KernelState:
    bond, slave = _existing(step, state, step.bond), _existing(step, state, step.slave)
    if slave.master != bond.name or not slave.up:
        raise Refused(step, "Invalid argument")
    return _with_link(state, replace(bond, active_slave=slave.name))


@apply.register
def _(step: AddAddress, state: KernelState) -> KernelState:
    link = _existing(step, state, step.address.link)
    if step.address.version == 6 and link.MTU < LEAST_IPV6_MTU:
        raise Refused(step, f"IPv6 needs an MTU of {LEAST_IPV6_MTU}, the link has {link.MTU}")
    if any(_same_address(step.address, other) for other in state.addresses):
        raise Refused(step, "File exists")
    return replace(state, addresses=state.addresses | {step.address})


@apply.register
def _(step: DeleteAddress, state: KernelState) -> KernelState:
    """The last IPv4 address of a link takes the link's IPv4 routes with it."""
    address = step.address
    left = frozenset(other for other in state.addresses if not _same_address(address, other))
    if left == state.addresses:
        raise Refused(step, "Cannot assign requested address")
    routes = state.routes
    if address.version == 4 and not any(a.link == address.link and a.version == 4 for a in left):
        routes = frozenset(r for r in routes if r.link != address.link or r.version != 4)
    return replace(state, addresses=left, routes=routes)


@apply.register
def _(step: SetRoute, state: KernelState) -> KernelState:
    route = step.route
    if not _existing(step, state, route.link).up:
        raise Refused(step, "Network is down")
    if route.gateway and not _reaches(state, route):
        raise Refused(step, "Nexthop has invalid gateway")
    others = frozenset(r for r in state.routes if not _same_route(route, r))
    return replace(state, routes=others | {route})


@apply.register
def _(step: DeleteRoute, state: KernelState) -> KernelState:
    if step.route not in state.routes:
        raise Refused(step, "No such process")
    return replace(state, routes=state.routes - {step.route})


@apply.register
def _(step: SetResolver, state: KernelState) -> KernelState:
    if state.resolver is None:
        raise Refused(step, "resolv.conf is a symbolic link: another program writes it")
    return replace(state, resolver=step.text)


def _existing(step: Step, state: KernelState, name: str) -> Link:
    if name not in state.links:
        raise Refused(step, "No such device")
    return state.links[name]


def _with_slaves(state: KernelState, link: Link) -> tuple[Link, ...]:
    """A bond passes its MAC and its MTU on to its slaves."""
    return (link, *state.ports(link.name)) if link.kind == "bond" else (link,)


def _with_link(state: KernelState, link: Link) -> KernelState:
    return replace(state, links={**state.links, link.name: link})


def _without_link(state: KernelState, name: str) -> KernelState:
    return replace(
        state,
        links={key: link for key, link in state.links.items() if key != name and link.lower != name},
        addresses=frozenset(a for a in state.addresses if a.link != name),
        routes=frozenset(r for r in state.routes if r.link != name),
    )


def _down(state: KernelState, link: Link) -> KernelState:
    """A link that goes down loses its routes and its IPv6 addresses."""
    state = _with_link(state, replace(link, up=False, carrier=False))
    return replace(
        state,
        addresses=frozenset(a for a in state.addresses if a.link != link.name or a.version == 4),
        routes=frozenset(r for r in state.routes if r.link != link.name),
    )


def _enslave(step: Step, state: KernelState, link: Link, name: str) -> KernelState:
    master = _existing(step, state, name)
    if master.kind not in ("bridge", "bond"):
        raise Refused(step, "Operation not supported")
    if master.kind == "bridge" and link.kind == "bridge":
        raise Refused(step, "Too many levels of symbolic links")
    if master.kind == "bridge":
        return _with_link(state, replace(link, master=name))
    if link.up:
        raise Refused(step, "Device can not be enslaved while up")
    MAC = link.MAC if master.MAC == UNKNOWN_MAC else master.MAC
    port = replace(link, master=name, up=True, MAC=MAC, MTU=master.MTU)
    state = _with_link(state, replace(port, original_MAC=link.MAC, original_MTU=link.MTU))
    return _with_link(state, replace(master, MAC=MAC, active_slave=master.active_slave or link.name))


def _release(state: KernelState, link: Link) -> KernelState:
    """A port that leaves a bond is down, with its own MAC and MTU; the last leaves the bond without MAC."""
    master = state.links[link.master]
    free = replace(link, master="")
    if master.kind != "bond":
        return _with_link(state, free)
    given_back = replace(free, MAC=link.original_MAC or link.MAC, MTU=link.original_MTU or link.MTU)
    state = _down(_with_link(state, given_back), replace(given_back, original_MAC="", original_MTU=0))
    others = [port.name for port in state.ports(master.name)]
    active = master.active_slave if master.active_slave in others else next(iter(others), "")
    MAC = master.MAC if others else UNKNOWN_MAC
    return _with_link(state, replace(master, active_slave=active, MAC=MAC))


def _same_address(one: Address, other: Address) -> bool:
    return (one.link, ip_interface(one.interface)) == (other.link, ip_interface(other.interface))


def _same_route(one: Route, other: Route) -> bool:
    return (one.destination, one.metric, one.table) == (other.destination, other.metric, other.table)


def _reaches(state: KernelState, route: Route) -> bool:
    gateway = ip_address(route.gateway)
    if gateway.version == 6 and gateway.is_link_local:
        return True
    own = [a for a in state.addresses_of(route.link) if a.version == gateway.version]
    return any(gateway in ip_network(a.interface, strict=False) for a in own)
