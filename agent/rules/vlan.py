"""VLAN.create and VLAN.destroy, and XenAPI's older names for them."""

from agent.errors import (
    CannotAddVLANToBondSlave,
    InvalidValue,
    IsTunnelAccessPIF,
    PIFIsPhysical,
    PIFIsVLAN,
    PIFTunnelStillExists,
    PIFVLANExists,
    VLANTagInvalid,
)
from agent.model.draft import Draft, Plan
from agent.model.model import Model, tunnel_over, tunnels_on, vlan_over, vlan_with_tag
from agent.model.mtu import mtu_of
from agent.model.records import PIF, VLAN, Host, Network, Ref
from agent.rules.network import check_can_be_connected
from agent.rules.pif import no_ip_like
from agent.rules.plugging import bring_down, bring_up, check_managed, vifs_in_use

TAGS = range(4095)
"""XenAPI's; 802.1Q reserves 4095."""

UPPER_MAC = "fe:ff:ff:ff:ff:ff"
"""What XenAPI writes into the upper PIF's record; its bridge has the MAC of the PIF below."""


def create(model: Model, tagged_PIF: Ref[PIF], tag: int, network: Ref[Network]) -> Plan:
    """A VLAN on a NIC or a bond, plugged (XenAPI, VLAN.create)."""
    draft = Draft(model)
    vlan = add(draft, model.find(PIF, tagged_PIF), tag, model.find(Network, network))
    return Plan(model, draft.model, vlan.ref)


def create_vlan(model: Model, device: str, network: Ref[Network], host: Ref[Host], VLAN: int) -> Plan:
    """XenAPI's PIF.create_VLAN, for a NIC or a bond named by its device; gives the upper PIF."""
    lower = lower_of_device(model, model.find(Host, host).ref, device)
    draft = Draft(model)
    vlan = add(draft, lower, VLAN, model.find(Network, network))
    return Plan(model, draft.model, vlan.untagged_PIF)


def destroy(model: Model, self: Ref[VLAN]) -> Plan:
    """The VLAN goes with its upper PIF, which is unplugged by PIF.unplug's checks; the network stays."""
    vlan = model.find(VLAN, self)
    upper = model.get(vlan.untagged_PIF)
    check_carries_no_tunnel(model, upper)
    draft = Draft(model)
    bring_down(draft, upper)
    draft.remove(vlan.ref)
    draft.remove(upper.ref)
    return Plan(model, draft.model)


def destroy_pif(model: Model, self: Ref[PIF]) -> Plan:
    """XenAPI's PIF.destroy: the VLAN whose upper PIF this is goes."""
    pif = model.find(PIF, self)
    vlan = vlan_over(model, pif)
    if vlan is None:
        raise PIFIsPhysical(pif.ref)
    return destroy(model, vlan.ref)


def add(draft: Draft, lower: PIF, tag: int, network: Network, *, plugged: bool = True) -> VLAN:
    """The VLAN and its upper PIF, after all checks in XenAPI's order.

    One that is not to be plugged is so all the same where VMs are on its network already.
    """
    model = draft.model
    check_can_be_connected(model, network, lower.host)
    check_managed(lower)
    check_lower(model, lower)
    check_tag(model, lower, tag)
    check_mtu(model, network, lower)
    upper = draft.put(upper_pif(draft.new_uuid(), lower, tag, network))
    vlan = draft.put(VLAN(uuid=draft.new_uuid(), tagged_PIF=lower.ref, untagged_PIF=upper.ref, tag=tag))
    if plugged or vifs_in_use(model, network.ref, lower.host):
        bring_up(draft, upper)
    return vlan


def lower_of_device(model: Model, host: Ref[Host], device: str) -> PIF:
    """The host's NIC or bond that is called so."""
    for pif in model.by(PIF, "device", device):
        if pif.host == host and pif.VLAN < 0:
            return pif
    raise InvalidValue("device", device)


def upper_pif(uuid: str, lower: PIF, tag: int, network: Network) -> PIF:
    """The untagged side.  As in XenAPI it bears the name of the device below."""
    return PIF(
        uuid=uuid,
        device=lower.device,
        network=network.ref,
        host=lower.host,
        MAC=UPPER_MAC,
        MTU=network.MTU,
        VLAN=tag,
        ip_configuration=no_ip_like(lower),
    )


def check_lower(model: Model, lower: PIF) -> None:
    """A VLAN is on a NIC or a bond, not on a slave (design, New behaviour for Bond Slaves) or another."""
    if lower.bond_slave_of is not None:
        raise CannotAddVLANToBondSlave(lower.ref)
    if lower.VLAN >= 0:
        raise PIFIsVLAN(lower.ref)
    if tunnel_over(model, lower) is not None:
        raise IsTunnelAccessPIF(lower.ref)


def check_tag(model: Model, lower: PIF, tag: int) -> None:
    """The tag is one that no VLAN on the PIF has; else the documented parameter is that VLAN's PIF."""
    if tag not in TAGS:
        raise VLANTagInvalid(str(tag))
    vlan = vlan_with_tag(model, lower.ref, tag)
    if vlan is not None:
        raise PIFVLANExists(vlan.untagged_PIF)


def check_mtu(model: Model, network: Network, lower: PIF) -> None:
    """A VLAN's network fits onto the PIF below: refused, because the kernel would clamp it silently."""
    check_fits(model, network.MTU, lower)


def check_fits(model: Model, MTU: int, lower: PIF) -> None:
    """A VLAN's MTU is no larger than that of the PIF below."""
    room = mtu_of(model, lower)
    if room < MTU:
        raise InvalidValue("MTU", f"{MTU}: larger than the {room} of {lower.device} below")


def check_carries_no_tunnel(model: Model, upper: PIF) -> None:
    """No tunnel uses the VLAN: it would have lost its transport."""
    if tunnels_on(model, upper.ref):
        raise PIFTunnelStillExists(upper.ref)
