"""Names of devices on the host: what can be one, and who has it."""

import re

from agent.model.model import Model
from agent.model.records import PIF, VIF, Network
from agent.model.vifs import HOST_DEVICE, device_of, is_plugged

LONGEST_DEVICE_NAME = 15
"""Bytes (the kernel's IFNAMSIZ, less one)."""

OWN_NAMES = re.compile(r"(bond|tunnel|xapi|xenbr)\d+|t\d+-[0-9a-f]{8}|v\d+\.[0-9a-f]{8}")
"""What pifd calls bonds, tunnels, bridges and VLANs by itself, now or later."""


def is_device_name(name: str) -> bool:
    """What the kernel's dev_valid_name accepts, in ASCII."""
    plain = name.isascii() and name.isprintable() and not set(name) & set("/: \t%")
    return plain and name not in (".", "..") and 0 < len(name) <= LONGEST_DEVICE_NAME


def is_free(model: Model, name: str) -> bool:
    """Whether nothing in the model is called so."""
    return not owner_of(model, name)


def owner_of(model: Model, name: str, but: VIF | None = None) -> str:
    """What has the name, for people to read, or "" when nothing in the model has it `but` this VIF."""
    if model.by(PIF, "device", name) or is_vlan(model, name):
        return "a PIF's device"
    if model.by(Network, "bridge", name):
        return "a network's bridge"
    others = (vif for vif in model.all(VIF) if but is None or vif.ref != but.ref)
    if any(name in names_of(model, vif) for vif in others):
        return "another VIF's device"
    return ""


def is_vlan(model: Model, name: str) -> bool:
    """Whether a VLAN on a PIF would be called so: `<parent>.<tag>`."""
    parent, _, tag = name.rpartition(".")
    return tag.isdecimal() and bool(model.by(PIF, "device", parent))


def names_of(model: Model, vif: VIF) -> set[str]:
    """The device that a VIF was given, and the one that it has now."""
    given = vif.other_config.get(HOST_DEVICE)
    now = device_of(model, vif) if is_plugged(model, vif) else None
    return {name for name in (given, now) if name}
