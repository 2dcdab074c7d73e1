"""apply(step, state): the kernel as we know it.

The planner reckons with it, and it is the tests' fake kernel, so the two cannot disagree.  It raises
Refused where the real kernel would refuse, in the kernel's words.  What the real one teaches goes in here.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce, singledispatch
from itertools import groupby
from typing import cast

from agent.kernel.bond_filter import filter_for
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.gre import GREOptions
from agent.kernel.kinds.kind import KINDS, Options
from agent.kernel.kinds.option import When, moments, with_changes
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.kinds.vxlan import VXLANOptions
from agent.kernel.simulate_addresses import add_address, await_addresses, carry_settings, delete_address
from agent.kernel.simulate_effects import (
    down,
    enslave,
    existing,
    links_without,
    release,
    swept,
    up,
    with_link,
    with_mtu,
    with_slaves,
)
from agent.kernel.simulate_routes import with_routes
from agent.kernel.state import KernelState, Link, altered
from agent.kernel.steps import (
    AddFlood,
    CreateLink,
    DeleteLinks,
    DeleteRoute,
    Refused,
    RemoveFlood,
    SetActiveSlave,
    SetDown,
    SetFilter,
    SetGRO,
    SetIsolated,
    SetLearning,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetPortOptions,
    SetResolver,
    SetRoute,
    SetUp,
    Step,
    Together,
)

WITHOUT_PORTS = {When.NO_PORTS, When.DOWN_NO_PORTS}
DOWN = {When.DOWN, When.DOWN_NO_PORTS}

LEAST_STP_DELAY = 200
"""Centiseconds: the kernel's BR_MIN_FORWARD_DELAY."""

DELETABLE = frozenset({"bond", "bridge", "vlan", "vxlan", "gretap", "ip6gretap"})


@singledispatch
def apply(step: Step, state: KernelState) -> KernelState:
    """The state after a step; steps that change nothing of the state leave it as it is."""
    return state


def apply_all(steps: Iterable[Step], state: KernelState) -> KernelState:
    """The state after several steps."""
    for is_route, several in groupby(steps, lambda step: isinstance(step, SetRoute | DeleteRoute)):
        if is_route:
            state = with_routes(state, cast(Iterable[SetRoute | DeleteRoute], several))
        else:
            state = reduce(lambda before, step: apply(step, before), several, state)
    return state


@apply.register
def _(step: Together, state: KernelState) -> KernelState:
    return apply_all(step.steps, state)


@apply.register
def _(step: CreateLink, state: KernelState) -> KernelState:
    link = step.link
    if link.name in state.links or state.has_also(link.name):
        raise Refused(step, "File exists")
    _check_twins(step, state)
    if link.kind == "vlan":
        _check_lower(step, state, existing(step, state, link.lower))
    gro = True if link.kind == "bond" and link.owned else None
    bare = altered(
        link, master="", isolated=False, learning=True, gro=gro, filter=None, original_MAC="", original_MTU=0
    )
    if not link.master:
        return with_link(state, bare)
    if existing(step, state, link.master).kind == "bridge" and link.kind != "bridge":
        return with_link(
            state, altered(link, learning=True, gro=gro, filter=None, original_MAC="", original_MTU=0)
        )
    created = enslave(step, with_link(state, bare), bare, link.master)
    return with_link(created, replace(created.links[link.name], isolated=link.isolated))


@apply.register
def _(step: DeleteLinks, state: KernelState) -> KernelState:
    """All in one go; a VLAN may go with its parent before it is its turn."""
    for name in step.names:
        if existing(step, state, name).kind not in DELETABLE:
            raise Refused(step, "Operation not supported")
        if state.links[name].filter is not None:
            raise Refused(step, f"the filter rules of {name} would be left")
    before = state
    for name in step.names:
        if name not in state.links:
            continue
        link = state.links[name]
        for port in tuple(state.ports(name)):
            state = release(state, port)
        if link.master:
            state = release(state, link)
        state = links_without(state, name)
    return swept(state, before)


def _check_twins(step: CreateLink, state: KernelState) -> None:
    """Two VLANs of one tag, two tunnels between the same ends with one key, two VXLANs of one VNI."""
    new = step.link
    if isinstance(new.options, VLANOptions | GREOptions | VXLANOptions) and state.twins(new):
        raise Refused(step, "File exists")


def _check_lower(step: CreateLink, state: KernelState, lower: Link) -> None:
    if step.link.MTU > lower.MTU:
        raise Refused(step, "Invalid argument")
    if step.link.up and not lower.up:
        raise Refused(step, "Network is down")


@apply.register
def _(step: SetUp, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    if link.kind == "vlan" and link.lower in state.links and not state.links[link.lower].up:
        raise Refused(step, "Network is down")
    return up(state, link)


@apply.register
def _(step: SetDown, state: KernelState) -> KernelState:
    return down(state, existing(step, state, step.name))


@apply.register
def _(step: SetMaster, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    if link.master == step.master:
        return state
    if link.master:
        state = release(state, link)
        link = state.links[step.name]
    return enslave(step, state, link, step.master) if step.master else state


@apply.register
def _(step: SetMAC, state: KernelState) -> KernelState:
    for link in with_slaves(state, existing(step, state, step.name)):
        state = with_link(state, altered(link, MAC=step.MAC))
    return state


@apply.register
def _(step: SetMTU, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    lower = state.links.get(link.lower) if link.kind == "vlan" else None
    if lower is not None and step.MTU > lower.MTU:
        raise Refused(step, "Numerical result out of range")
    for one in with_slaves(state, link):
        state = with_mtu(state, one, step.MTU)
    return state


@apply.register
def _(step: SetMark, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    return with_link(state, altered(link, group=step.group, alias=step.alias))


@apply.register
def _(step: SetOptions, state: KernelState) -> KernelState:
    """A bond refuses some options, even the value that it has, while it has ports or is up."""
    link = existing(step, state, step.name)
    if link.kind != step.kind or link.options is None:
        raise Refused(step, "Operation not supported")
    needed = moments(KINDS[step.kind], [name for name, _ in step.changes])
    if needed & WITHOUT_PORTS and any(state.ports(step.name)):
        raise Refused(step, "Directory not empty")
    if needed & DOWN and link.up:
        raise Refused(step, "Device or resource busy")
    if When.CREATION in needed:
        raise Refused(step, "Operation not supported")
    options = with_changes(link.options, step.changes)
    return with_link(state, replace(link, options=_taken_by_bridge(step, link.options, options)))


def _taken_by_bridge(step: SetOptions, there: Options, asked: Options) -> Options:
    """While a bridge runs the spanning tree protocol, its ports wait for two seconds at the least."""
    if not isinstance(there, BridgeOptions) or not isinstance(asked, BridgeOptions):
        return asked
    if there.stp and asked.forward_delay != there.forward_delay and asked.forward_delay < LEAST_STP_DELAY:
        raise Refused(step, "Numerical result out of range")
    if asked.stp and not there.stp:
        return replace(asked, forward_delay=max(asked.forward_delay, LEAST_STP_DELAY))
    return asked


@apply.register
def _(step: SetPortOptions, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    if link.port is None:
        raise Refused(step, "Operation not supported")
    return with_link(state, replace(link, port=with_changes(link.port, step.changes)))


@apply.register
def _(step: SetGRO, state: KernelState) -> KernelState:
    """Whether a device takes it shows only when it is told."""
    return with_link(state, replace(existing(step, state, step.name), gro=step.on))


@apply.register(SetIsolated)
@apply.register(SetLearning)
def _(step: SetIsolated | SetLearning, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    if not link.master or state.links[link.master].kind != "bridge":
        raise Refused(step, "Operation not supported")
    if isinstance(step, SetIsolated):
        return with_link(state, altered(link, isolated=step.isolated))
    return with_link(state, altered(link, learning=step.learning))


@apply.register
def _(step: AddFlood, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    if link.kind != "vxlan":
        raise Refused(step, "Operation not supported")
    return with_link(state, replace(link, flood=tuple(sorted({*link.flood, step.remote}))))


@apply.register
def _(step: RemoveFlood, state: KernelState) -> KernelState:
    link = existing(step, state, step.name)
    if step.remote not in link.flood:
        raise Refused(step, "No such file or directory")
    return with_link(state, replace(link, flood=tuple(r for r in link.flood if r != step.remote)))


@apply.register
def _(step: SetFilter, state: KernelState) -> KernelState:
    bond, ports = existing(step, state, step.name), step.ports
    for port in ports or ():
        existing(step, state, port)
    carrying = {port for port in ports or () if state.links[port].carrier}
    return with_link(state, replace(bond, filter=None if ports is None else filter_for(ports, carrying)))


@apply.register
def _(step: SetActiveSlave, state: KernelState) -> KernelState:
    """Not one without carrier."""
    bond, slave = existing(step, state, step.bond), existing(step, state, step.slave)
    if slave.master != bond.name or not (slave.up and slave.carrier):
        raise Refused(step, "Invalid argument")
    return with_link(state, altered(bond, active_slave=slave.name))


@apply.register(SetRoute)
@apply.register(DeleteRoute)
def _(step: SetRoute | DeleteRoute, state: KernelState) -> KernelState:
    return with_routes(state, [step])


@apply.register
def _(step: SetResolver, state: KernelState) -> KernelState:
    if state.resolver is None:
        raise Refused(step, "resolv.conf is a symbolic link: another program writes it")
    return replace(state, resolver=step.text)


for of_addresses in (add_address, delete_address, await_addresses, carry_settings):
    apply.register(of_addresses)
