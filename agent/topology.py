"""The host's network as a tree: networks, their bridges, the bonds in them and the NICs in those."""

from collections.abc import Iterable, Iterator
from typing import Any

from agent.kernel.desired import bridge_of
from agent.kernel.state import DEFAULT_DESTINATIONS, KernelState, Link
from agent.model import PIF, Host, Model, Network, bond_of_master, pifs_on, slaves

Node = dict[str, Any]
"""A node on the wire: kind, name, uuid, state, MAC, MTU, addresses, notes, children."""


def topology(model: Model, state: KernelState) -> Node:
    """The tree, networks in the order of their bridges."""
    host = next(iter(model.all(Host)), None)
    networks = sorted(model.all(Network), key=lambda network: network.bridge)
    return {
        "host": {"uuid": host.uuid if host else "", "name_label": host.name_label if host else ""},
        "trees": [_network(model, state, network) for network in networks],
    }


def _network(model: Model, state: KernelState, network: Network) -> Node:
    pifs = pifs_on(model, network.ref)
    children = [
        _bridge(model, state, pif) if pif.currently_attached else _lone(model, state, pif) for pif in pifs
    ]
    attached = any(pif.currently_attached for pif in pifs)
    notes = ["management"] if any(pif.management for pif in pifs) else []
    name = network.name_label or network.bridge
    return _node("network", name, network.uuid, "up" if attached else "unplugged", None, notes, children) | {
        "MTU": network.MTU
    }


def _bridge(model: Model, state: KernelState, pif: PIF) -> Node:
    name = bridge_of(model, pif)
    link = state.links.get(name)
    ours = _lone(model, state, pif)
    others = (port for port in state.ports(name) if port.name != pif.device)
    children = [ours, *(_node("port", port.name, "", _state(port), port, [], []) for port in others)]
    node = _node("bridge", name, "", _state(link), link, _routes(state, name), children)
    return node | {"addresses": [address.interface for address in state.addresses_of(name)]}


def _lone(model: Model, state: KernelState, pif: PIF) -> Node:
    """A PIF's own device: its NIC, or its bond with the slaves."""
    link = state.links.get(pif.device)
    bond = bond_of_master(model, pif)
    if bond is None:
        return _nic(model, state, pif, _place(pif, link))
    children = [_nic(model, state, one, _state(state.links.get(one.device))) for one in slaves(model, bond)]
    notes = [f"mode {bond.mode}", *(["disallow unplug"] if pif.disallow_unplug else [])]
    return _node("bond", pif.device, bond.uuid, _place(pif, link), link, notes, children)


def _nic(model: Model, state: KernelState, pif: PIF, place: str) -> Node:
    link = state.links.get(pif.device)
    return _node("NIC", pif.device, pif.uuid, place, link, list(_notes(model, state, pif)), [])


def _notes(model: Model, state: KernelState, pif: PIF) -> Iterator[str]:
    if pif.bond_slave_of is not None:
        bond = model.get(pif.bond_slave_of)
        device = state.links.get(model.get(bond.master).device)
        yield f"{'primary ' if bond.primary_slave == pif.ref else ''}slave of {model.get(bond.master).device}"
        if device is not None and device.active_slave == pif.device:
            yield "active slave"
    if not pif.managed:
        yield "not managed"
    if pif.disallow_unplug:
        yield "disallow unplug"


def _routes(state: KernelState, name: str) -> list[str]:
    default = (r for r in sorted(state.routes) if r.link == name and r.destination in _ANYWHERE)
    return [f"default route via {route.gateway}" for route in default]


_ANYWHERE = frozenset(DEFAULT_DESTINATIONS.values())


def _place(pif: PIF, link: Link | None) -> str:
    """The state of a PIF's device; one that is not plugged is just that (a slave is up in its bond alone)."""
    return _state(link) if pif.currently_attached or link is None else "unplugged"


def _state(link: Link | None) -> str:
    if link is None:
        return "missing"
    if not link.up:
        return "down"
    return "up" if link.carrier else "no carrier"


def _node(
    kind: str, name: str, uuid: str, state: str, link: Link | None, notes: Iterable[str], children: list[Node]
) -> Node:
    return {
        "kind": kind,
        "name": name,
        "uuid": uuid,
        "state": state,
        "MAC": link.MAC if link else "",
        "MTU": link.MTU if link else 0,
        "addresses": [],
        "notes": list(notes),
        "children": children,
    }
