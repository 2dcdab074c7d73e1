"""Models with VLANs, tunnels and VIFs on their NICs, made by the rules."""

from dataclasses import replace
from typing import Any

from agent.model.model import Model
from agent.model.records import PIF, VIF, VLAN, VM, Host, Network, PowerState, Ref, Tunnel
from agent.rules import tunnel, vif, vlan
from tests.worlds.world import host_of, with_new_network, with_record

ELSEWHERE = Host(uuid="00000000-0000-0000-0000-00000000000e", name_label="host2")


def with_vlan(model: Model, device: str, tag: int, MTU: int = 1500, **upper: Any) -> Model:
    """A VLAN on a NIC or a bond, on a network of its own, with some fields of the upper PIF changed."""
    model, home = with_new_network(model, MTU=MTU)
    model = vlan.create(model, lower_of(model, device).ref, tag, home).after
    return with_record(model, replace(upper_of(model, device, tag), **upper))


def lower_of(model: Model, device: str) -> PIF:
    """The NIC, bond or tunnel of this name, not one of the VLANs on it, which bear the name too."""
    return next(pif for pif in model.all(PIF) if (pif.device, pif.VLAN) == (device, -1))


def upper_of(model: Model, device: str, tag: int) -> PIF:
    """The upper PIF of a VLAN on a NIC or a bond."""
    return next(pif for pif in model.all(PIF) if (pif.device, pif.VLAN) == (device, tag))


def vlan_of(model: Model, device: str, tag: int) -> VLAN:
    return next(v for v in model.all(VLAN) if v.untagged_PIF == upper_of(model, device, tag).ref)


def with_tunnel(model: Model, transport: Ref[PIF], **network: Any) -> Model:
    """A GRE tunnel from a PIF, on a network of its own."""
    model, home = with_new_network(model, **network)
    return tunnel.create(model, transport, home).after


def tunnel_of(model: Model, device: str = "tunnel0") -> Tunnel:
    return next(t for t in model.all(Tunnel) if t.access_PIF == lower_of(model, device).ref)


def with_vif(model: Model, network: Ref[Network], name: str, state: str = "Running", **vm: Any) -> Model:
    """A VM of this name with a VIF on the network, plugged unless the VM is halted."""
    power = PowerState(state)
    here = None if power == PowerState.HALTED else host_of(model).ref
    uuid = f"00000000-0000-0000-00aa-{len(model.records):012x}"
    domid = len(model.all(VM)) + 1 if power in (PowerState.RUNNING, PowerState.PAUSED) else -1
    fresh = VM(
        uuid=uuid, **{"name_label": name, "power_state": power, "resident_on": here, "domid": domid, **vm}
    )
    model = with_record(model, replace(fresh, **vm))
    plan = vif.create(model, {"device": "0", "network": network, "VM": fresh.ref, "other_config": {"a": "b"}})
    made = plan.after.get(Ref[VIF](plan.result or ""))
    return with_record(plan.after, replace(made, currently_attached=power != PowerState.HALTED))


def vif_of(model: Model, name: str) -> VIF:
    return next(found for found in model.all(VIF) if model.get(found.VM).name_label == name)


def home_of(model: Model, device: str) -> Ref[Network]:
    """The network of a PIF."""
    return lower_of(model, device).network
