"""Which objects of the model can look different, when it, the links or the failures have changed.

An object's record is made of the object and of those around it (agent.api.computed).  So that not all of
thousands are made anew after each change, `around` says whose records an object is seen in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from agent.api.schema.computed import View
from agent.model.device_names import tunnel_devices
from agent.model.model import Model, pifs_on, vifs_of
from agent.model.records import PIF, VIF, VLAN, VM, Bond, Host, Network, Record, Tunnel


def affected(before: View, after: View) -> set[str]:
    """The references of the objects whose records can differ: those that came and went as well."""
    models = (before.model, after.model)
    if hosts(before.model) != hosts(after.model):
        return {ref for model in models for ref in model.records}
    seeds = {*changed(*models), *different_failures(before, after)}
    pairs = [(model, model.records[ref]) for model in models for ref in seeds if ref in model.records]
    return {*seeds, *chain.from_iterable(seen_in(*pair) for pair in pairs), *with_other_links(before, after)}


def hosts(model: Model) -> tuple[str, ...]:
    """The references of all hosts, which VMs that can start anywhere show."""
    return tuple(host.ref for host in model.all(Host))


def changed(before: Model, after: Model) -> Iterator[str]:
    """The records that are not the same: a later model shares all the others with the one before."""
    if before is after:
        return
    old, new = before.records, after.records
    yield from (ref for ref, record in new.items() if old.get(ref) is not record)
    yield from old.keys() - new.keys()


def different_failures(before: View, after: View) -> set[str]:
    """The PIFs and VIFs that are up now, or no more, or for another reason."""
    return {str(ref) for ref, _ in before.failures.items() ^ after.failures.items()}


def with_other_links(before: View, after: View) -> Iterator[str]:
    """The bonds and tunnels over devices that got or lost their carrier."""
    links = before.links_up ^ after.links_up
    model = after.model
    if not links:
        return
    yield from (pif.bond_slave_of for pif in model.all(PIF) if pif.bond_slave_of and pif.device in links)
    for tunnel in model.all(Tunnel):
        if not links.isdisjoint(tunnel_devices(model.get(tunnel.access_PIF).device, tunnel)):
            yield tunnel.ref


def seen_in(model: Model, record: Record) -> Iterable[str]:
    """The references of the objects with a field that is computed from this one."""
    return SEEN_IN[type(record)](model, record) if type(record) in SEEN_IN else ()


def of_pif(model: Model, pif: PIF) -> Iterator[str]:
    yield from (pif.host, pif.network)
    if pif.bond_slave_of:
        yield pif.bond_slave_of
    if pif.ref in model.tunnels_by_access:
        yield model.tunnels_by_access[pif.ref].ref
    yield from inside(model, pif.ref)


def of_network(model: Model, network: Network) -> Iterator[str]:
    """Its MTU is that of its PIFs, and of the tunnels that they carry."""
    for pif in pifs_on(model, network.ref):
        yield pif.ref
        yield from inside(model, pif.ref)


def of_bond(model: Model, bond: Bond) -> Iterator[str]:
    yield bond.master


def of_vlan(model: Model, vlan: VLAN) -> Iterator[str]:
    yield from (vlan.tagged_PIF, vlan.untagged_PIF)
    yield from above(model, vlan.untagged_PIF)


def of_tunnel(model: Model, tunnel: Tunnel) -> Iterator[str]:
    yield from (tunnel.transport_PIF, tunnel.access_PIF)
    yield from above(model, tunnel.access_PIF)


def of_vm(model: Model, vm: VM) -> Iterator[str]:
    yield from (vif.ref for vif in vifs_of(model, vm.ref))
    yield from hosts(model)


def of_vif(model: Model, vif: VIF) -> Iterator[str]:
    yield from (vif.network, vif.VM)


SEEN_IN: Mapping[type[Record], Callable[[Model, Any], Iterable[str]]] = {
    PIF: of_pif,
    Network: of_network,
    Bond: of_bond,
    VLAN: of_vlan,
    Tunnel: of_tunnel,
    VM: of_vm,
    VIF: of_vif,
}
"""By class.  All is seen in a host that comes or goes: see `affected`."""


def inside(model: Model, pif: str) -> Iterator[str]:
    """The access PIFs of the tunnels that a PIF carries, and of those inside: it bounds their MTU."""
    for tunnel in model.tunnels_by_transport.get(pif, ()):
        yield tunnel.access_PIF
        yield from inside(model, tunnel.access_PIF)


def above(model: Model, pif: str) -> Iterator[str]:
    """The PIFs of all VLANs and tunnels on top of a PIF: they have the metrics of what is below."""
    uppers = [vlan.untagged_PIF for vlan in model.vlans_by_lower.get(pif, ())]
    uppers += [tunnel.access_PIF for tunnel in model.tunnels_by_transport.get(pif, ())]
    for upper in uppers:
        yield upper
        yield from above(model, upper)
