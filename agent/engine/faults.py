"""Faults: the parts of the model that can't come up, as small as possible, and the wanted state without them.

A PIF or a VIF whose devices can't be made is left as it was, with all that carries it.  A part that costs
nothing beside itself (an option, an MTU, an address, a route, the resolver's file) is left as it is, and what
it belongs to is up all the same.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.desired.desired import desired
from agent.engine.converge import NotTaken
from agent.engine.fault_attribution import devices_of, pifs_named, vifs_named, vifs_on_named
from agent.kernel.left_as_is import with_devices_as_they_are, with_filters_for_their_ports
from agent.kernel.parts import DEVICE, Part, parts_of, with_parts_as_they_are
from agent.kernel.state import KernelState
from agent.kernel.steps import CreateLink, Refused, SetMaster, names_in
from agent.model.addresses import interfaces
from agent.model.draft import Draft
from agent.model.layering import Given, attached_with_ip, bridge_of, nic_places, uplink_of
from agent.model.model import Model, bond_of_master, slaves, tunnel_over, vlan_over
from agent.model.records import PIF, VIF, Ref
from agent.model.vifs import device_of

Port = PIF | VIF


@dataclass(frozen=True)
class Faults:
    """ports: the PIFs and VIFs that can't come up, and why.  parts: those of the kernel's state."""

    ports: Mapping[Ref[Any], str] = field(default_factory=dict)
    parts: Mapping[Part, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.ports or self.parts)

    def __or__(self, other: "Faults") -> "Faults":
        return Faults({**self.ports, **other.ports}, {**self.parts, **other.parts})

    def but(self, refs: Collection[Ref[Any]], parts: Collection[Part] = ()) -> "Faults":
        """Without these: they are tried again."""
        return Faults(
            {ref: why for ref, why in self.ports.items() if ref not in refs},
            {part: why for part, why in self.parts.items() if part not in parts},
        )


NO_FAULTS = Faults()


def with_trouble(model: Model, trouble: Exception, known: Faults) -> Faults:
    """What is at fault beside what is known to be; no faults where nothing can be told."""
    if not isinstance(trouble, Refused | NotTaken):
        return NO_FAULTS
    words = str(trouble)
    parts = parts_of(trouble.step) if isinstance(trouble, Refused) else frozenset(trouble.parts)
    small = {part for part in parts if not part.is_structure} - known.parts.keys()
    if small and (isinstance(trouble, NotTaken) or small == parts):
        return Faults(parts={part: _why(trouble, part) for part in small})
    for names in _suspected(trouble):
        ports = [port for port in _ports_named(model, names) if port.ref not in known.ports]
        ports = [port for port in ports if _is_wanted(model, port)]
        if ports:
            return Faults(ports={ports[0].ref: words})
    devices = {Part(name, DEVICE) for names in _suspected(trouble) for name in names} - known.parts.keys()
    return Faults(parts=dict.fromkeys(sorted(devices)[:1], words))


def _why(trouble: Refused | NotTaken, part: Part) -> str:
    return str(trouble) if isinstance(trouble, Refused) else trouble.parts[part]


def _suspected(trouble: Refused | NotTaken) -> Iterator[frozenset[str]]:
    """The devices that are at fault, most likely ones first: what is made or moved, then where it goes."""
    if isinstance(trouble, NotTaken):
        yield from (frozenset({part.link}) for part in sorted(trouble.parts) if part.is_structure)
    elif isinstance(trouble.step, CreateLink):
        yield frozenset({trouble.step.link.name})
    elif isinstance(trouble.step, SetMaster):
        yield from (frozenset({name}) for name in (trouble.step.name, trouble.step.master) if name)
    else:
        yield names_in(trouble.step)


def _ports_named(model: Model, names: frozenset[str]) -> list[Port]:
    return [*vifs_named(model, names), *pifs_named(model, names), *vifs_on_named(model, names)]


def _is_wanted(model: Model, port: Port) -> bool:
    """Whether its devices are to be in use: a slave's for its bond."""
    if isinstance(port, PIF) and port.bond_slave_of is not None:
        return model.get(model.get(port.bond_slave_of).master).currently_attached
    return port.currently_attached


def wanted(model: Model, actual: KernelState, given: Given, faults: Faults, was: KernelState) -> KernelState:
    """What the kernel should be, but for what is at fault.  was: the kernel before anything was tried."""
    small = [part for part in faults.parts if not part.is_structure]
    state = with_parts_as_they_are(desired(without(model, faults.ports), actual, given), actual, small)
    ports = [model.get(ref) for ref in faults.ports if ref in model.records]
    homeless = frozenset(
        interface
        for pif in [*(port for port in ports if isinstance(port, PIF)), *stranded(model, actual, faults)]
        for interface in interfaces(pif)
        if pif.currently_attached
    )
    names = {name for port in ports for name in _names(model, port)}
    names |= {name for pif in stranded(model, actual, faults) for name in _names(model, pif)}
    names |= {part.link for part in faults.parts if part.is_structure}
    vital = frozenset[str]() if homeless & state.vital else management_names(model)
    there = _elsewhere(was, homeless, state)
    kept = with_devices_as_they_are(state, was, actual, names, there, vital)
    return kept if kept is state else with_filters_for_their_ports(kept)


def _elsewhere(was: KernelState, homeless: frozenset[str], state: KernelState) -> frozenset[str]:
    """Of some addresses, those that were on a device of pifd's or on a NIC of its."""
    return frozenset(a.interface for a in was.addresses if a.interface in homeless and a.link in state.links)


def stranded(model: Model, actual: KernelState, faults: Faults) -> list[PIF]:
    """The plugged PIFs none of whose NICs is there, while their addresses are at work elsewhere.

    A network that works is not torn down for one that can't be reached.
    """
    lost: dict[str, bool] = {}
    for place in nic_places(model):
        gone = place.nic.ref in faults.ports or place.nic.device not in actual.links
        lost[place.uplink.ref] = lost.get(place.uplink.ref, True) and gone
    if not any(lost.values()):
        return []
    here = [pif for pif in attached_with_ip(model) if pif.ref not in faults.ports]
    found = [pif for pif in here if lost.get(uplink_of(model, pif).ref)]
    return [pif for pif in found if _works_elsewhere(model, actual, pif)]


def _works_elsewhere(model: Model, actual: KernelState, pif: PIF) -> bool:
    own, bridge = {*interfaces(pif)}, bridge_of(model, pif)
    return any(a.interface in own and a.link != bridge and a.link in actual.links for a in actual.addresses)


def _names(model: Model, port: Port) -> frozenset[str]:
    """The devices that a port is at fault with."""
    if isinstance(port, VIF):
        return frozenset({device_of(model, port)})
    bond = bond_of_master(model, port)
    below = [] if bond is None else [slave.device for slave in slaves(model, bond)]
    bridge = [bridge_of(model, port)] if port.currently_attached else []
    return frozenset({*devices_of(model, port), *below, *bridge})


def management_names(model: Model) -> frozenset[str]:
    """All devices that the management interface stands on."""
    names: set[str] = set()
    for pif in model.by(PIF, "management", True):
        names |= _names(model, pif)
        below = _below(model, pif)
        while below is not None:
            names |= _names(model, below)
            below = _below(model, below)
    return frozenset(names)


def _below(model: Model, pif: PIF) -> PIF | None:
    vlan, tunnel = vlan_over(model, pif), tunnel_over(model, pif)
    if vlan is not None:
        return model.get(vlan.tagged_PIF)
    return model.get(tunnel.transport_PIF) if tunnel is not None else None


def without(model: Model, refs: Collection[Ref[Port]]) -> Model:
    """The model as if some PIFs and VIFs were unplugged."""
    found = [ref for ref in sorted(set(refs)) if ref in model.records]
    if not found:
        return model
    draft = Draft(model)
    for ref in found:
        draft.put(replace(model.get(Ref(ref)), currently_attached=False))
    return draft.model
