"""What the host is reached by: the management interface, and all that it stands on."""

from collections.abc import Iterable
from dataclasses import replace

from agent.model.model import Model, bond_of_master, slaves, tunnel_over, vlan_over
from agent.model.records import PIF, VIF, VLAN, Record, Ref, Tunnel


def under_management(model: Model) -> frozenset[str]:
    """The management interfaces and all PIFs that they stand on: without them the host is out of reach."""
    reached, todo = set[str](), [pif.ref for pif in model.all(PIF) if pif.management]
    while todo:
        pif = model.records.get(todo.pop())
        if isinstance(pif, PIF) and pif.ref not in reached:
            reached.add(pif.ref)
            todo.extend(below(model, pif))
    return frozenset(reached)


def below(model: Model, pif: PIF) -> Iterable[Ref[PIF]]:
    """The PIFs that a PIF directly stands on."""
    vlan, tunnel, bond = vlan_over(model, pif), tunnel_over(model, pif), bond_of_master(model, pif)
    if vlan is not None:
        return [vlan.tagged_PIF]
    if tunnel is not None:
        return [tunnel.transport_PIF]
    return [slave.ref for slave in slaves(model, bond)] if bond is not None else []


def with_management_alone(model: Model) -> Model:
    """The model with what the host is reached by, and nothing else; all of it, where that is nothing."""
    needed = under_management(model)
    if not needed:
        return model
    left: dict[str, Record] = {
        ref: record for ref, record in model.records.items() if not isinstance(record, VIF)
    }
    uppers = {vlan.ref: vlan.untagged_PIF for vlan in model.all(VLAN)}
    uppers |= {tunnel.ref: tunnel.access_PIF for tunnel in model.all(Tunnel)}
    for over, own in uppers.items():
        if own not in needed:
            del left[over], left[own]
    for pif in model.all(PIF):
        if pif.ref in left and pif.ref not in needed:
            left[pif.ref] = replace(pif, managed=False)
    return Model(left)
