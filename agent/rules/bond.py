"""Bond.create and Bond.destroy, the numbered steps of the design, one line a step; and the Bond's setters.

VIFs that change their network are given up first (create, step 3; destroy, step 1), and taken again in the
end.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from itertools import count

from agent.model.bond_options import OLD_MODE_KEY, defaults, effective_mode, usable
from agent.model.draft import Draft, Plan
from agent.model.facts import NO_FACTS, Facts
from agent.model.mac import checked_mac
from agent.model.model import Model, pifs_of, primary_slave_of, slaves
from agent.model.records import PIF, VIF, Bond, BondMode, Host, Network, Ref
from agent.rules.bond_checks import (
    check_mtus,
    check_properties,
    checked_mode,
    chosen_mode,
    validate,
)
from agent.rules.device_name_checks import names_of
from agent.rules.members import (
    enslave,
    free_slaves,
    primary_slave,
    reset_slaves,
    unplug_slaves,
    without_duplicates,
)
from agent.rules.moving import move_own_vifs, move_tunnels, move_vlans, vifs_to_ask
from agent.rules.pif import ip_keys, without_ip_keys
from agent.rules.plugging import vifs_in_use


def create(
    model: Model,
    network: Ref[Network],
    members: Sequence[Ref[PIF]],
    MAC: str,
    mode: str | None = None,
    properties: Mapping[str, str] | None = None,
    *,
    facts: Facts = NO_FACTS,
) -> Plan:
    """Put the members into a new bond on a network (design, New Behaviour on Bond creation)."""
    named = [model.find(PIF, member) for member in without_duplicates(members)]  # step 1
    home = model.find(Network, network)
    chosen, notes = chosen_mode(mode, facts)
    bond_mode = validate(model, home, named, MAC, chosen, properties or {}, facts)  # step 2
    asked = vifs_to_ask(model, named)  # step 3
    primary = primary_slave(named)  # step 4
    draft = Draft(model)
    master = draft.put(new_master(draft, home, named, primary, MAC, facts.names))  # step 5
    bond = draft.put(new_bond(draft.new_uuid(), master, primary, MAC, bond_mode, properties or {}))  # step 6
    enslave(draft, bond, named)  # step 7
    move_vlans(draft, named, master)  # step 8
    move_tunnels(draft, named, master)  # step 9
    move_own_vifs(draft, named, master)  # step 10
    plug_master_in_place_of_slaves(draft, master, named)  # step 11
    reset_slaves(draft, named)  # step 12
    check_mtus(model, draft.model, master)  # step 2, of what has moved
    return Plan(model, draft.model, bond.ref, unplug=asked, plug=asked, notes=notes)


def destroy(model: Model, self: Ref[Bond]) -> Plan:
    """Take a bond apart in favour of its primary slave (design, New Behaviour on Bond destruction)."""
    bond = model.find(Bond, self)
    master, primary = model.get(bond.master), primary_slave_of(model, bond)
    asked = vifs_to_ask(model, [master])  # step 1
    draft = Draft(model)
    free_slaves(draft, bond)
    give_ip_configuration(draft, master, primary.ref)  # step 2
    move_vlans(draft, [master], primary)  # step 3
    move_tunnels(draft, [master], primary)  # step 4
    move_own_vifs(draft, [master], primary)  # step 5
    give_management(draft, master, primary.ref)  # step 6
    plug_primary_slave(draft, master, primary.ref)  # step 7
    give_disallow_unplug(draft, master, primary.ref)  # step 8
    draft.remove(bond.ref)  # step 9
    draft.remove(master.ref)
    check_mtus(model, draft.model, primary)
    return Plan(model, draft.model, unplug=asked, plug=asked)


def set_mode(model: Model, self: Ref[Bond], value: str, *, facts: Facts = NO_FACTS) -> Plan:
    """Another mode for a bond, with those of its properties that the mode has (XenAPI, Bond.set_mode).

    XenAPI plugs the master, even one that was unplugged: here it stays as it is.  The last one who sets the
    mode has it: an old key of the master's, which would override it, goes.
    """
    bond = model.find(Bond, self)
    mode, members, master = checked_mode(value), slaves(model, bond), model.get(bond.master)
    kept = usable(mode, bond.properties, [member.device for member in members])
    other = {key: value for key, value in master.other_config.items() if key != OLD_MODE_KEY}
    draft = Draft(model)
    draft.put(replace(master, other_config=other))
    return with_properties(model, draft, replace(bond, mode=mode), {**defaults(mode), **kept}, facts)


def set_property(model: Model, self: Ref[Bond], name: str, value: str, *, facts: Facts = NO_FACTS) -> Plan:
    """A property of the bond's mode; the master is not plugged by it, as set_mode's is not."""
    bond = model.find(Bond, self)
    return with_properties(model, Draft(model), bond, {**bond.properties, name: value}, facts)


def remove_property(model: Model, self: Ref[Bond], name: str, *, facts: Facts = NO_FACTS) -> Plan:
    """A property that nobody gives any more has its default; one that is not there is no matter."""
    bond = model.find(Bond, self)
    kept = {key: value for key, value in bond.properties.items() if key != name}
    return with_properties(
        model, Draft(model), bond, {**defaults(effective_mode(model, bond)), **kept}, facts
    )


def with_properties(
    before: Model, draft: Draft, bond: Bond, properties: Mapping[str, str], facts: Facts
) -> Plan:
    """The plan that gives a bond its properties, if they go together."""
    draft.put(replace(bond, properties=properties))
    check_properties(effective_mode(draft.model, bond), properties, slaves(draft.model, bond), facts)
    return Plan(before, draft.model)


def new_master(
    draft: Draft,
    network: Network,
    members: Sequence[PIF],
    primary: PIF,
    MAC: str,
    taken: Container[str] = (),
) -> PIF:
    """The master, with the primary slave's MAC and IP configuration (create, step 5).

    Management without an IP configuration, which no call leads to, has it from the slave that has one.
    """
    having = [member for member in members if member.ip_configuration.is_configured()]
    source = next(iter([] if primary in having else having), primary)
    return PIF(
        uuid=draft.new_uuid(),
        device=free_device(draft.model, primary.host, taken),
        network=network.ref,
        host=primary.host,
        MAC=checked_mac(MAC) if MAC else primary.MAC,
        MTU=network.MTU,
        ip_configuration=source.ip_configuration,
        other_config=ip_keys(source),
        disallow_unplug=any(member.disallow_unplug for member in members),
        properties=primary.properties,
    )


def free_device(model: Model, host: Ref[Host], names: Container[str] = ()) -> str:
    """`bond<x>`, x the smallest non-negative integer that no PIF of the host has (create, step 5).

    A number that a bridge or a VIF's device has in its name is used too, and one that any device of the host
    has, pifd's or not (names): the kernel has one name for each.
    """
    taken = {pif.device for pif in pifs_of(model, host)}
    taken |= {network.bridge for network in model.all(Network)}
    taken |= {name for vif in model.all(VIF) for name in names_of(model, vif)}
    free = (name for name in map("bond{}".format, count()) if name not in taken)
    return next(name for name in free if name not in names)


def new_bond(
    uuid: str, master: PIF, primary: PIF, MAC: str, mode: BondMode, properties: Mapping[str, str]
) -> Bond:
    """The Bond, which remembers its primary slave (create, step 6)."""
    return Bond(
        uuid=uuid,
        master=master.ref,
        primary_slave=primary.ref,
        mode=mode,
        properties={**defaults(mode), **properties},
        auto_update_mac=not MAC,
    )


def plug_master_in_place_of_slaves(draft: Draft, master: PIF, members: Sequence[PIF]) -> None:
    """Management moves up; the master is plugged if a slave was; the slaves are not (create, step 11).

    A master whose network has plugged VIFs is plugged too: they need their network up.
    """
    manages = any(member.management for member in members)
    attached = any(member.currently_attached for member in members)
    needed = bool(vifs_in_use(draft.model, master.network, master.host))
    draft.put(replace(master, management=manages, currently_attached=manages or attached or needed))
    unplug_slaves(draft, members)


def give_ip_configuration(draft: Draft, master: PIF, primary: Ref[PIF]) -> None:
    """The primary slave takes the master's IP configuration (destroy, step 2)."""
    slave = draft.model.get(primary)
    draft.put(
        replace(
            slave,
            ip_configuration=master.ip_configuration,
            other_config={**without_ip_keys(slave), **ip_keys(master)},
        )
    )


def give_management(draft: Draft, master: PIF, primary: Ref[PIF]) -> None:
    """If the master is the management interface, the primary slave becomes it, plugged (destroy, step 6)."""
    if master.management:
        draft.put(replace(draft.model.get(primary), management=True, currently_attached=True))


def plug_primary_slave(draft: Draft, master: PIF, primary: Ref[PIF]) -> None:
    """If the master was plugged, the primary slave is (destroy, step 7); so if plugged VIFs need it."""
    slave = draft.model.get(primary)
    if master.currently_attached or vifs_in_use(draft.model, slave.network, slave.host):
        draft.put(replace(slave, currently_attached=True))


def give_disallow_unplug(draft: Draft, master: PIF, primary: Ref[PIF]) -> None:
    """disallow_unplug goes down with the rest (destroy, step 8)."""
    if master.disallow_unplug:
        draft.put(replace(draft.model.get(primary), disallow_unplug=True))
