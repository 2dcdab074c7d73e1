"""Which VIFs are on the host now, and by which device: what a VM's power state means for its network."""

from agent.model.model import Model
from agent.model.records import VIF, VM, PowerState

HOST_DEVICE = "host-device"
"""The other_config key of a VIF: its device on the host, where that is not called vif<domid>.<device>."""

LIVE = (PowerState.RUNNING, PowerState.PAUSED)


def is_live(vm: VM) -> bool:
    """Whether the VM has a domain, and so devices on its host."""
    return vm.power_state in LIVE


def is_plugged(model: Model, vif: VIF) -> bool:
    """Whether the VIF's device is to be a port of its network's bridge."""
    return vif.currently_attached and is_live(model.get(vif.VM))


def device_of(model: Model, vif: VIF) -> str:
    """The VIF's device on the host, as the toolstack names it: `vif<domid>.<device>`, or any name given."""
    return vif.other_config.get(HOST_DEVICE) or f"vif{model.get(vif.VM).domid}.{vif.device}"
