"""Pools: what other hosts have, beside a model that one host's engine may hold."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from agent.kernel.state import KernelState
from agent.model.draft import Draft
from agent.model.model import Model, here, host_of, this_host
from agent.model.records import PIF, Host, Network, Pool, Record, Ref
from agent.rules.first_start import first_start
from tests.worlds.hosts import host
from tests.worlds.world import facts


def other_host(model: Model, name: str = "host2", state: KernelState | None = None) -> Model:
    """The model with another host in the pool, whose NICs have the same names and networks."""
    return with_host(model, alone(name, state))


def alone(name: str, state: KernelState | None = None) -> Model:
    """A host's model after its first start, before it is in any pool."""
    return first_start(name, facts(state or host()), seed=name.encode()).after


def with_host(model: Model, other: Model, *, master: bool = False) -> Model:
    """The model with what another host's model has of its own; those of NICs are on the same networks."""
    draft = Draft(model)
    known = {network.bridge: network.ref for network in model.all(Network)}
    names: dict[Ref[Network], Ref[Network]] = {}
    for network in other.all(Network):
        if network.bridge in known and network.bridge.startswith("xenbr"):
            names[network.ref] = known[network.bridge]
        else:
            taken = network.bridge in known
            bridge = f"far{len(draft.model.records)}" if taken else network.bridge
            names[network.ref] = draft.put(replace(network, bridge=bridge)).ref
    for record in here(other).records.values():
        if isinstance(record, PIF):
            record = replace(record, network=names[record.network])
        if isinstance(record, Host):
            record = replace(record, elsewhere=True)
        if not isinstance(record, Network | Pool):
            draft.put(record)
    if master:
        for pool in model.all(Pool):
            draft.put(replace(pool, master=other.all(Host)[0].ref))
    return draft.model


def own_of(model: Model, host: Ref[Host]) -> list[Record]:
    """What is a host's own."""
    return [record for record in model.records.values() if host_of(model, record) == host]


def host_called(model: Model, name: str) -> Host:
    return next(found for found in model.all(Host) if found.name_label == name)


def own_host(model: Model) -> Host:
    found = this_host(model)
    assert found is not None
    return found


def pif_on_host(model: Model, device: str, host: Ref[Host], **fields: Any) -> PIF:
    """The host's PIF of a device, the one that is no VLAN."""
    return next(pif for pif in model.by(PIF, "device", device) if pif.host == host and pif.VLAN < 0)


def without_pifs(model: Model, devices: Collection[str]) -> Model:
    """The model as if this host had not some of its NICs."""
    draft = Draft(model)
    for pif in here(model).all(PIF):
        if pif.device in devices:
            draft.remove(pif.ref)
    return draft.model
