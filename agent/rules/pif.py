"""The PIF calls: scan, introduce, forget, plug, unplug, set_disallow_unplug, set_property."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, count

from agent.errors import (
    CannotChangePIFProperties,
    DuplicatePIFDeviceName,
    InvalidValue,
    NoSuchNIC,
    PIFAlreadyBonded,
    PIFIsNotPhysical,
    PIFTunnelStillExists,
    PIFVLANStillExists,
)
from agent.model.draft import Draft, Plan
from agent.model.facts import NIC, NO_FACTS, Facts
from agent.model.mac import checked_mac
from agent.model.model import (
    Model,
    bond_of_master,
    pifs_of,
    pifs_on,
    slaves,
    tunnel_over,
    tunnels_on,
    vlan_over,
    vlans_on,
)
from agent.model.mtu import MTU_KEY
from agent.model.offloads import GRO, OFF, ON, gro_properties
from agent.model.records import PIF, AddressType, Host, IPConfiguration, IPMode, Network, Ref
from agent.model.static_routes import STATIC_ROUTES
from agent.rules.device_name_checks import LONGEST_DEVICE_NAME
from agent.rules.plugging import (
    bring_down,
    bring_up,
    check_managed,
    check_no_vif_in_use,
    check_not_management,
    vifs_in_use,
)
from agent.rules.take_over import is_taken_over, take_over

IP_KEYS = frozenset({"domain", "defaultroute", "peerdns", STATIC_ROUTES})
"""The other_config keys that describe the IP configuration, and so move with it."""

PROPERTIES: Mapping[str, tuple[str, ...]] = {GRO: (ON, OFF)}
"""The keys of PIF.properties, with their values."""

ETHTOOL = "ethtool-"
"""How the other_config keys begin that are settings of the device."""


def scan(model: Model, host: Ref[Host], *, facts: Facts) -> Plan:
    """A PIF for every NIC that has none yet; a NIC that is gone keeps its PIF.

    One that carries addresses or routes is taken over with them, as at the first start.
    """
    here = model.find(Host, host)
    draft = Draft(model)
    known = {pif.device for pif in pifs_of(model, here.ref)}
    for nic in facts.nics:
        if nic.device not in known:
            add_found(draft, here, nic, facts)
    return Plan(model, draft.model)


def introduce(
    model: Model, host: Ref[Host], MAC: str, device: str, managed: bool = True, *, facts: Facts
) -> Plan:
    """A PIF for one named NIC; an empty MAC means the one that the NIC has."""
    here = model.find(Host, host)
    wanted = checked_mac(MAC) if MAC else ""
    if any(pif.device == device for pif in pifs_of(model, here.ref)):
        raise DuplicatePIFDeviceName(device)
    nic = next((nic for nic in facts.nics if nic.device == device), None)
    if nic is None or wanted not in ("", nic.MAC):
        raise NoSuchNIC(device, MAC)
    draft = Draft(model)
    pif = add_found(draft, here, nic, facts) if managed else add_physical(draft, here, nic, facts)
    draft.put(replace(pif, managed=managed and pif.managed))
    return Plan(model, draft.model, pif.ref)


def forget(model: Model, self: Ref[PIF]) -> Plan:
    """The PIF of a NIC goes, after being brought down; its network stays."""
    pif = model.find(PIF, self)
    check_not_management(pif)
    check_lone_nic(model, pif)
    check_no_vif_in_use(model, pif)
    draft = Draft(model)
    draft.remove(pif.ref)
    return Plan(model, draft.model)


def plug(model: Model, self: Ref[PIF]) -> Plan:
    """Bring the PIF's network up (design, New behaviour for Bond Slaves: not a slave's)."""
    draft = Draft(model)
    bring_up(draft, model.find(PIF, self))
    return Plan(model, draft.model)


def unplug(model: Model, self: Ref[PIF]) -> Plan:
    """Take the PIF's network down, and the tunnels that run from it."""
    draft = Draft(model)
    bring_down(draft, model.find(PIF, self))
    pif = draft.model.get(self)
    draft.put(replace(pif, stays_unplugged=pif.bond_slave_of is None))
    return Plan(model, draft.model)


def set_disallow_unplug(model: Model, self: Ref[PIF], value: bool) -> Plan:
    """Protect a PIF from unplug, or no longer.

    A slave is refused: its flag would have no effect, and create, step 12 says that it is false.
    """
    pif = model.find(PIF, self)
    if pif.bond_slave_of is not None:
        raise PIFAlreadyBonded(pif.ref)
    draft = Draft(model)
    draft.put(replace(pif, disallow_unplug=value))
    return Plan(model, draft.model)


def set_property(model: Model, self: Ref[PIF], name: str, value: str) -> Plan:
    """Turn an offload of the device on or off: `gro` (XenAPI, PIF.set_property).

    A bond's slaves have what their master has.  Beyond XenAPI an unmanaged PIF is refused: pifd leaves its
    device alone.
    """
    pif = model.find(PIF, self)
    if value not in PROPERTIES.get(name, ()):
        raise InvalidValue("properties", f"{name} = {value}")
    bond = bond_of_master(model, pif)
    if pif.bond_slave_of is not None or (bond is None and not pif.physical):
        raise CannotChangePIFProperties(pif.ref)
    check_managed(pif)
    new = {**pif.properties, name: value}
    draft = Draft(model)
    for one in (pif, *(() if bond is None else slaves(model, bond))):
        draft.put(replace(one, properties=new))
    return Plan(model, draft.model)


def check_lone_nic(model: Model, pif: PIF) -> None:
    """Neither slave nor master, no VLAN and no tunnel, nor below any, in XenAPI's order; and so a NIC."""
    if pif.bond_slave_of is not None or bond_of_master(model, pif) is not None:
        raise PIFAlreadyBonded(pif.ref)
    if vlan_over(model, pif) is not None or vlans_on(model, pif.ref):
        raise PIFVLANStillExists(pif.ref)
    if tunnel_over(model, pif) is not None or tunnels_on(model, pif.ref):
        raise PIFTunnelStillExists(pif.ref)
    if not pif.physical:
        raise PIFIsNotPhysical(pif.ref)


def address_type_is_configured(pif: PIF) -> bool:
    """Whether the PIF has an IP configuration in the family that it prefers."""
    ip = pif.ip_configuration
    mode = (
        ip.ipv6_configuration_mode
        if ip.primary_address_type == AddressType.IPV6
        else ip.ip_configuration_mode
    )
    return mode != IPMode.NONE


def no_ip_like(pif: PIF) -> IPConfiguration:
    """No configuration, and the family that another PIF prefers."""
    return IPConfiguration(primary_address_type=pif.ip_configuration.primary_address_type)


def ip_keys(pif: PIF) -> Mapping[str, str]:
    """The part of other_config that moves with the IP configuration and the device."""
    return {key: value for key, value in pif.other_config.items() if moves(key)}


def without_ip_keys(pif: PIF) -> Mapping[str, str]:
    """The part of other_config that is the PIF's own."""
    return {key: value for key, value in pif.other_config.items() if not moves(key)}


def moves(key: str) -> bool:
    """Whether a key of other_config goes from slave to master and back (create, step 5; destroy, step 2).

    XenAPI leaves them all behind, and the design leaves it to XenCenter to copy them.
    """
    return key in IP_KEYS or moves_with_the_device(key)


def moves_with_the_device(key: str) -> bool:
    """Whether a key of other_config describes the device, which a bond takes the place of."""
    return key == MTU_KEY or key.startswith(ETHTOOL)


def add_physical(draft: Draft, host: Host, nic: NIC, facts: Facts = NO_FACTS) -> PIF:
    """The PIF of a NIC, on the network of its conventional bridge, which is made if need be.

    It is unplugged, unless VMs are on that network already.  A NIC that somebody else's device sits on, or
    program configures, is introduced unmanaged: pifd must not touch it.  gro is what the NIC has: XenAPI
    would switch it on.
    """
    network = own_network(draft, host, nic, facts)
    needed = bool(vifs_in_use(draft.model, network.ref, host.ref)) and not nic.is_others
    return draft.put(
        PIF(
            uuid=draft.new_uuid(),
            device=nic.device,
            network=network.ref,
            host=host.ref,
            MAC=nic.MAC,
            permanent_MAC=nic.permanent_MAC,
            card=nic.card,
            MTU=network.MTU,
            physical=True,
            currently_attached=needed,
            managed=not nic.is_others,
            properties=gro_properties(nic.gro),
            ip_configuration=_as_managed(draft.model, host),
        )
    )


def _as_managed(model: Model, host: Host) -> IPConfiguration:
    """A new PIF prefers the family by which its host is managed, lest no bond could take both."""
    managing = [pif for pif in pifs_of(model, host.ref) if pif.management]
    return no_ip_like(managing[0]) if managing else IPConfiguration()


def add_found(draft: Draft, host: Host, nic: NIC, facts: Facts) -> PIF:
    """The PIF of a NIC of a host that has a model already.  What can't be taken over is left unmanaged."""
    pif = add_physical(draft, host, nic, facts)
    if not is_taken_over(nic):
        return pif
    if nic.unsupported:
        return draft.put(replace(pif, managed=False, currently_attached=False))
    return take_over(draft, pif, nic)


def own_network(draft: Draft, host: Host, nic: NIC, facts: Facts) -> Network:
    """The network with the NIC's bridge name that has no PIF here yet, or a new one of the NIC's MTU."""
    bridge = bridge_name(draft.model, nic.device, facts)
    for network in draft.model.all(Network):
        free = not any(pif.host == host.ref for pif in pifs_on(draft.model, network.ref))
        if network.bridge == bridge and free:
            return network
    label = f"Pool-wide network associated with {nic.device}"
    return draft.put(Network(uuid=draft.new_uuid(), name_label=label, MTU=nic.MTU, bridge=bridge))


def bridge_name(model: Model, device: str, facts: Facts) -> str:
    """`xenbr<N>` for eth<N>, `br<device>` for another that leaves room for it, else the next free xenbr.

    None that a NIC or anything else of somebody's has.
    """
    nics = {pif.device for pif in model.all(PIF)}
    taken = {network.bridge for network in model.all(Network)}
    usual = [f"xenbr{device[3:]}"] if device.startswith("eth") and device[3:].isdecimal() else []
    usual += [f"br{device}"] if len(device) + 2 <= LONGEST_DEVICE_NAME else []
    others = (name for name in (f"xenbr{n}" for n in count(1000)) if name not in taken)
    return next(name for name in chain(usual, others) if name not in nics and not facts.is_others(name))
