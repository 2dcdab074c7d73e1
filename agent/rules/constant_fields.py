"""XenAPI's setters of fields that have one value here: that value is taken, and any other refused."""

from agent.errors import InvalidValue
from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import VIF, Network, Ref

NO_LOCKING = "frames of VMs are not filtered"
NO_NBD = "network block devices are not known here"

LOCKING_MODES = {"network_default", "locked", "unlocked", "disabled"}
PURPOSES = {"nbd", "insecure_nbd"}


def set_default_locking_mode(model: Model, network: Ref[Network], value: str) -> Plan:
    """XenAPI's network.set_default_locking_mode: it is unlocked."""
    model.find(Network, network)
    check("default_locking_mode", value, "unlocked", NO_LOCKING if value == "disabled" else "")
    return Plan(model, model)


def set_purpose(model: Model, self: Ref[Network], value: tuple[str, ...]) -> Plan:
    """The set is empty (pifd's own: xe empties it so)."""
    model.find(Network, self)
    for one in value:
        raise unsupported("purpose", one, NO_NBD if one in PURPOSES else "")
    return Plan(model, model)


def add_purpose(model: Model, self: Ref[Network], value: str) -> Plan:
    """XenAPI's network.add_purpose: there is none to add."""
    return set_purpose(model, self, (value,))


def remove_purpose(model: Model, self: Ref[Network], value: str) -> Plan:
    """XenAPI's network.remove_purpose: a purpose that is not there is no matter."""
    model.find(Network, self)
    if value not in PURPOSES:
        raise unsupported("purpose", value, "")
    return Plan(model, model)


def set_locking_mode(model: Model, self: Ref[VIF], value: str) -> Plan:
    """XenAPI's VIF.set_locking_mode: it is the network's."""
    model.find(VIF, self)
    check("locking_mode", value, "network_default", NO_LOCKING if value in LOCKING_MODES else "")
    return Plan(model, model)


def set_ipv4_allowed(model: Model, self: Ref[VIF], value: tuple[str, ...]) -> Plan:
    """XenAPI's VIF.set_ipv4_allowed: the set is empty."""
    model.find(VIF, self)
    check_empty("ipv4_allowed", value)
    return Plan(model, model)


def add_ipv4_allowed(model: Model, self: Ref[VIF], value: str) -> Plan:
    """XenAPI's VIF.add_ipv4_allowed: the set is empty."""
    return set_ipv4_allowed(model, self, (value,))


def add_ipv6_allowed(model: Model, self: Ref[VIF], value: str) -> Plan:
    """XenAPI's VIF.add_ipv6_allowed: the set is empty."""
    return set_ipv6_allowed(model, self, (value,))


def remove_allowed(model: Model, self: Ref[VIF], value: str) -> Plan:
    """XenAPI's VIF.remove_ipv4_allowed and VIF.remove_ipv6_allowed: what is not there is gone."""
    model.find(VIF, self)
    return Plan(model, model)


def set_ipv6_allowed(model: Model, self: Ref[VIF], value: tuple[str, ...]) -> Plan:
    """XenAPI's VIF.set_ipv6_allowed: the set is empty."""
    model.find(VIF, self)
    check_empty("ipv6_allowed", value)
    return Plan(model, model)


def check(field: str, value: str, only: str, why: str) -> None:
    """The one value that the field has.  why: there is no other; "" for one that is not XenAPI's either."""
    if value != only:
        raise unsupported(field, value, why)


def check_empty(field: str, addresses: tuple[str, ...]) -> None:
    """A VM's frames are not held to any address."""
    for address in addresses:
        raise unsupported(field, address, NO_LOCKING)


def unsupported(field: str, value: str, why: str) -> InvalidValue:
    return InvalidValue(field, f"{value}: {why}" if why else value)
