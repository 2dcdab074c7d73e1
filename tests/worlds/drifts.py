"""Drift: what somebody else may have done to pifd's devices and NICs, or an older pifd have left."""

from collections.abc import Callable
from dataclasses import replace

from agent.kernel.bond_filter import BondFilter
from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.link import DOOMED_GROUP, GROUP
from agent.kernel.simulate import apply
from agent.kernel.simulate_effects import without_link
from agent.kernel.state import Address, KernelState, Link, Route
from agent.kernel.steps import (
    DeleteLinks,
    SetDown,
    SetFilter,
    SetGRO,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
)
from tests.worlds.world import mac

Drift = Callable[[KernelState, str, int], KernelState]


def drifted(state: KernelState, kind: int, choice: int, given: frozenset[str]) -> KernelState:
    """The state after somebody did something to one of pifd's devices or NICs."""
    ours = [name for name, link in sorted(state.links.items()) if link.owned or name in given]
    return DRIFTS[kind](state, ours[choice % len(ours)], choice) if ours else state


def _out_of_master(state: KernelState, name: str, choice: int) -> KernelState:
    return apply(SetMaster(name, ""), state)


def _deleted(state: KernelState, name: str, choice: int) -> KernelState:
    if not state.links[name].owned:
        return _vanished(state, name)
    bare = apply(SetFilter(name, None), state) if state.links[name].filter is not None else state
    return apply(DeleteLinks((name,)), bare)


def _vanished(state: KernelState, name: str) -> KernelState:
    return without_link(state, name)


def _with_address(state: KernelState, name: str, choice: int) -> KernelState:
    interface = ("192.0.2.10/24", "2001:db8:1::10/64", "10.99.0.1/8", "203.0.113.77/26", "192.0.2.99/24")[
        choice % 5
    ]
    return replace(state, addresses=state.addresses | {Address(name, interface)})


def _without_address(state: KernelState, name: str, choice: int) -> KernelState:
    """An address goes, and with it the routes whose gateways were in its subnet."""
    gone = state.addresses_of(name)[:1]
    routes = frozenset(r for r in state.routes if r.link != name or r.gateway.startswith("fe80"))
    return replace(state, addresses=state.addresses - {*gone}, routes=routes) if gone else state


def _without_route(state: KernelState, name: str, choice: int) -> KernelState:
    mine = sorted(route for route in state.routes if route.link == name)
    return replace(state, routes=state.routes - {*mine[:1]})


def _with_another_mtu(state: KernelState, name: str, choice: int) -> KernelState:
    return apply(SetMTU(name, 1300), state)


def _with_another_gro(state: KernelState, name: str, choice: int) -> KernelState:
    gro = state.links[name].gro
    return state if gro is None else apply(SetGRO(name, on=not gro), state)


def _with_another_mac(state: KernelState, name: str, choice: int) -> KernelState:
    return apply(SetMAC(name, mac(0xEE)), state)


def _down(state: KernelState, name: str, choice: int) -> KernelState:
    return apply(SetDown(name), state)


def _doomed(state: KernelState, name: str, choice: int) -> KernelState:
    link = state.links[name]
    return apply(SetMark(name, DOOMED_GROUP, link.alias), state) if link.owned else state


def _without_alias(state: KernelState, name: str, choice: int) -> KernelState:
    return apply(SetMark(name, GROUP, ""), state) if state.links[name].owned else state


def _with_leftover(state: KernelState, name: str, choice: int) -> KernelState:
    """A device of ours that no model knows; it may have the name that a bridge or bond is to have."""
    free = ("xapi9", "bond9", "xapi1", "bond1", "xenbr2")[choice % 5]
    kind, options = (("bridge", BridgeOptions()), ("bond", BondOptions()))[choice // 5 % 2]
    gro = choice % 2 > 0 if kind == "bond" else None
    link = Link(name=free, kind=kind, MAC=mac(0xCC), up=choice % 2 > 0, group=GROUP, options=options, gro=gro)
    return state if free in state.links else replace(state, links={**state.links, free: link})


def _with_other_options(state: KernelState, name: str, choice: int) -> KernelState:
    options = state.links[name].options
    if not state.links[name].owned or options is None:
        return state
    bond = BondOptions("balance-rr") if choice % 2 else BondOptions(miimon=0)
    other = bond if isinstance(options, BondOptions) else BridgeOptions(stp=True, forward_delay=1500)
    return replace(state, links={**state.links, name: replace(state.links[name], options=other)})


def _with_other_rules(state: KernelState, name: str, choice: int) -> KernelState:
    """A bond's filter rules are flushed, or changed by hand, or for other ports."""
    if state.links[name].filter is None:
        return state
    found = (None, BondFilter(("eth0",), whole=False), BondFilter(("eth0",)))[choice % 3]
    return replace(state, links={**state.links, name: replace(state.links[name], filter=found)})


def _in_another_bridge(state: KernelState, name: str, choice: int) -> KernelState:
    bridges = [n for n, link in sorted(state.links.items()) if link.kind == "bridge" and link.owned]
    if not bridges or state.links[name].kind == "bridge":
        return state
    return apply(SetMaster(name, bridges[choice % len(bridges)]), state)


def _with_router(state: KernelState, name: str, choice: int) -> KernelState:
    """Router advertisements: an address and a route that come and go by themselves."""
    if state.links[name].kind != "bridge":
        return state
    address = Address(name, f"2001:db8:aa::{choice:x}/64", leased=True)
    route = Route(name, f"2001:db8:a{choice % 10}::/48", "fe80::99", 1025, leased=True)
    return replace(state, addresses=state.addresses | {address}, routes=state.routes | {route})


DRIFTS: tuple[Drift, ...] = (
    _out_of_master, _deleted, _with_address, _without_address, _without_route, _with_another_mtu,
    _with_another_mac, _down, _doomed, _without_alias, _with_leftover, _with_other_options,
    _in_another_bridge, _with_router, _with_another_gro, _with_other_rules,
)  # fmt: skip
