"""The numbers of VMs' domains, which their VIFs' devices are called by."""

import re
from itertools import count

from agent.errors import InvalidValue
from agent.model.model import Model
from agent.model.records import VIF, VM
from agent.model.vifs import HOST_DEVICE, is_live

DOMIDS = range(1, 10**8)
"""`vif<domid>.<device>` has to fit into a device's name; a hypervisor's own limit is lower."""

CALLED_BY_DOMID = re.compile(r"vif([1-9][0-9]{0,7})\.[0-9]{1,3}")


def check_domid(model: Model, vm: VM, domid: int) -> None:
    """A domain's number is positive and no other VM's that is live, and its devices' names are free."""
    if domid not in DOMIDS:
        raise InvalidValue("domid", f"{domid}: not a number from {DOMIDS[0]} to {DOMIDS[-1]}")
    owner = live_vm(model, domid)
    if owner is not None and owner.ref != vm.ref:
        raise InvalidValue("domid", f"{domid}: {owner.name_label or owner.ref} has it")
    if any(named_domid(vif) == domid and not is_own_name(vm, domid, vif) for vif in model.all(VIF)):
        raise InvalidValue("domid", f"{domid}: the device of another VIF is called by it")


def free_domid(model: Model) -> int:
    """The smallest number that no VM has."""
    taken = {vm.domid for vm in model.all(VM)} | {named_domid(vif) for vif in model.all(VIF)}
    return next(domid for domid in count(1) if domid not in taken)


def is_name_of_another(model: Model, vif: VIF) -> bool:
    """Whether the device that the VIF was given is called as another VIF's of a live VM would be."""
    domid = named_domid(vif)
    owner = live_vm(model, domid) if domid is not None else None
    return owner is not None and not is_own_name(owner, owner.domid, vif)


def is_own_name(vm: VM, domid: int, vif: VIF) -> bool:
    """Whether the device that the VIF was given is called as it would be anyway under this number."""
    return vm.ref == vif.VM and vif.other_config.get(HOST_DEVICE) == f"vif{domid}.{vif.device}"


def named_domid(vif: VIF) -> int | None:
    """The number in the name of the device that the VIF was given."""
    name = CALLED_BY_DOMID.fullmatch(vif.other_config.get(HOST_DEVICE, ""))
    return int(name[1]) if name else None


def live_vm(model: Model, domid: int) -> VM | None:
    """The VM that has the number now."""
    return next((vm for vm in model.by(VM, "domid", domid) if is_live(vm)), None)
