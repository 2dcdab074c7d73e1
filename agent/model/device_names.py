"""The names of devices: those that pifd makes for a VLAN or a tunnel, and those whose carrier is shown."""

import re
from collections.abc import Callable
from hashlib import blake2s
from ipaddress import IPv4Address, ip_address
from itertools import count

from agent.model.keys import BLOCK
from agent.model.model import Model, has_vlan, slaves
from agent.model.records import PIF, VIF, Bond, Network, Tunnel, TunnelProtocol
from agent.model.tunnels import remote_ips
from agent.model.vifs import device_of, is_plugged

SHORT_NAME = re.compile("v([0-9]{1,4})[.][0-9a-f]{8}")
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
    nics = [pif.device for pif in model.by(PIF, "physical", True)]
    tunnels = ((model.get(tunnel.access_PIF).device, tunnel) for tunnel in model.all(Tunnel))
    return [*nics, *(name for device, tunnel in tunnels for name in tunnel_devices(device, tunnel))]


def masters_of(model: Model) -> dict[str, str]:
    """The devices of bonds' members, each with that of its bond."""
    return {
        slave.device: model.get(bond.master).device
        for bond in model.all(Bond)
        for slave in slaves(model, bond)
    }


def speaks_of(model: Model, name: str) -> bool:
    """Whether a device is one that the model speaks of: a NIC, bond, bridge, VLAN, tunnel or VIF.

    It is asked for each device of which there is news, so it looks names up and goes through nothing.
    """
    if model.has_by(Network, "bridge", name) or model.has_by(PIF, "device", name):
        return True
    if is_vlan_device(model, name):
        return True
    return name in model.once(_vif_devices) or name in link_names(model)


def is_vlan_device(model: Model, name: str) -> bool:
    """Whether a VLAN of the model's is called so."""
    parent, _, tag = name.rpartition(".")
    short = SHORT_NAME.fullmatch(name)
    if short is None:
        return tag.isdecimal() and has_vlan(model, parent, int(tag))
    uplinks = [*model.by(PIF, "physical", True), *(model.get(bond.master) for bond in model.all(Bond))]
    lowers = {pif.device for pif in uplinks if vlan_device(pif.device, int(short[1])) == name}
    return any(has_vlan(model, lower, int(short[1])) for lower in lowers)


def _vif_devices(model: Model) -> frozenset[str]:
    plugged = (vif for vif in model.by(VIF, "currently_attached", True) if is_plugged(model, vif))
    return frozenset(device_of(model, vif) for vif in plugged)


def free_bridge_number(model: Model, is_others: Callable[[str], bool] = lambda _: False) -> int:
    """The smallest number N for which nothing in the model, and nobody else's device, is called `xapi<N>`."""
    block = next(n for n in count() if model.table.number_having((Network, "block", n)) < BLOCK)
    named = ((n, f"xapi{n}") for n in count(BLOCK * block))
    return next(n for n, name in named if not _is_taken(model, name) and not is_others(name))


def _is_taken(model: Model, name: str) -> bool:
    return model.has_by(Network, "bridge", name) or model.has_by(PIF, "device", name)
