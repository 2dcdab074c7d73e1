"""What Bond.create refuses, in XenAPI's order, and what no move of VLANs, tunnels and VIFs may break."""

from collections.abc import Iterator, Mapping, Sequence

from agent.errors import (
    IncompatiblePIFProperties,
    InvalidValue,
    IsTunnelAccessPIF,
    PIFAlreadyBonded,
    PIFBondMoreThanOneIP,
    PIFBondNeedsMoreMembers,
    PIFCannotBondCrossHost,
    PIFIncompatiblePrimaryAddressType,
    PIFUnmanaged,
    PIFVLANExists,
)
from agent.model.bond_options import (
    OLD_MODE_KEY,
    OLD_PREFIX,
    BadProperty,
    effective_mode,
    lacking,
    mode_named,
    settings_of,
    usable,
    with_old_keys,
)
from agent.model.facts import Facts
from agent.model.mac import checked_mac
from agent.model.model import Model, bond_of_master, slaves, tunnel_over, tunnels_on, vlans_on
from agent.model.mtu import mtu_of, room_in
from agent.model.records import PIF, VIF, BondMode, Network, Tunnel
from agent.rules.members import primary_slave
from agent.rules.moving import vlans_by_tag
from agent.rules.network import check_can_be_connected
from agent.rules.transport import check_room
from agent.rules.vif import check_mtu as check_vif_mtu
from agent.rules.vlan import check_fits, check_mtu


def validate(
    model: Model,
    network: Network,
    members: Sequence[PIF],
    MAC: str,
    mode: str,
    properties: Mapping[str, str],
    facts: Facts,
) -> BondMode:
    """Everything that can be refused, in XenAPI's order; gives back the mode (create, step 2)."""
    if not members:
        raise PIFBondNeedsMoreMembers()
    check_can_be_connected(model, network, members[0].host)
    if MAC:
        checked_mac(MAC)
    bond_mode = checked_mode(mode)
    check_properties(bond_mode, properties, members, facts)
    check_address_types(members)
    for member in members:
        check_member(model, member)
    if len({member.host for member in members}) > 1:
        raise PIFCannotBondCrossHost()
    if any(member.properties != members[0].properties for member in members):
        raise IncompatiblePIFProperties()
    check_one_ip(members)
    for vlans in vlans_by_tag(model, members).values():
        check_one_ip([model.get(vlan.untagged_PIF) for vlan in vlans])
    return bond_mode


def chosen_mode(mode: str | None, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """The mode that is asked for; where nobody names one, the host's default, or else active-backup, with a
    note that says why."""
    if mode:
        return mode, ()
    default = facts.probed_bonding.default_mode
    for bad in lacking(default, settings_of(default, {}, ()), facts.probed_bonding):
        return BondMode.ACTIVE_BACKUP, (f"the bond's mode is active-backup, not {default}: {bad.why}",)
    return default, ()


def checked_mode(mode: str) -> BondMode:
    """A mode by XenAPI's name or by the kernel's; never replaced by another."""
    known = mode_named(mode)
    if known is None:
        raise InvalidValue("mode", mode)
    return known


def check_properties(
    mode: BondMode, properties: Mapping[str, str], members: Sequence[PIF], facts: Facts
) -> None:
    """Properties of the mode and of the members, which the running kernel can have."""
    try:
        settings = settings_of(mode, properties, [member.device for member in members])
    except BadProperty as error:
        raise invalid_property(mode, properties, error) from error
    for bad in lacking(mode, settings, facts.probed_bonding):
        raise invalid_property(mode, properties, bad)


def check_old_keys(model: Model, before: PIF, after: PIF, facts: Facts) -> None:
    """The old keys of a master's other_config fit its bond, as properties of the same names would."""
    old = {key: value for key, value in after.other_config.items() if key.startswith(OLD_PREFIX)}
    if old == {key: value for key, value in before.other_config.items() if key.startswith(OLD_PREFIX)}:
        return
    bond = bond_of_master(model, after)
    named = old.get(OLD_MODE_KEY, "")
    if old and bond is None:
        raise old_refusal(next(iter(old)), after, "the PIF is no bond's master")
    if named and mode_named(named) is None:
        raise old_refusal(OLD_MODE_KEY, after, f"must be one of {', '.join(BondMode)}")
    if bond is None:
        return
    mode, devices = effective_mode(model, bond), [slave.device for slave in slaves(model, bond)]
    try:
        kept = usable(mode, bond.properties, devices)
        settings = settings_of(mode, with_old_keys(kept, after.other_config), devices)
        for bad in lacking(mode, settings, facts.probed_bonding):
            raise bad
    except BadProperty as bad:
        raise old_refusal(OLD_PREFIX + bad.name, after, bad.why) from bad


def old_refusal(key: str, pif: PIF, why: str) -> InvalidValue:
    """What a caller is told of a key of other_config."""
    return InvalidValue("other_config", f"{key} = {pif.other_config.get(key, '')}: {why}")


def invalid_property(mode: BondMode, properties: Mapping[str, str], bad: BadProperty) -> InvalidValue:
    """What a caller is told of a property that can't be, or of a mode."""
    if bad.name == "mode":
        return InvalidValue("mode", f"{mode}: {bad.why}")
    named = f"{bad.name} = {properties[bad.name]}" if bad.name in properties else bad.name
    return InvalidValue("properties", f"{named}: {bad.why}")


def check_address_types(members: Sequence[PIF]) -> None:
    """Every slave prefers the address family that the primary slave prefers."""
    wanted = primary_slave(members).ip_configuration.primary_address_type
    for member in members:
        if member.ip_configuration.primary_address_type != wanted:
            raise PIFIncompatiblePrimaryAddressType(member.ref)


def check_member(model: Model, member: PIF) -> None:
    """A slave is managed, in no bond, no bond itself, no VLAN and no tunnel's access PIF (create, step 2).

    A VLAN's parameter is the documented one, the PIF; XenAPI's implementation gives its device.
    """
    if not member.managed:
        raise PIFUnmanaged(member.ref)
    if member.bond_slave_of is not None or bond_of_master(model, member) is not None:
        raise PIFAlreadyBonded(member.ref)
    if member.VLAN >= 0:
        raise PIFVLANExists(member.ref)
    if tunnel_over(model, member) is not None:
        raise IsTunnelAccessPIF(member.ref)


def check_one_ip(pifs: Sequence[PIF]) -> None:
    """At most one has an IP configuration, of the slaves and of the VLANs that become one.

    None is lost silently.  The design would take the first slave's and drop the others; XenAPI has refused
    that since CA-106754.
    """
    if sum(pif.ip_configuration.is_configured() for pif in pifs) > 1:
        raise PIFBondMoreThanOneIP()


def check_mtus(before: Model, after: Model, lower: PIF) -> None:
    """What has moved to a PIF, or to its network, has room there; nothing is clamped silently.

    XenAPI has no such check: there a VLAN gets the MTU that its new parent allows.
    """
    new = after.get(lower.ref)
    for vlan in vlans_on(after, lower.ref):
        upper = after.get(vlan.untagged_PIF)
        check_mtu(after, after.get(upper.network), new)
        check_fits(after, mtu_of(after, upper), new)
    for tunnel in tunnels_above(after, new):
        if room_in(after, tunnel) < room_in(before, before.get(tunnel.ref)):
            check_room(after, tunnel)
    for vif in after.all(VIF):
        if vif.network != before.get(vif.ref).network:
            check_vif_mtu(vif, after.get(vif.network))


def tunnels_above(model: Model, pif: PIF) -> Iterator[Tunnel]:
    """The tunnels that a PIF carries, and those of the VLANs on it."""
    yield from tunnels_on(model, pif.ref)
    for vlan in vlans_on(model, pif.ref):
        yield from tunnels_on(model, vlan.untagged_PIF)
