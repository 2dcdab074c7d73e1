"""A host in a pool: joining, learning what the others tell, being alone again (pool.join, pool.eject).

What other hosts have published is in the model beside what is this host's own, so that rules see all of the
pool.  Networks and the pool itself are the pool's: here they are as it has them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from agent.errors import (
    JoiningHostCannotBeMasterOfOtherHosts,
    JoiningHostCannotHaveRunningOrSuspendedVMs,
    OperationNotAllowed,
    PoolJoiningHostHasBonds,
    PoolJoiningHostHasNonManagementVLANs,
    PoolJoiningHostHasTunnels,
    PoolJoiningHostManagementVLANDoesNotMatch,
)
from agent.model.draft import Draft, Plan
from agent.model.model import (
    Model,
    here,
    host_of,
    management,
    management_of,
    pifs_on,
    this_host,
    vifs_on,
)
from agent.model.records import PIF, VLAN, VM, Bond, Host, Network, Pool, PowerState, Record, Ref, Tunnel
from agent.model.tunnels import peers_of
from agent.rules.corresponding_nics import Correspondence, place_of
from agent.rules.network import free_bridge
from agent.rules.vifs_elsewhere import follow_bonds


@dataclass(frozen=True)
class PoolContents:
    """What the pool's store says to a host: the pool, its networks, and what is other hosts'."""

    pool: Pool
    networks: Mapping[str, Record] = field(default_factory=dict)
    others: Mapping[str, Record] = field(default_factory=dict)
    is_ejected: bool = False

    @property
    def model(self) -> Model:
        """As a model, in which nothing refers to what is not there."""
        return Model({self.pool.ref: self.pool, **self.networks, **dict(whole(self.networks, self.others))})


def whole(networks: Mapping[str, Record], others: Mapping[str, Record]) -> Iterator[tuple[str, Record]]:
    """The records of other hosts all of whose references are there: a change may be seen half-way."""
    known: set[str] = {*networks}
    for kind, needs in NEEDS.items():
        for ref, record in others.items():
            if isinstance(record, kind) and all(getattr(record, name) in known for name in needs):
                known.add(ref)
                yield ref, _without_lost_bond(record, others)


NEEDS: Mapping[type[Record], tuple[str, ...]] = {
    Host: (),
    PIF: ("host", "network"),
    Bond: ("master",),
    VLAN: ("tagged_PIF", "untagged_PIF"),
    Tunnel: ("transport_PIF", "access_PIF"),
}
"""The references that a record can't do without, of what stands on nothing first."""


def _without_lost_bond(record: Record, others: Mapping[str, Record]) -> Record:
    if isinstance(record, PIF) and record.bond_slave_of is not None and record.bond_slave_of not in others:
        return replace(record, bond_slave_of=None)
    return record


# --- learning -------------------------------------------------------------------------------------


def learn(model: Model, contents: PoolContents, *, networks: bool = True) -> Plan:
    """The model as the pool's store has it now, with what is this host's own as it is.

    networks: False for what other hosts have alone, where the host can't have a network as the pool has it.
    """
    draft = Draft(model)
    if networks:
        take_pool(draft, contents)
        take_networks(draft, contents)
    take_others(draft, contents)
    follow_bonds(draft, model)
    meet_peers(draft)
    return Plan(model, draft.model)


def take_pool(draft: Draft, contents: PoolContents) -> None:
    """There is one pool."""
    for pool in draft.model.all(Pool):
        if pool.ref != contents.pool.ref:
            draft.remove(pool.ref)
    if draft.model.records.get(contents.pool.ref) != contents.pool:
        draft.put(contents.pool)


def take_networks(draft: Draft, contents: PoolContents) -> None:
    """One that the pool has not any more stays as long as something of this host's is on it."""
    for network in draft.model.all(Network):
        if network.ref not in contents.networks and not is_in_use_here(draft.model, network):
            remove_network(draft, network)
    for ref, record in contents.networks.items():
        if draft.model.records.get(ref) != record:
            draft.put(record)


def is_in_use_here(model: Model, network: Network) -> bool:
    own = here(model)
    return bool(pifs_on(own, network.ref) or vifs_on(own, network.ref))


def remove_network(draft: Draft, network: Network) -> None:
    """With what other hosts have on it, of which they will tell anew."""
    for pif in pifs_on(draft.model, network.ref):
        remove_all_of(draft, {pif.ref})
    draft.remove(network.ref)


def take_others(draft: Draft, contents: PoolContents) -> None:
    """What other hosts have, as they have told; of hosts that are no members nothing."""
    known: dict[str, Record] = {network.ref: network for network in draft.model.all(Network)}
    now = dict(whole(known, contents.others))
    own = this_host(draft.model)
    theirs = [
        record.ref
        for record in draft.model.records.values()
        if (host := host_of(draft.model, record)) is not None and own is not None and host != own.ref
    ]
    for gone in theirs:
        if gone not in now:
            draft.remove(gone)
    for ref, record in now.items():
        there = draft.model.records.get(ref)
        if isinstance(record, Host) and isinstance(there, Host):
            record = replace(record, is_lost=there.is_lost)
        if there != record:
            draft.put(record)
    forget_hosts(draft)


def remove_all_of(draft: Draft, refs: set[str]) -> None:
    """Records, and those that can't do without them."""
    for kind, needs in NEEDS.items():
        for record in draft.model.all(kind):
            if record.ref in refs or any(getattr(record, name) in refs for name in needs):
                refs.add(record.ref)
                draft.remove(record.ref)


def forget_hosts(draft: Draft) -> None:
    """VMs may have named a host that is no member any more."""
    for vm in draft.model.all(VM):
        hosts = tuple(host for host in vm.possible_hosts if host in draft.model.records)
        affinity = vm.affinity if vm.affinity in draft.model.records else None
        if (hosts, affinity) != (vm.possible_hosts, vm.affinity):
            draft.put(replace(vm, possible_hosts=hosts, affinity=affinity))


def meet_peers(draft: Draft) -> None:
    """This host's tunnels have the other hosts' ends: a mesh."""
    for tunnel in here(draft.model).all(Tunnel):
        peers = peers_of(draft.model, tunnel)
        if peers != tunnel.peers:
            draft.put(replace(tunnel, peers=peers))


def lose(model: Model, host: Ref[Host], *, is_lost: bool) -> Plan:
    """Tunnels have no end at a host that is lost, and have one again when it is not."""
    draft = Draft(model)
    record = model.records.get(host)
    if isinstance(record, Host) and record.elsewhere:
        draft.put(replace(record, is_lost=is_lost))
        meet_peers(draft)
    return Plan(model, draft.model)


# --- joining and leaving --------------------------------------------------------------------------


def join(model: Model, contents: PoolContents, by: Correspondence = "device") -> Plan:
    """This host is a member: its PIFs and VIFs are on the pool's networks where those match its own."""
    check_can_join(model, contents)
    draft = Draft(model)
    matches = matched(model, contents, by)
    for network in model.all(Network):
        match = matches.get(network.ref)
        if match is not None:
            move_to(draft, network, match)
        elif network.bridge in bridges_of(contents):
            both = Model({**draft.model.records, **contents.networks})
            draft.put(replace(network, bridge=free_bridge(both)))
    take_pool(draft, contents)
    for ref, record in contents.networks.items():
        draft.put(record) if draft.model.records.get(ref) != record else None
    take_others(draft, contents)
    return Plan(model, draft.model)


def check_can_join(model: Model, contents: PoolContents) -> None:
    """What XenAPI refuses (xapi_pool.ml, pre_join_checks; reference, 4.8)."""
    own, host = here(model), this_host(model)
    if host is None or any(pool.ref == contents.pool.ref for pool in model.all(Pool)):
        raise OperationNotAllowed("the host is in this pool already")
    if len(model.all(Host)) > 1:
        raise JoiningHostCannotBeMasterOfOtherHosts()
    for vm in own.all(VM):
        if vm.power_state != PowerState.HALTED:
            raise JoiningHostCannotHaveRunningOrSuspendedVMs()
    if own.all(Bond):
        raise PoolJoiningHostHasBonds()
    if own.all(Tunnel):
        raise PoolJoiningHostHasTunnels()
    managing, master = management(model), management_of(contents.model, contents.pool.master)
    if any(managing is None or vlan.untagged_PIF != managing.ref for vlan in own.all(VLAN)):
        raise PoolJoiningHostHasNonManagementVLANs()
    ours, theirs = (-1 if pif is None else pif.VLAN for pif in (managing, master))
    if ours != theirs and master is not None:
        raise PoolJoiningHostManagementVLANDoesNotMatch(str(ours), str(theirs))


def matched(model: Model, contents: PoolContents, by: Correspondence) -> Mapping[str, Network]:
    """By a network of this host's that of the pool: of a NIC by its bridge, any other by its name (XenAPI).

    Where NICs correspond by position, those of their networks do.
    """
    pool = contents.model
    bridges = {network.bridge: network for network in pool.all(Network)}
    labels = {network.name_label: network for network in reversed(pool.all(Network)) if network.name_label}
    places = {
        place_of(pool, pif, by): pool.get(pif.network)
        for pif in pool.by(PIF, "physical", True)
        if by == "position" and pif.host == contents.pool.master
    }
    found: dict[str, Network] = {}
    for network in model.all(Network):
        nics = [pif for pif in pifs_on(here(model), network.ref) if pif.physical]
        match = bridges.get(network.bridge) if nics else labels.get(network.name_label)
        if nics and by == "position":
            match = places.get(place_of(model, nics[0], by), match)
        if match is not None and match not in found.values():
            found[network.ref] = match
    return found


def bridges_of(contents: PoolContents) -> frozenset[str]:
    return frozenset(network.bridge for network in contents.model.all(Network))


def move_to(draft: Draft, network: Network, match: Network) -> None:
    """What is on a network is on the pool's from now on."""
    draft.put(match)
    if network.ref == match.ref:
        return
    for pif in pifs_on(draft.model, network.ref):
        draft.put(replace(pif, network=match.ref, MTU=match.MTU))
    for vif in vifs_on(draft.model, network.ref):
        draft.put(replace(vif, network=match.ref))
    draft.remove(network.ref)


def leave(model: Model) -> Plan:
    """The host is alone, in a pool of its own, with all that it has; its networks stay."""
    draft, host = Draft(model), this_host(model)
    assert host is not None
    for pool in model.all(Pool):
        draft.remove(pool.ref)
    draft.put(Pool(uuid=draft.new_uuid(), master=host.ref))
    for record in model.records.values():
        owner = host_of(model, record)
        if owner is not None and owner != host.ref:
            draft.remove(record.ref)
    forget_hosts(draft)
    meet_peers(draft)
    return Plan(model, draft.model)


def designate_new_master(model: Model, host: Ref[Host]) -> Plan:
    """Another host is the master, whose bonds, VLANs and tunnels members take over from now on (XenAPI)."""
    master, draft = model.find(Host, host), Draft(model)
    for pool in model.all(Pool):
        if pool.master != master.ref:
            draft.put(replace(pool, master=master.ref))
    return Plan(model, draft.model)
