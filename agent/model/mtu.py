"""How large a packet of a PIF's may be: its network's MTU, less where a tunnel needs room around it."""

from collections.abc import Mapping

from agent.model.model import Model, pifs_on, tunnel_over
from agent.model.records import PIF, VIF, Tunnel, TunnelProtocol
from agent.model.tunnels import local_address

MTU_KEY = "mtu"
"""The other_config key of a PIF that stands above its network's MTU (XenAPI)."""

IP_HEADERS = {4: 20, 6: 40}
ETHERNET_HEADER = 14
WRAPPINGS: Mapping[tuple[TunnelProtocol, int], int] = {
    (TunnelProtocol.GRE, 4): 4 + 4,
    (TunnelProtocol.GRE, 6): 4 + 4 + 8,
    (TunnelProtocol.VXLAN, 4): 8 + 8,
    (TunnelProtocol.VXLAN, 6): 8 + 8,
}
"""Bytes: GRE with a key, over IPv6 with the kernel's encapsulation limit (RFC 2473); UDP and VXLAN."""


def mtu_of(model: Model, pif: PIF) -> int:
    """Bytes that a packet on the PIF's bridge, and on the devices below, may have.

    A network is 1500 unless told otherwise, and a tunnel can't carry that over an uplink of 1500: there the
    smaller one counts.
    """
    own = pif.other_config.get(MTU_KEY, "")
    MTU = int(own) if own.isdecimal() else model.get(pif.network).MTU
    tunnel = tunnel_over(model, pif)
    return MTU if tunnel is None else min(MTU, room_in(model, tunnel))


def vif_mtu_of(model: Model, vif: VIF) -> int:
    """Bytes that a packet of a VM's interface may have: no more than its network carries here."""
    pif = next(iter(pifs_on(model, vif.network)), None)
    room = model.get(vif.network).MTU if pif is None else mtu_of(model, pif)
    return min(vif.MTU or room, room)


def room_in(model: Model, tunnel: Tunnel) -> int:
    """Bytes that a packet inside the tunnel may have."""
    transport = model.get(tunnel.transport_PIF)
    version = 6 if ":" in local_address(model, tunnel) else 4
    wrapping = IP_HEADERS[version] + WRAPPINGS[tunnel.protocol, version] + ETHERNET_HEADER
    return mtu_of(model, transport) - wrapping
