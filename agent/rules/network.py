"""network.create, network.destroy, network.attach."""

from collections.abc import Mapping
from typing import Any

from agent.errors import (
    BridgeNameExists,
    InvalidValue,
    NetworkAlreadyConnected,
    NetworkContainsPIF,
    NetworkContainsVIF,
    NetworkUnmanaged,
    OperationNotAllowed,
)
from agent.model.device_names import free_bridge_number
from agent.model.draft import Draft, Plan
from agent.model.facts import Facts
from agent.model.model import Model, pifs_on, vifs_on
from agent.model.records import Host, Network, Ref
from agent.model.static_routes import check_static_routes
from agent.rules.device_name_checks import is_device_name, is_free
from agent.rules.plugging import attach as bring_network_up
from agent.rules.plugging import attached_vifs
from agent.rules.tunnel_key import check_tunnel_key

RESERVED_PREFIXES = ("xen", "xapi", "vif", "tap", "eth")
RESERVED_NAMES = frozenset({"lo", "all", "default", "bonding_masters"})
"""The loopback device, what stands for all devices below /proc/sys/net, and the bonding driver's file beside
those of /sys/class/net: no other can be called so."""
NO_FACTS = Facts()
DEFAULT_MTU = 1500
MTU_RANGE = range(1280, 65536)
"""From what IPv6 needs of every link (RFC 8200, section 5): below it a bridge loses its addresses."""


def create(model: Model, record: Mapping[str, Any], *, facts: Facts = NO_FACTS) -> Plan:
    """A new network; its bridge comes up when something is plugged into it (XenAPI, network.create)."""
    check_bridge(model, record.get("bridge", ""))
    if record.get("managed", True):
        check_not_others(record.get("bridge", ""), facts)
    draft = Draft(model)
    network = Network(
        uuid=draft.new_uuid(),
        name_label=record.get("name_label", ""),
        name_description=record.get("name_description", ""),
        MTU=checked_mtu(record.get("MTU", DEFAULT_MTU)),
        other_config=record.get("other_config", {}),
        bridge=record.get("bridge", "") or free_bridge(model, facts),
        managed=record.get("managed", True),
        tags=tuple(dict.fromkeys(record.get("tags", ()))),
    )
    check_other_config(model, network)
    draft.put(network)
    return Plan(model, draft.model, network.ref)


def destroy(model: Model, self: Ref[Network]) -> Plan:
    """A network that nothing is connected to goes (XenAPI, network.destroy).

    XenAPI's would take VIFs that are not attached with it: here the VMs would lose an interface silently.
    VIFs of another host's are not known one by one: the error names the host.
    """
    network = model.find(Network, self)
    for vif in attached_vifs(model, network.ref):
        raise NetworkContainsVIF(vif.ref)
    for pif in pifs_on(model, network.ref):
        raise NetworkContainsPIF(pif.ref)
    for vif in vifs_on(model, network.ref):
        raise NetworkContainsVIF(vif.ref)
    for host in model.all(Host):
        if host.elsewhere and network.ref in host.vif_networks:
            raise NetworkContainsVIF(host.ref)
    draft = Draft(model)
    draft.remove(network.ref)
    return Plan(model, draft.model)


def attach(model: Model, network: Ref[Network], host: Ref[Host]) -> Plan:
    """The host's PIF on the network is plugged, as for a VIF (XenAPI, network.attach, hidden).

    A network without one is internal, and its bridge is there while it has plugged VIFs.  XenAPI would make
    that bridge now, and keep it until a VIF comes and goes; so that is refused.
    """
    here, there = model.find(Network, network), model.find(Host, host)
    if here.managed and not any(pif.host == there.ref for pif in pifs_on(model, here.ref)):
        raise OperationNotAllowed("the network has no PIF here: its bridge comes with its first VIF")
    draft = Draft(model)
    bring_network_up(draft, here.ref, there.ref)
    return Plan(model, draft.model)


def check_can_be_connected(model: Model, network: Network, host: Ref[Host]) -> None:
    """A new PIF of a host can be on the network: pifd's, and without a PIF there.

    The parameters are the documented ones, network and PIF; XenAPI's implementation gives the host first.
    """
    if not network.managed:
        raise NetworkUnmanaged(network.ref)
    for pif in pifs_on(model, network.ref):
        if pif.host == host:
            raise NetworkAlreadyConnected(network.ref, pif.ref)


def check_other_config(model: Model, network: Network) -> None:
    """The keys that pifd reads have values that it can act on."""
    check_static_routes(network.other_config)
    check_tunnel_key(model, network)


def check_bridge(model: Model, bridge: str) -> None:
    """A bridge name of the caller's is a device name that is free and not of a kind that pifd gives out."""
    if not bridge:
        return
    reserved = bridge in RESERVED_NAMES or bridge.startswith(RESERVED_PREFIXES)
    if not is_device_name(bridge) or reserved:
        raise InvalidValue("bridge", bridge)
    if model.by(Network, "bridge", bridge):
        raise BridgeNameExists(bridge)
    if not is_free(model, bridge):
        raise InvalidValue("bridge", bridge)


def check_not_others(bridge: str, facts: Facts) -> None:
    """Nothing on the host that is not pifd's is called so, by an alternative name either."""
    if facts.is_others(bridge):
        raise InvalidValue("bridge", f"{bridge}, which is somebody else's device")


def checked_mtu(MTU: int) -> int:
    """Zero and below mean the default, as in XenAPI; what no device can have is refused."""
    if MTU <= 0:
        return DEFAULT_MTU
    if MTU not in MTU_RANGE:
        raise InvalidValue("MTU", str(MTU))
    return MTU


def free_bridge(model: Model, facts: Facts = NO_FACTS) -> str:
    """`xapi<N>` with the smallest N that no network has, and nobody else's device."""
    return f"xapi{free_bridge_number(model, facts.is_others)}"
