"""The host's network as a tree: networks, their bridges, and in them bonds, NICs, VLANs, tunnels, VIFs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent.kernel.addressing import DEFAULT_DESTINATIONS
from agent.kernel.state import KernelState, Link
from agent.model.device_names import tunnel_devices, vlan_device
from agent.model.model import (
    Model,
    bond_of_master,
    here,
    pifs_on,
    slaves,
    this_host,
    tunnel_over,
    vifs_on,
    vlan_over,
)
from agent.model.records import PIF, VIF, VLAN, Bond, Network, Ref, Tunnel
from agent.model.tunnels import local_address, remote_ips
from agent.model.vifs import device_of, is_plugged

Node = dict[str, Any]
"""A node on the wire: kind, name, uuid, state, MAC, MTU, addresses, notes, children."""

Failures = Mapping[Ref[Any], str]


def topology(
    model: Model, state: KernelState, failures: Failures, deviations: Failures = MappingProxyType({})
) -> Node:
    """The tree, networks in the order of their bridges.

    failures: what failed to come up, and why.  deviations: what is not all that it should be.
    """
    host = this_host(model)
    model = here(model)
    networks = sorted(model.all(Network), key=lambda network: network.bridge)
    tree = _Tree(model, state, failures, deviations)
    return {
        "host": {"uuid": host.uuid if host else "", "name_label": host.name_label if host else ""},
        "trees": [tree.network(network) for network in networks],
    }


@dataclass(frozen=True)
class _Tree:
    """The nodes, each with what the model says of it, what the kernel says, and why it is not up."""

    model: Model
    state: KernelState
    failures: Failures
    deviations: Failures

    def network(self, network: Network) -> Node:
        """A network: its bridge where it is up, else what would be in it."""
        pifs = pifs_on(self.model, network.ref)
        vifs = [self.vif(vif) for vif in vifs_on(self.model, network.ref)]
        up = any(pif.currently_attached for pif in pifs) or network.bridge in self._bridges()
        own = [self.uplink(pif) for pif in pifs]
        children = [self.bridge(network, [*own, *vifs])] if up else [*own, *vifs]
        notes = ["management"] if any(pif.management for pif in pifs) else []
        name = network.name_label or network.bridge
        node = _node("network", name, network.uuid, "up" if up else "unplugged", None, notes, children)
        return node | {"MTU": network.MTU}

    def _bridges(self) -> frozenset[str]:
        """Those of internal networks are there while a VIF is plugged."""
        plugged = (vif for vif in self.model.all(VIF) if is_plugged(self.model, vif))
        return frozenset(self.model.get(vif.network).bridge for vif in plugged)

    def bridge(self, network: Network, children: list[Node]) -> Node:
        """A bridge with its ports: those that the model has, then others'."""
        name = network.bridge
        link = self.state.links.get(name)
        known = {found["name"] for child in children for found in (child, *child["children"])}
        others = [port for port in self.state.ports(name) if port.name not in known]
        ports = [_node("port", port.name, "", _state(port), port, [], []) for port in others]
        node = _node("bridge", name, "", _state(link), link, self.routes(name), [*children, *ports])
        return node | {"addresses": [address.interface for address in self.state.addresses_of(name)]}

    def uplink(self, pif: PIF) -> Node:
        """A PIF's own device: its NIC, its bond with the slaves, its VLAN or its tunnel."""
        bond, vlan = bond_of_master(self.model, pif), vlan_over(self.model, pif)
        tunnel = tunnel_over(self.model, pif)
        if vlan is not None:
            return self.vlan(pif, vlan)
        if tunnel is not None:
            return self.tunnel(pif, tunnel)
        return self.nic(pif, self.place(pif, pif.device)) if bond is None else self.bond(pif, bond)

    def bond(self, pif: PIF, bond: Bond) -> Node:
        link = self.state.links.get(pif.device)
        children = [
            self.nic(one, _state(self.state.links.get(one.device))) for one in slaves(self.model, bond)
        ]
        notes = [f"mode {bond.mode}", *self.notes(pif)]
        return _node("bond", pif.device, bond.uuid, self.place(pif, pif.device), link, notes, children)

    def nic(self, pif: PIF, place: str) -> Node:
        link = self.state.links.get(pif.device)
        return _node("NIC", pif.device, pif.uuid, place, link, self.notes(pif), [])

    def vlan(self, pif: PIF, vlan: VLAN) -> Node:
        """A VLAN, on the device below that it says."""
        lower = self.model.get(vlan.tagged_PIF).device
        name = vlan_device(lower, vlan.tag)
        notes = [f"tag {vlan.tag} on {lower}", *self.notes(pif)]
        link = self.state.links.get(name)
        return _node("VLAN", name, vlan.uuid, self.place(pif, name), link, notes, [])

    def tunnel(self, pif: PIF, tunnel: Tunnel) -> Node:
        """A tunnel; of GRE, which has a device for each other end, these are below it."""
        devices = [name for name in tunnel_devices(pif.device, tunnel) if name != pif.device]
        children = [self.tunnel_port(name) for name in devices]
        local = local_address(self.model, tunnel)
        ends = ", ".join(remote_ips(tunnel)) or "nobody yet"
        notes = [f"{tunnel.protocol} key {tunnel.key}", f"{local} to {ends}", *self.notes(pif)]
        place = self.place(pif, *(devices or [pif.device]))
        link = self.state.links.get(pif.device)
        return _node("tunnel", pif.device, tunnel.uuid, place, link, notes, children)

    def tunnel_port(self, name: str) -> Node:
        link = self.state.links.get(name)
        return _node("port", name, "", _state(link), link, [], [])

    def vif(self, vif: VIF) -> Node:
        """A VIF by its device on the host; of a VM that has no domain it has none."""
        vm = self.model.get(vif.VM)
        plugged = is_plugged(self.model, vif)
        name = device_of(self.model, vif) if plugged else f"{vm.name_label or vm.uuid}/{vif.device}"
        link = self.state.links.get(name)
        notes = [f"VM {vm.name_label or vm.uuid}", *self.why(vif)]
        return _node("VIF", name, vif.uuid, _state(link) if plugged else "unplugged", link, notes, [])

    def place(self, pif: PIF, *devices: str) -> str:
        """The state of a PIF's devices, of several the worst; one that is not plugged is just that."""
        links = [self.state.links.get(device) for device in devices]
        if not pif.currently_attached and (any(links) or not pif.physical):
            return "unplugged"
        return max((_state(link) for link in links), key=STATES.index)

    def notes(self, pif: PIF) -> list[str]:
        return [*self.why(pif), *self.slavery(pif), *_marks(pif)]

    def why(self, port: PIF | VIF) -> Iterator[str]:
        """Why it is not up though it is plugged."""
        if port.ref in self.failures:
            yield f"not up: {self.failures[port.ref]}"
        elif port.ref in self.deviations:
            yield f"not as it should be: {self.deviations[port.ref]}"

    def slavery(self, pif: PIF) -> Iterator[str]:
        if pif.bond_slave_of is None:
            return
        bond = self.model.get(pif.bond_slave_of)
        master = self.model.get(bond.master).device
        yield f"{'primary ' if bond.primary_slave == pif.ref else ''}slave of {master}"
        device = self.state.links.get(master)
        if device is not None and device.active_slave == pif.device:
            yield "active slave"

    def routes(self, name: str) -> list[str]:
        default = (r for r in sorted(self.state.routes) if r.link == name and r.destination in _ANYWHERE)
        return [f"default route via {route.gateway}" for route in default]


_ANYWHERE = frozenset(DEFAULT_DESTINATIONS.values())

STATES = ("up", "no carrier", "down", "missing")
"""From good to bad."""


def _marks(pif: PIF) -> Iterator[str]:
    if not pif.managed:
        yield "not managed"
    if pif.disallow_unplug:
        yield "disallow unplug"


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
