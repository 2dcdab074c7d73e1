"""violations(model): what must hold of every model that the rules make, checked without them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from agent.model.model import Model, slaves, tunnel_over, tunnels_on, vifs_on, vlan_over, vlans_on
from agent.model.mtu import mtu_of
from agent.model.records import (
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    Host,
    Network,
    Pool,
    Record,
    Ref,
    Tunnel,
    VMGuestMetrics,
)
from agent.model.vifs import is_plugged

REFERENCES: Mapping[type[Record], Mapping[str, type[Record]]] = {
    Pool: {"master": Host},
    PIF: {"network": Network, "host": Host, "bond_slave_of": Bond},
    Bond: {"master": PIF, "primary_slave": PIF},
    VLAN: {"tagged_PIF": PIF, "untagged_PIF": PIF},
    Tunnel: {"access_PIF": PIF, "transport_PIF": PIF},
    VM: {"resident_on": Host, "affinity": Host, "possible_hosts": Host, "guest_metrics": VMGuestMetrics},
    VIF: {"network": Network, "VM": VM},
}


def violations(model: Model) -> list[str]:
    """What is wrong with the model, in words; of one with references to nothing only those."""
    wrong = list(dangling(model))
    return wrong or [line for check in CHECKS for line in check(model)]


def dangling(model: Model) -> Iterator[str]:
    for record in model.records.values():
        for field, kind in REFERENCES.get(type(record), {}).items():
            for ref in references(record, field):
                if not isinstance(model.records.get(ref), kind):
                    yield f"{record.class_name}.{field} of {record.uuid} leads to {ref}"


def references(record: Record, field: str) -> tuple[Ref[Record], ...]:
    value = getattr(record, field)
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (cast(Ref[Record], value),)


def made_pifs(model: Model) -> Iterator[str]:
    """A PIF is a NIC, or one of a bond's, a VLAN's and a tunnel's."""
    masters = Counter(bond.master for bond in model.all(Bond))
    uppers = Counter(vlan.untagged_PIF for vlan in model.all(VLAN))
    accesses = Counter(tunnel.access_PIF for tunnel in model.all(Tunnel))
    for pif in model.all(PIF):
        roles = pif.physical + masters[pif.ref] + uppers[pif.ref] + accesses[pif.ref]
        if roles != 1:
            yield f"{pif.device} has {roles} roles"
        if (pif.VLAN >= 0) != (uppers[pif.ref] == 1):
            yield f"{pif.device} has the tag {pif.VLAN}"


def one_pif_per_network_and_host(model: Model) -> Iterator[str]:
    for pair, count in twice((pif.network, pif.host) for pif in model.all(PIF)):
        yield f"{count} PIFs on {pair}"


def one_management_per_host(model: Model) -> Iterator[str]:
    for host, count in twice(pif.host for pif in model.all(PIF) if pif.management):
        yield f"{count} management interfaces of {host}"
    for pif in model.all(PIF):
        if pif.management and not pif.currently_attached:
            yield f"{pif.device} is management and not plugged"


def bonds_have_slaves(model: Model) -> Iterator[str]:
    for bond in model.all(Bond):
        own = slaves(model, bond)
        if bond.primary_slave not in {slave.ref for slave in own}:
            yield f"the primary slave of bond {bond.uuid} is none of its {len(own)} slaves"
        if {slave.host for slave in own} - {model.get(bond.master).host}:
            yield f"bond {bond.uuid} has slaves of another host"
        if not all(slave.physical for slave in own):
            yield f"bond {bond.uuid} has a slave that is no NIC"


def nothing_on_a_slave(model: Model) -> Iterator[str]:
    """So at most one of a bond and its slaves is attached, too."""
    for slave in (pif for pif in model.all(PIF) if pif.bond_slave_of is not None):
        here = (vif for vif in vifs_on(model, slave.network) if is_on(model, vif, slave))
        found = {
            "VLAN": vlans_on(model, slave.ref),
            "tunnel": tunnels_on(model, slave.ref),
            "IP configuration": slave.ip_configuration.is_configured(),
            "management": slave.management,
            "attached": slave.currently_attached,
            "disallow_unplug": slave.disallow_unplug,
            "plugged VIF": any(here),
        }
        yield from (f"{what} on slave {slave.device}" for what, there in found.items() if there)


def vlans_are_sound(model: Model) -> Iterator[str]:
    for pair, count in twice((vlan.tagged_PIF, vlan.tag) for vlan in model.all(VLAN)):
        yield f"{count} VLANs of one tag on {pair}"
    for vlan in model.all(VLAN):
        lower, upper = model.get(vlan.tagged_PIF), model.get(vlan.untagged_PIF)
        if (upper.device, upper.VLAN, upper.host) != (lower.device, vlan.tag, lower.host):
            yield f"the upper PIF of VLAN {vlan.tag} is {upper.device}.{upper.VLAN}, on {lower.device}"
        if vlan_over(model, lower) or tunnel_over(model, lower):
            yield f"VLAN {vlan.tag} is on a VLAN or in a tunnel"
        if max(mtu_of(model, upper), model.get(upper.network).MTU) > mtu_of(model, lower):
            yield f"VLAN {upper.device}.{vlan.tag} is larger than the PIF below it"


def tunnels_are_sound(model: Model) -> Iterator[str]:
    keys = {(tunnel.key, model.get(tunnel.access_PIF).network) for tunnel in model.all(Tunnel)}
    for key, count in twice(key for key, _ in keys):
        yield f"{count} networks whose tunnels have key {key}"
    for network, count in twice(network for _, network in keys):
        yield f"network {network} has tunnels with {count} keys"
    for tunnel in model.all(Tunnel):
        access, transport = model.get(tunnel.access_PIF), model.get(tunnel.transport_PIF)
        if tunnel_over(model, transport):
            yield f"{access.device} is in a tunnel"
        if access.host != transport.host:
            yield f"{access.device} is of another host than {transport.device}"
        if access.currently_attached and not transport.currently_attached:
            yield f"{access.device} is plugged, {transport.device} is not"


def vifs_have_their_network(model: Model) -> Iterator[str]:
    for pif in model.all(PIF):
        if not pif.currently_attached and any(is_on(model, vif, pif) for vif in vifs_on(model, pif.network)):
            yield f"{pif.device} is not plugged, but a VIF on its network is"


def names_are_distinct(model: Model) -> Iterator[str]:
    for name, count in twice((pif.host, pif.device, pif.VLAN) for pif in model.all(PIF)):
        yield f"{count} PIFs are called {name}"
    for bridge, count in twice(network.bridge for network in model.all(Network)):
        yield f"{count} networks have the bridge {bridge}"


CHECKS = (
    made_pifs, one_pif_per_network_and_host, one_management_per_host, bonds_have_slaves, nothing_on_a_slave,
    vlans_are_sound, tunnels_are_sound, vifs_have_their_network, names_are_distinct,
)  # fmt: skip


def is_on(model: Model, vif: VIF, pif: PIF) -> bool:
    """Whether the VIF is plugged on the PIF's host."""
    return is_plugged(model, vif) and model.get(vif.VM).resident_on == pif.host


def twice(found: Iterable[object]) -> list[tuple[object, int]]:
    return [(what, count) for what, count in Counter(found).items() if count > 1]
