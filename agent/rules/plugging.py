"""Bringing PIFs and networks up and down in a Draft, with every check: for PIF.plug, VIF.plug, VM.start."""

from dataclasses import replace

from agent.errors import (
    CannotPlugBondSlave,
    NetworkUnmanaged,
    PIFDoesNotAllowUnplug,
    PIFIsManagementInterface,
    PIFUnmanaged,
    VIFInUse,
)
from agent.model.draft import Draft
from agent.model.model import Model, pifs_on, tunnel_over, tunnels_on, vifs_on, vlan_over
from agent.model.records import PIF, VIF, Host, Network, Ref
from agent.model.vifs import is_plugged
from agent.rules.transport import check_transport


def attach(draft: Draft, network: Ref[Network], host: Ref[Host]) -> None:
    """A VIF on this host needs the network: its PIF here is plugged unless it is (XenAPI, attach_internal).

    A network without a PIF here is internal, and comes up with its first VIF.  An unmanaged one is refused
    beyond XenAPI: its bridge is somebody else's, and pifd adds no port to what it did not make.
    """
    if not draft.model.get(network).managed:
        raise NetworkUnmanaged(network)
    for pif in pifs_on(draft.model, network):
        if pif.host == host:
            check_pluggable(pif)
            if not pif.currently_attached:
                bring_up(draft, pif)


def bring_up(draft: Draft, pif: PIF) -> None:
    """The PIF is plugged; so is the transport PIF that a tunnel's depends on (XenAPI, PIF.plug)."""
    check_pluggable(pif)
    check_pif_below(draft.model, pif)
    tunnel = tunnel_over(draft.model, pif)
    if tunnel is not None:
        check_transport(draft.model, tunnel)
        bring_up(draft, draft.model.get(tunnel.transport_PIF))
    draft.put(replace(draft.model.get(pif.ref), currently_attached=True, stays_unplugged=False))


def bring_down(draft: Draft, pif: PIF) -> None:
    """The PIF is unplugged; so are, by the same checks, the tunnels that it carries (XenAPI, PIF.unplug).

    VLANs on top stay plugged, as in XenAPI: the device stays up below them.
    """
    check_managed(pif)
    check_not_management(pif)
    check_no_vif_in_use(draft.model, pif)
    if pif.disallow_unplug:
        raise PIFDoesNotAllowUnplug(pif.ref)
    for tunnel in tunnels_on(draft.model, pif.ref):
        access = draft.model.get(tunnel.access_PIF)
        if access.currently_attached:
            bring_down(draft, access)
    draft.put(replace(pif, currently_attached=False))


def attached_vifs(model: Model, network: Ref[Network]) -> tuple[VIF, ...]:
    """The VIFs on a network that are in use."""
    return tuple(vif for vif in vifs_on(model, network) if is_plugged(model, vif))


def vifs_in_use(model: Model, network: Ref[Network], host: Ref[Host]) -> tuple[VIF, ...]:
    """Those of them whose VMs are on a host."""
    return tuple(vif for vif in attached_vifs(model, network) if model.get(vif.VM).resident_on == host)


def check_pluggable(pif: PIF) -> None:
    """What a PIF must be to be plugged, in XenAPI's order."""
    check_managed(pif)
    check_not_slave(pif)


def check_pif_below(model: Model, pif: PIF) -> None:
    """A VLAN's device needs the one below, which a bond may have taken, or somebody else may hold."""
    vlan = vlan_over(model, pif)
    if vlan is not None:
        check_pluggable(model.get(vlan.tagged_PIF))


def check_managed(pif: PIF) -> None:
    """pifd leaves an unmanaged PIF alone."""
    if not pif.managed:
        raise PIFUnmanaged(pif.ref)


def check_not_slave(pif: PIF) -> None:
    """A bond slave can't be plugged or be management (design, New behaviour for Bond Slaves)."""
    if pif.bond_slave_of is not None:
        raise CannotPlugBondSlave(pif.ref)


def check_not_management(pif: PIF) -> None:
    """The host is reached over the management interface."""
    if pif.management:
        raise PIFIsManagementInterface(pif.ref)


def check_no_vif_in_use(model: Model, pif: PIF) -> None:
    """No VM of the PIF's host is using its network."""
    for vif in vifs_in_use(model, pif.network, pif.host):
        raise VIFInUse(pif.network, vif.ref)
