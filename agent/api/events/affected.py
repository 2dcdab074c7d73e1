"""Which objects of the model can look different, when it, the links or the failures have changed.

An object's record is made of the object and of those around it.  So that not all of thousands are made anew
after each change, the schema says what each field depends on (agent.schema.field, depends).
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from agent.api.records.computed import View, objects_by
from agent.api.records.record import fields_of
from agent.model.device_names import tunnel_devices
from agent.model.model import Model
from agent.model.records import CLASSES, PIF, VLAN, Host, Record, Tunnel
from agent.schema import CLASSES as SCHEMA


def affected(before: View, after: View) -> set[str]:
    """The references of the objects whose records can differ: those that came and went as well."""
    models = (before.model, after.model)
    if hosts(before.model) != hosts(after.model):
        return {ref for model in models for ref in model.records}
    seeds = {*changed(*models), *different_failures(before, after), *heard_otherwise(before, after)}
    pairs = [(model, model.records[ref]) for model in models for ref in seeds if ref in model.records]
    return {*seeds, *chain.from_iterable(seen_in(*pair) for pair in pairs), *with_other_links(before, after)}


def hosts(model: Model) -> tuple[str, ...]:
    """The references of all hosts, which VMs that can start anywhere show."""
    return tuple(host.ref for host in model.all(Host))


def changed(before: Model, after: Model) -> Iterator[str]:
    """The records that are not the same: a later model shares all the others with the one before."""
    yield from before.table.differing(after.table)


def different_failures(before: View, after: View) -> set[str]:
    """The PIFs and VIFs that are up now, or no more, or lack something, or for another reason."""
    pairs = ((before.failures, after.failures), (before.deviations, after.deviations))
    return {str(ref) for was, now in pairs for ref, _ in was.items() ^ now.items()}


def heard_otherwise(before: View, after: View) -> set[str]:
    """The hosts of the pool that have published, or are heard of no more, or again."""
    return {str(ref) for ref, _ in before.hosts.items() ^ after.hosts.items()}


def with_other_links(before: View, after: View) -> Iterator[str]:
    """The bonds and tunnels over devices that got or lost their carrier, or their place in the bond."""
    links = (before.links_up ^ after.links_up) | (before.ports_up ^ after.ports_up)
    model = after.model
    if not links:
        return
    slaves = (pif for device in links for pif in model.by(PIF, "device", device))
    yield from (pif.bond_slave_of for pif in slaves if pif.bond_slave_of)
    for tunnel in model.all(Tunnel):
        if not links.isdisjoint(tunnel_devices(model.get(tunnel.access_PIF).device, tunnel)):
            yield tunnel.ref


def seen_in(model: Model, record: Record) -> Iterator[str]:
    """The references of the objects with a field that is computed from this one."""
    for name in SEEN_IN.get(record.class_name, ()):
        yield from PATHS[name](model, record.ref) if name in PATHS else referred(model, record, name)


def referred(model: Model, record: Record, name: str) -> Iterator[str]:
    """The references in a field: one that the record holds, or one that lists who refers to it."""
    field = next(field for field in fields_of(type(record)) if field.name == name)
    if field.back:
        yield from (one.ref for one in objects_by(field.back, model, record))
    elif ref := getattr(record, name):
        yield ref


def inside(model: Model, ref: str) -> Iterator[str]:
    """The PIFs on a network, and the access PIFs of the tunnels that they carry: it bounds their MTU."""
    for pif in model.by(PIF, "network", ref):
        yield pif.ref
        yield from inside(model, pif.ref)
    for tunnel in model.by(Tunnel, "transport_PIF", ref):
        yield tunnel.access_PIF
        yield from inside(model, tunnel.access_PIF)


def above(model: Model, ref: str) -> Iterator[str]:
    """The PIFs of all VLANs and tunnels on top, whose metrics are those of what is below."""
    uppers = [vlan.untagged_PIF for vlan in model.by(VLAN, "tagged_PIF", ref)]
    uppers += [tunnel.access_PIF for tunnel in model.by(Tunnel, "transport_PIF", ref)]
    record = model.records.get(ref)
    if isinstance(record, VLAN):
        uppers = [record.untagged_PIF]
    elif isinstance(record, Tunnel):
        uppers = [record.access_PIF]
    for upper in uppers:
        yield upper
        yield from above(model, upper)


PATHS: Mapping[str, Callable[[Model, str], Iterator[str]]] = {"inside": inside, "above": above}
"""What `depends` says beside fields: the way from an object that changed to those that look different."""

SEEN_IN: Mapping[str, frozenset[str]] = {
    kind.class_name: frozenset(
        path.partition(".")[2]
        for other in SCHEMA.values()
        for field in other.fields
        for path in field.depends
        if path.startswith(f"{kind.class_name}.")
    )
    for kind in CLASSES
}
"""By class, what of an object leads to those that it is seen in; a host that comes or goes is seen in all."""
