"""The names of devices: those that pifd makes for a VLAN or a tunnel, and those whose carrier is shown."""

from hashlib import blake2s
from ipaddress import IPv4Address, ip_address

from agent.model.model import Model
from agent.model.records import PIF, VIF, VLAN, Network, Tunnel, TunnelProtocol
from agent.model.tunnels import remote_ips
from agent.model.vifs import device_of, is_plugged

LONGEST_DEVICE_NAME = 15
"""Bytes (the kernel's IFNAMSIZ, less one)."""


def vlan_device(parent: str, tag: int) -> str:
    """`<parent>.<tag>`; where that is too long, as on `enp175s0f1np1`, `v<tag>.<digest of parent>`."""
    name = f"{parent}.{tag}"
    return name if len(name) <= LONGEST_DEVICE_NAME else f"v{tag}.{digest(parent)}"


def tunnel_devices(device: str, tunnel: Tunnel) -> tuple[str, ...]:
    """Of a VXLAN one, called like the access PIF's device; of GRE one for each other end."""
    if tunnel.protocol == TunnelProtocol.VXLAN:
        return (device,)
    return tuple(gre_device(device, remote) for remote in remote_ips(tunnel))


def gre_device(device: str, remote: str) -> str:
    """`t<N>-<the other end's IPv4 address in hexadecimal>`, of an IPv6 address a digest."""
    address = ip_address(remote)
    end = f"{int(address):08x}" if isinstance(address, IPv4Address) else digest(remote)
    return f"t{device.removeprefix('tunnel')}-{end}"


def digest(text: str) -> str:
    """Eight hexadecimal digits that are always the same for the same text."""
    return blake2s(text.encode(), digest_size=4).hexdigest()


def link_names(model: Model) -> list[str]:
    """The devices whose carrier a record shows: NICs, and those of tunnels."""
    nics = [pif.device for pif in model.all(PIF) if pif.physical]
    tunnels = ((model.get(tunnel.access_PIF).device, tunnel) for tunnel in model.all(Tunnel))
    return [*nics, *(name for device, tunnel in tunnels for name in tunnel_devices(device, tunnel))]


def all_names(model: Model) -> frozenset[str]:
    """Every device that a model speaks of: NICs, bonds, bridges, VLANs, tunnels, VIFs."""
    names = {network.bridge for network in model.all(Network)} | {pif.device for pif in model.all(PIF)}
    names |= {vlan_device(model.get(vlan.tagged_PIF).device, vlan.tag) for vlan in model.all(VLAN)}
    names |= {device_of(model, vif) for vif in model.all(VIF) if is_plugged(model, vif)}
    return frozenset(names | {*link_names(model)})
