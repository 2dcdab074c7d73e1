"""What XenAPI has no call for: a bond's members change, its primary slave, and the one that is active.

A member that comes is taken in as Bond.create takes its members; one that goes is a plain NIC again.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.errors import (
    IncompatiblePIFProperties,
    InvalidValue,
    PIFBondNeedsMoreMembers,
    PIFCannotBondCrossHost,
)
from agent.model.bond_options import effective_mode, has_one_active, usable
from agent.model.draft import Draft, Plan
from agent.model.model import Model, primary_slave_of, slaves
from agent.model.records import PIF, Bond, Ref
from agent.rules.bond_checks import check_address_types, check_member, check_mtus, check_one_ip
from agent.rules.members import enslave, reset_slaves, unplug_slaves
from agent.rules.moving import (
    move_own_vifs,
    move_tunnels,
    move_vlans,
    taking_over,
    vifs_to_ask,
    vlans_by_tag,
)


def add_member(model: Model, self: Ref[Bond], value: Ref[PIF]) -> Plan:
    """Take a NIC into a bond; what is on it moves to the master, and so does its IP configuration."""
    bond, member = model.find(Bond, self), model.find(PIF, value)
    master = model.get(bond.master)
    check_new_member(model, bond, master, member)
    moving = vifs_to_ask(model, [master, member])
    asked = tuple(vif for vif in moving if model.get(vif).network != master.network)
    draft = Draft(model)
    enslave(draft, bond, [member])
    move_vlans(draft, [member], master)
    move_tunnels(draft, [member], master)
    move_own_vifs(draft, [member], master)
    draft.put(taking_over(draft.model.get(master.ref), member))
    unplug_slaves(draft, [member])
    reset_slaves(draft, [member])
    check_mtus(model, draft.model, master)
    return Plan(model, draft.model, unplug=asked, plug=asked)


def check_new_member(model: Model, bond: Bond, master: PIF, member: PIF) -> None:
    """What Bond.create refuses of its members."""
    check_address_types([master, member])
    check_member(model, member)
    if member.host != master.host:
        raise PIFCannotBondCrossHost()
    if any(slave.properties != member.properties for slave in slaves(model, bond)):
        raise IncompatiblePIFProperties()
    check_one_ip([master, member])
    for vlans in vlans_by_tag(model, [master, member]).values():
        check_one_ip([model.get(vlan.untagged_PIF) for vlan in vlans])


def remove_member(model: Model, self: Ref[Bond], value: Ref[PIF]) -> Plan:
    """Let a NIC go, unplugged; the bond keeps all that is on it.

    A bond whose primary slave goes has another, and with it its MAC, unless the bond was given one: the NIC
    takes its own along.
    """
    bond = model.find(Bond, self)
    member = checked_slave(model, bond, value)
    others = [slave for slave in slaves(model, bond) if slave.ref != member.ref]
    if not others:
        raise PIFBondNeedsMoreMembers()
    draft = Draft(model)
    draft.put(replace(member, bond_slave_of=None))
    if primary_slave_of(model, bond).ref == member.ref:
        make_primary(draft, bond, others[0])
    drop_properties(draft, bond, [slave.device for slave in others])
    return Plan(model, draft.model)


def set_primary_slave(model: Model, self: Ref[Bond], value: Ref[PIF]) -> Plan:
    """Another slave is the primary one: it gets the IP configuration when the bond is destroyed, and gives
    the bond its MAC, unless the bond was given one."""
    bond = model.find(Bond, self)
    draft = Draft(model)
    make_primary(draft, bond, checked_slave(model, bond, value))
    return Plan(model, draft.model)


def set_active_slave(model: Model, self: Ref[Bond], value: Ref[PIF]) -> Plan:
    """Have the traffic go over a slave from now on.  Nothing is stored: the property primary is for that."""
    bond = model.find(Bond, self)
    slave = checked_slave(model, bond, value)
    mode = effective_mode(model, bond)
    if not has_one_active(mode):
        raise InvalidValue("value", f"{slave.device}: in mode {mode} all members are active")
    return Plan(model, model, active_slave=(model.get(bond.master).device, slave.device))


def checked_slave(model: Model, bond: Bond, value: Ref[PIF]) -> PIF:
    """A member of the bond."""
    member = model.find(PIF, value)
    if member.bond_slave_of != bond.ref:
        device = model.get(bond.master).device
        raise InvalidValue("value", f"{member.device} is no member of {device}")
    return member


def make_primary(draft: Draft, bond: Bond, slave: PIF) -> None:
    """auto_update_mac says whether the bond's MAC is its primary slave's (XenAPI)."""
    draft.put(replace(draft.model.get(bond.ref), primary_slave=slave.ref))
    if bond.auto_update_mac:
        draft.put(replace(draft.model.get(bond.master), MAC=slave.MAC))


def drop_properties(draft: Draft, bond: Bond, devices: list[str]) -> None:
    """What was said of a member goes with it."""
    now = draft.model.get(bond.ref)
    kept: Mapping[str, str] = usable(effective_mode(draft.model, now), now.properties, devices)
    draft.put(replace(now, properties=kept))
