"""Models with VLANs, tunnels, VMs and VIFs, each made by its call."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.errors import Failure
from agent.model.draft import Plan
from agent.model.model import Model, pifs_on
from agent.model.records import PIF, VIF, VLAN, VM, Network, R, Ref, Tunnel
from agent.rules import tunnel, vif, vlan, vm
from tests.worlds.world import with_new_network

UNKNOWN: Ref[Any] = Ref("OpaqueRef:00000000-0000-0000-0000-00000000dead")


def refused(rule: Callable[..., Plan], *arguments: Any, **more: Any) -> tuple[type[Failure], tuple[str, ...]]:
    """What a call is refused with."""
    with pytest.raises(Failure) as caught:
        rule(*arguments, **more)
    return type(caught.value), caught.value.parameters


def only(model: Model, kind: type[R]) -> R:
    """The one record of a class."""
    (found,) = model.all(kind)
    return found


def upper_on(model: Model, network: Ref[Network]) -> PIF:
    """The PIF on a network."""
    (found,) = pifs_on(model, network)
    return found


def with_VLAN(model: Model, lower: PIF, tag: int, **fields: Any) -> tuple[Model, VLAN]:
    """The model with a VLAN on a network of its own."""
    model, home = with_new_network(model, **fields)
    plan = vlan.create(model, lower.ref, tag, home)
    return plan.after, plan.after.get(Ref[VLAN](plan.result or ""))


def with_tunnel(model: Model, transport: PIF, protocol: str = "gre", **fields: Any) -> tuple[Model, Tunnel]:
    """The model with a tunnel on a network of its own."""
    model, home = with_new_network(model, **fields)
    plan = tunnel.create(model, transport.ref, home, protocol)
    return plan.after, plan.after.get(Ref[Tunnel](plan.result or ""))


def with_vm(model: Model, **fields: Any) -> tuple[Model, VM]:
    """The model with a halted VM."""
    plan = vm.create(model, fields)
    return plan.after, plan.after.get(Ref[VM](plan.result or ""))


def with_VIF(model: Model, owner: VM, network: Ref[Network], device: str = "0", **fields: Any) -> Model:
    """The model with a VIF of the VM's."""
    return vif.create(model, {"VM": owner.ref, "network": network, "device": device, **fields}).after


def vif_of(model: Model, owner: VM, device: str = "0") -> VIF:
    return next(found for found in model.all(VIF) if (found.VM, found.device) == (owner.ref, device))
