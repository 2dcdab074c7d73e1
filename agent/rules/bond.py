"""Bond.create and Bond.destroy: the numbered steps of the design, one line a step.

VLANs, tunnels and VIFs (create, steps 3 and 8 to 10; destroy, steps 1 and 3 to 5) come with their classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.draft import Draft, Plan
from agent.errors import (
    IncompatiblePIFProperties,
    InvalidValue,
    NetworkAlreadyConnected,
    NetworkUnmanaged,
    PIFAlreadyBonded,
    PIFBondMoreThanOneIP,
    PIFBondNeedsMoreMembers,
    PIFCannotBondCrossHost,
    PIFIncompatiblePrimaryAddressType,
    PIFUnmanaged,
    PIFVLANExists,
)
from agent.model import (
    PIF,
    Bond,
    BondMode,
    Host,
    IPConfiguration,
    Model,
    Network,
    Ref,
    bond_of_master,
    new_uuid,
    pifs_of,
    pifs_on,
    slaves,
)
from agent.rules.mac import checked_MAC
from agent.rules.pif import (
    address_type_is_configured,
    ip_keys,
    without_ip_keys,
)

NO_IP = IPConfiguration()


def create(
    model: Model,
    network: Ref[Network],
    members: Sequence[Ref[PIF]],
    MAC: str,
    mode: str = BondMode.ACTIVE_BACKUP,
    properties: Mapping[str, str] | None = None,
) -> Plan:
    """Put the members into a new bond on a network (design, New Behaviour on Bond creation)."""
    named = [model.find(PIF, member) for member in without_duplicates(members)]  # step 1
    home = model.find(Network, network)
    bond_mode = validate(model, home, named, MAC, mode, properties or {})  # step 2
    primary = primary_slave(named)  # step 4
    draft = Draft(model)
    master = draft.put(new_master(model, home, named, primary, MAC))  # step 5
    bond = draft.put(new_bond(master, primary, bond_mode, MAC))  # step 6
    enslave(draft, bond, named)  # step 7
    plug_master_in_place_of_slaves(draft, master, named)  # step 11
    reset_slaves(draft, named)  # step 12
    return Plan(model, draft.model, bond.ref)


def destroy(model: Model, self: Ref[Bond]) -> Plan:
    """Take a bond apart in favour of its primary slave (design, New Behaviour on Bond destruction)."""
    bond = model.find(Bond, self)
    master = model.get(bond.master)
    draft = Draft(model)
    free_slaves(draft, bond)
    give_ip_configuration(draft, master, bond.primary_slave)  # step 2
    give_management(draft, master, bond.primary_slave)  # step 6
    plug_primary_slave(draft, master, bond.primary_slave)  # step 7
    give_disallow_unplug(draft, master, bond.primary_slave)  # step 8
    draft.remove(bond.ref)  # step 9
    draft.remove(master.ref)
    return Plan(model, draft.model)


def without_duplicates(members: Sequence[Ref[PIF]]) -> list[Ref[PIF]]:
    """Each slave once, at its first place (create, step 1).

    XenAPI's implementation keeps the last place, which changes who comes first; the design says nothing.
    """
    return list(dict.fromkeys(members))


def validate(
    model: Model, network: Network, members: Sequence[PIF], MAC: str, mode: str, properties: Mapping[str, str]
) -> BondMode:
    """Everything that can be refused, in XenAPI's order; gives back the mode (create, step 2)."""
    if not members:
        raise PIFBondNeedsMoreMembers()
    if not network.managed:
        raise NetworkUnmanaged(network.ref)
    check_network_is_free(model, network, members[0].host)
    if MAC:
        checked_MAC(MAC)
    bond_mode = checked_mode(mode)
    check_properties(bond_mode, properties)
    check_address_types(members)
    for member in members:
        check_member(model, member)
    if len({member.host for member in members}) > 1:
        raise PIFCannotBondCrossHost()
    if any(member.properties != members[0].properties for member in members):
        raise IncompatiblePIFProperties()
    check_one_ip(members)
    return bond_mode


def check_network_is_free(model: Model, network: Network, host: Ref[Host]) -> None:
    """The network has no PIF on the slaves' host already (create, step 2).

    The parameters are the documented ones, network and PIF; XenAPI's implementation gives the host first.
    """
    for pif in pifs_on(model, network.ref):
        if pif.host == host:
            raise NetworkAlreadyConnected(network.ref, pif.ref)


def checked_mode(mode: str) -> BondMode:
    """A mode that this version can do; others are refused with the reason, never replaced by another."""
    if mode not in set(BondMode):
        raise InvalidValue("mode", mode)
    if mode != BondMode.ACTIVE_BACKUP:
        raise InvalidValue("mode", f"{mode}: this version of pifd only has active-backup")
    return BondMode(mode)


def check_properties(mode: BondMode, properties: Mapping[str, str]) -> None:
    """active-backup has no properties in XenAPI."""
    for key, value in properties.items():
        raise InvalidValue("properties", f"{key} = {value}: {mode} has no such property")


def check_address_types(members: Sequence[PIF]) -> None:
    """Every slave prefers the address family that the primary slave prefers."""
    wanted = primary_slave(members).ip_configuration.primary_address_type
    for member in members:
        if member.ip_configuration.primary_address_type != wanted:
            raise PIFIncompatiblePrimaryAddressType(member.ref)


def check_member(model: Model, member: PIF) -> None:
    """A slave is managed, in no bond, no bond itself and no VLAN (create, step 2)."""
    if not member.managed:
        raise PIFUnmanaged(member.ref)
    if member.bond_slave_of is not None or bond_of_master(model, member) is not None:
        raise PIFAlreadyBonded(member.ref)
    if member.VLAN >= 0:
        raise PIFVLANExists(member.ref)


def check_one_ip(members: Sequence[PIF]) -> None:
    """At most one slave has an IP configuration: a bond holds one, and none is lost silently.

    The design would take the first and drop the others; XenAPI has refused this since CA-106754.
    """
    if sum(member.ip_configuration.is_configured() for member in members) > 1:
        raise PIFBondMoreThanOneIP()


def primary_slave(members: Sequence[PIF]) -> PIF:
    """The management interface, else the first with an IP configuration, else the first (create, step 4)."""
    management = [member for member in members if member.management]
    configured = [member for member in members if address_type_is_configured(member)]
    either = [member for member in members if member.ip_configuration.is_configured()]
    return [*management, *configured, *either, *members][0]


def new_master(model: Model, network: Network, members: Sequence[PIF], primary: PIF, MAC: str) -> PIF:
    """The master, with the primary slave's MAC and IP configuration (create, step 5)."""
    return PIF(
        uuid=new_uuid(),
        device=free_device(model, primary.host),
        network=network.ref,
        host=primary.host,
        MAC=checked_MAC(MAC) if MAC else primary.MAC,
        MTU=network.MTU,
        ip_configuration=primary.ip_configuration,
        other_config=ip_keys(primary),
        disallow_unplug=any(member.disallow_unplug for member in members),
        properties=primary.properties,
    )


def free_device(model: Model, host: Ref[Host]) -> str:
    """`bond<x>`, x the smallest non-negative integer that no PIF of the host has (create, step 5)."""
    taken = {pif.device for pif in pifs_of(model, host)}
    return next(name for name in (f"bond{x}" for x in range(len(taken) + 1)) if name not in taken)


def new_bond(master: PIF, primary: PIF, mode: BondMode, MAC: str) -> Bond:
    """The Bond, which remembers its primary slave (create, step 6)."""
    return Bond(
        uuid=new_uuid(), master=master.ref, primary_slave=primary.ref, mode=mode, auto_update_mac=not MAC
    )


def enslave(draft: Draft, bond: Bond, members: Sequence[PIF]) -> None:
    """The slaves know their bond (create, step 7)."""
    for member in members:
        draft.put(replace(draft.model.get(member.ref), bond_slave_of=bond.ref))


def plug_master_in_place_of_slaves(draft: Draft, master: PIF, members: Sequence[PIF]) -> None:
    """Management moves up; the master is plugged if a slave was; the slaves are not (create, step 11)."""
    manages = any(member.management for member in members)
    plugged = manages or any(member.currently_attached for member in members)
    draft.put(replace(master, management=manages, currently_attached=plugged))
    for member in members:
        draft.put(replace(draft.model.get(member.ref), management=False, currently_attached=False))


def reset_slaves(draft: Draft, members: Sequence[PIF]) -> None:
    """No slave keeps an IP configuration or disallow_unplug (create, step 12)."""
    for member in members:
        slave = draft.model.get(member.ref)
        kept = replace(NO_IP, primary_address_type=slave.ip_configuration.primary_address_type)
        draft.put(
            replace(slave, ip_configuration=kept, other_config=without_ip_keys(slave), disallow_unplug=False)
        )


def free_slaves(draft: Draft, bond: Bond) -> None:
    """The slaves are plain NICs again."""
    for slave in slaves(draft.model, bond):
        draft.put(replace(slave, bond_slave_of=None))


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
    """If the master was plugged, the primary slave is (destroy, step 7)."""
    if master.currently_attached:
        draft.put(replace(draft.model.get(primary), currently_attached=True))


def give_disallow_unplug(draft: Draft, master: PIF, primary: Ref[PIF]) -> None:
    """disallow_unplug goes down with the rest (destroy, step 8)."""
    if master.disallow_unplug:
        draft.put(replace(draft.model.get(primary), disallow_unplug=True))
