"""The protocol by which a VM is asked to give up a VIF, or to take one, and what it is asked."""

from dataclasses import dataclass
from typing import Protocol

from agent.model.model import Model
from agent.model.mtu import vif_mtu_of
from agent.model.records import VIF, VM, PowerState, Ref
from agent.model.vifs import device_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A VIF and its VM as they are, or are to be.

    device: the VIF's number in the VM.  host_device: its device on the host.  bridge: that of its network.
    MTU: bytes.
    """

    vif: Ref[VIF]
    vm: Ref[VM]
    vif_uuid: str
    vm_uuid: str
    vm_name_label: str
    device: str
    host_device: str
    bridge: str
    MAC: str
    MTU: int
    domid: int
    power_state: PowerState
    PV_drivers_detected: bool


def request_of(model: Model, ref: Ref[VIF]) -> Request:
    """The request for a VIF, with the network that the model has it on."""
    vif = model.get(ref)
    vm, network = model.get(vif.VM), model.get(vif.network)
    return Request(
        vif=ref,
        vm=vif.VM,
        vif_uuid=vif.uuid,
        vm_uuid=vm.uuid,
        vm_name_label=vm.name_label,
        device=vif.device,
        host_device=device_of(model, vif),
        bridge=network.bridge,
        MAC=vif.MAC,
        MTU=vif_mtu_of(model, vif),
        domid=vm.domid,
        power_state=vm.power_state,
        PV_drivers_detected=has_pv_drivers(model, vm),
    )


def has_pv_drivers(model: Model, vm: VM) -> bool:
    """Whether the VM's own agent has told of drivers that can give up and take devices while it runs."""
    return vm.guest_metrics is not None and model.get(vm.guest_metrics).PV_drivers_detected


class Hotplug(Protocol):
    """Somebody who can ask a VM.

    Errors: DEVICE_DETACH_REJECTED, DEVICE_ATTACH_REJECTED and VM_MISSING_PV_DRIVERS, then the VM has the VIF
    as it had it before; DEVICE_DETACH_TIMEOUT and DEVICE_ATTACH_TIMEOUT, then nobody knows.
    """

    @property
    def makes_devices(self) -> bool:
        """Whether taking a VIF makes its device on the host, and giving it up takes the device away."""

    async def unplug(self, request: Request) -> None:
        """Have the VM give up a VIF.  One that it has given up already is no error."""

    async def plug(self, request: Request) -> None:
        """Have the VM take a VIF.  One that it has taken already, on whatever bridge, is no error."""
