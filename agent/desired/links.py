"""The links that a model wants: bridges, bonds, VLANs, tunnels, and the NICs' and VIFs' place in them."""

from collections.abc import Iterator
from dataclasses import replace

from agent.desired.claims import Claim, Kind
from agent.kernel.bond_filter import BondFilter
from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.gre import GREOptions
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.kinds.vxlan import VXLANOptions
from agent.kernel.link import GROUP
from agent.kernel.state import Address, KernelState, Link, Role, Route
from agent.model.bond_options import effective_mode, effective_settings
from agent.model.device_names import gre_device, vlan_device
from agent.model.layering import (
    Given,
    Place,
    bridge_mac,
    bridge_of,
    master_of_nic,
    place_of,
)
from agent.model.mac import mac_of_network
from agent.model.model import Model, bond_of_master, slaves, tunnel_over, vlan_over
from agent.model.mtu import mtu_of, vif_mtu_of
from agent.model.offloads import wanted_gro
from agent.model.records import PIF, VIF, VLAN, Bond, BondMode, Network, Ref, Tunnel, TunnelProtocol
from agent.model.tunnels import local_address, remote_ips


def own_link(model: Model, actual: KernelState, name: str, claim: Claim) -> Link | None:
    """A device of pifd's, as the record wants it that has a claim on it."""
    if claim.kind == Kind.INTERNAL_BRIDGE:
        network = model.get(Ref[Network](claim.by))
        return bridge(network.bridge, mac_of_network(network.uuid), network.MTU, network)
    pif = model.get(Ref[PIF](claim.by))
    if claim.kind == Kind.BRIDGE:
        return bridge(name, bridge_mac(model, pif), mtu_of(model, pif), model.get(pif.network))
    if claim.kind == Kind.UPPER:
        return next((link for link in uppers(model, pif, actual) if link.name == name), None)
    bond = bond_of_master(model, pif)
    assert bond is not None
    return bond_device(model, pif, bond, place_of(model, pif) or "", actual)


def bridge(name: str, MAC: str, MTU: int, network: Network) -> Link:
    return Link(
        name=name,
        kind="bridge",
        MAC=MAC,
        MTU=MTU,
        up=True,
        group=GROUP,
        alias=f"pifd network {network.uuid}",
        options=BridgeOptions(),
    )


def uppers(model: Model, pif: PIF, actual: KernelState) -> Iterator[Link]:
    """The devices by which a VLAN's or a tunnel's bridge reaches the outside.

    There is no VLAN on a NIC that is not there.
    """
    vlan, tunnel = vlan_over(model, pif), tunnel_over(model, pif)
    if vlan is not None:
        lower = model.get(vlan.tagged_PIF)
        if not lower.physical or lower.device in actual.links:
            yield vlan_link(model, pif, vlan)
    elif tunnel is not None and tunnel.protocol == TunnelProtocol.VXLAN:
        yield vxlan(model, pif, tunnel)
    elif tunnel is not None:
        yield from (gretap(model, pif, tunnel, remote) for remote in remote_ips(tunnel))


def vlan_link(model: Model, pif: PIF, vlan: VLAN) -> Link:
    lower = model.get(vlan.tagged_PIF)
    return Link(
        name=vlan_device(lower.device, vlan.tag),
        kind="vlan",
        MAC=lower.MAC,
        MTU=mtu_of(model, pif),
        up=True,
        master=bridge_of(model, pif),
        lower=lower.device,
        group=GROUP,
        alias=f"pifd VLAN {vlan.uuid}",
        options=VLANOptions(vlan.tag),
    )


def vxlan(model: Model, pif: PIF, tunnel: Tunnel) -> Link:
    """One device for all other ends.  A bridge never sends back to the port that a frame came from."""
    options = VXLANOptions(tunnel.key, local_address(model, tunnel))
    return replace(
        _tunnel(model, pif, tunnel, pif.device, "vxlan"), options=options, flood=remote_ips(tunnel)
    )


def gretap(model: Model, pif: PIF, tunnel: Tunnel, remote: str) -> Link:
    """One device for each other end.  They are isolated: in a mesh each end has sent to all others itself."""
    kind = "ip6gretap" if ":" in remote else "gretap"
    options = GREOptions(tunnel.key, local_address(model, tunnel), remote)
    link = _tunnel(model, pif, tunnel, gre_device(pif.device, remote), kind)
    return replace(link, options=options, isolated=True)


def _tunnel(model: Model, pif: PIF, tunnel: Tunnel, name: str, kind: str) -> Link:
    return Link(
        name=name,
        kind=kind,
        MAC=pif.MAC,
        MTU=mtu_of(model, pif),
        up=True,
        master=bridge_of(model, pif),
        group=GROUP,
        alias=f"pifd tunnel {tunnel.uuid}",
    )


def bond_device(model: Model, master: PIF, bond: Bond, bridge: str, actual: KernelState) -> Link:
    """A new bond has GRO from the kernel; where the master says nothing of it, it stays as it is.

    With fail_over_mac it has the MAC of its active port, whichever that is.
    """
    there, settings = actual.links.get(master.device), effective_settings(model, bond)
    asked, kept = wanted_gro(master), there.gro if there else None
    follows = settings.options.fail_over_mac != "none" and there is not None and there.active_slave
    return Link(
        name=master.device,
        kind="bond",
        MAC=there.MAC if there and follows else master.MAC,
        MTU=mtu_of(model, master),
        up=True,
        master=bridge,
        group=GROUP,
        alias=f"pifd Bond {bond.uuid}",
        options=bond_options(settings.options, actual),
        filter=bond_filter(model, bond, actual),
        gro=asked if asked is not None else kept is not False,
    )


def bond_filter(model: Model, bond: Bond, actual: KernelState) -> BondFilter | None:
    """The rules of balance-slb, for the slaves that are there."""
    if effective_mode(model, bond) != BondMode.BALANCE_SLB:
        return None
    devices = (slave.device for slave in slaves(model, bond))
    return BondFilter(tuple(sorted(device for device in devices if device in actual.links)))


def bond_options(options: BondOptions, actual: KernelState) -> BondOptions:
    """A primary port that is not there is not told of."""
    return options if options.primary in actual.links else replace(options, primary="")


def nic(model: Model, actual: KernelState, link: Link, claim: Claim | None, given: Given) -> Link:
    """A given NIC that is there: in its place, or free and down."""
    if claim is not None and claim.kind == Kind.NIC and claim.nic is not None:
        own, uplink = model.get(claim.nic), model.get(Ref[PIF](claim.by))
        place = Place(own, uplink, bond_of_master(model, uplink), master_of_nic(model, uplink))
        return _with_gro(_port(model, replace(link, role=Role.NIC), place), own)
    link = replace(link, role=Role.NIC)
    return _free(model, actual, link, None if claim is None else model.get(Ref[PIF](claim.by)), given)


def _port(model: Model, link: Link, place: Place) -> Link:
    """A NIC that is up, in a bridge, alone, or in a bond, whose MAC it then has."""
    MTU = mtu_of(model, place.uplink)
    plain = replace(link, up=True, master=place.master, MTU=MTU, MAC=place.nic.MAC, learning=True, port=None)
    if place.bond is None:
        return replace(plain, original_MAC="", original_MTU=0)
    settings = effective_settings(model, place.bond)
    own = settings.options.fail_over_mac != "none"
    return replace(
        plain,
        MAC=link.MAC if own else place.uplink.MAC,
        original_MAC=place.nic.MAC,
        original_MTU=0,
        port=settings.ports.get(place.nic.device, BondPortOptions()),
    )


def _free(model: Model, actual: KernelState, link: Link, pif: PIF | None, given: Given) -> Link:
    """A NIC that nothing needs is down, unless somebody else took it or uses it: not pifd's to undo."""
    master = actual.links.get(link.master)
    if master is not None and not master.owned:
        return link
    if is_used(actual, link, given):
        return replace(link, master="", MAC=link.original_MAC or link.MAC, port=None, learning=True)
    if pif is None:
        return replace(link, up=False, master="", MAC=link.original_MAC or link.MAC, port=None, learning=True)
    free = replace(link, up=False, master="", MAC=pif.MAC, MTU=mtu_of(model, pif), port=None, learning=True)
    return _with_gro(free, pif)


def is_used(actual: KernelState, link: Link, given: Given) -> bool:
    """Whether somebody else has a device on the NIC, wherever, or an address or a route."""
    if link.lent or next(actual.users(link.name), None) is not None:
        return True
    addresses = any(is_others(a, given) for a in actual.addresses if a.link == link.name)
    return addresses or any(is_others(r, given) for r in actual.routes if r.link == link.name)


def is_others(found: Address | Route, given: Given) -> bool:
    """Whether an address or a route on one of pifd's devices is somebody's who put it there."""
    if found.marked or (found.leased and found.version == 6):
        return False
    if isinstance(found, Address):
        return found.interface not in given.interfaces
    return found.way not in given.ways


def _with_gro(link: Link, pif: PIF) -> Link:
    """The NIC with the GRO that its own PIF has, in a bond or out of it."""
    asked = wanted_gro(pif)
    return link if asked is None else replace(link, gro=asked)


def is_vif(link: Link, given: Given) -> bool:
    """Whether it is the device of a VIF; where pifd's own device has the name, the VIF has none."""
    return link.name in given.vifs and not link.owned


def vif_device(model: Model, actual: KernelState, link: Link, claim: Claim | None) -> Link:
    """The device of a VIF that is there: a port of its network's bridge.

    One that leaves its bridge is down then, as it was before it came: after a crash nothing else could tell.
    """
    link = replace(link, role=Role.VIF)
    vif = None if claim is None else model.get(Ref[VIF](claim.by))
    network = None if vif is None else model.get(vif.network)
    if vif is None or network is None or not network.managed:
        left = link.master in actual.links and actual.links[link.master].owned
        return replace(link, master="", up=False, learning=True) if left else link
    return _vif_port(model, link, vif, network)


def _vif_port(model: Model, link: Link, vif: VIF, network: Network) -> Link:
    port = replace(link, up=True, master=network.bridge, MTU=vif_mtu_of(model, vif))
    return replace(port, isolated=False, learning=True, station=vif.MAC)
