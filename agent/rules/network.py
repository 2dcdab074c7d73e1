"""network.create and network.destroy."""

from collections.abc import Mapping
from typing import Any

from agent.draft import Draft, Plan
from agent.errors import BridgeNameExists, InvalidValue, NetworkContainsPIF
from agent.model import Model, Network, Ref, new_uuid, pifs_on
from agent.static_routes import check_static_routes

LONGEST_DEVICE_NAME = 15
RESERVED_PREFIXES = ("xen", "xapi", "vif", "tap", "eth")
DEFAULT_MTU = 1500
MTU_RANGE = range(68, 65536)


def create(model: Model, record: Mapping[str, Any]) -> Plan:
    """A new network; its bridge comes up when something is plugged into it (XenAPI, network.create)."""
    check_bridge(model, record.get("bridge", ""))
    check_static_routes(record.get("other_config", {}))
    draft = Draft(model)
    network = draft.put(
        Network(
            uuid=new_uuid(),
            name_label=record.get("name_label", ""),
            name_description=record.get("name_description", ""),
            MTU=checked_MTU(record.get("MTU", DEFAULT_MTU)),
            other_config=record.get("other_config", {}),
            bridge=record.get("bridge", "") or free_bridge(model),
            managed=record.get("managed", True),
            tags=tuple(record.get("tags", ())),
        )
    )
    return Plan(model, draft.model, network.ref)


def destroy(model: Model, self: Ref[Network]) -> Plan:
    """A network that nothing is connected to goes (XenAPI, network.destroy)."""
    network = model.find(Network, self)
    connected = pifs_on(model, network.ref)
    if connected:
        raise NetworkContainsPIF(connected[0].ref)
    draft = Draft(model)
    draft.remove(network.ref)
    return Plan(model, draft.model)


def check_bridge(model: Model, bridge: str) -> None:
    """A bridge name of the caller's is a device name that is free and not of a kind that pifd gives out."""
    if not bridge:
        return
    if not is_device_name(bridge) or bridge.startswith(RESERVED_PREFIXES):
        raise InvalidValue("bridge", bridge)
    if any(network.bridge == bridge for network in model.all(Network)):
        raise BridgeNameExists(bridge)


def is_device_name(name: str) -> bool:
    """What the kernel's dev_valid_name accepts, in ASCII."""
    plain = name.isascii() and name.isprintable() and not set(name) & set("/: \t%")
    return plain and name not in (".", "..") and 0 < len(name) <= LONGEST_DEVICE_NAME


def checked_MTU(MTU: int) -> int:
    """Zero and below mean the default, as in XenAPI; what no device can have is refused."""
    if MTU <= 0:
        return DEFAULT_MTU
    if MTU not in MTU_RANGE:
        raise InvalidValue("MTU", str(MTU))
    return MTU


def free_bridge(model: Model) -> str:
    """`xapi<N>` with the smallest N that no network has."""
    taken = {network.bridge for network in model.all(Network)}
    return next(name for name in (f"xapi{n}" for n in range(len(taken) + 1)) if name not in taken)
