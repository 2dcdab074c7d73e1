"""The VM calls: how a toolstack tells of its VMs, and what their states mean for their VIFs.

pifd starts no VM.  A toolstack calls start when it has made the VM's devices, and the rest likewise, so
no VM is asked to take or give up a VIF here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.errors import OperationNotAllowed, VMBadPowerState, VMIsTemplate
from agent.model.draft import Draft, Plan
from agent.model.model import Model, vifs_of
from agent.model.records import VM, Host, PowerState, Ref, VMGuestMetrics
from agent.model.vifs import is_live
from agent.rules.domid import check_domid, free_domid
from agent.rules.plugging import attach

HALTED, PAUSED, RUNNING, SUSPENDED = (
    PowerState.HALTED,
    PowerState.PAUSED,
    PowerState.RUNNING,
    PowerState.SUSPENDED,
)
NOT_HALTED = (PAUSED, RUNNING, SUSPENDED)

ALLOWED: Mapping[str, tuple[PowerState, ...]] = {
    "start": (HALTED,),
    "start_on": (HALTED,),
    "destroy": (HALTED,),
    "clean_shutdown": (RUNNING,),
    "hard_shutdown": NOT_HALTED,
    "shutdown": NOT_HALTED,
    "suspend": (RUNNING,),
    "resume": (SUSPENDED,),
    "resume_on": (SUSPENDED,),
    "pause": (RUNNING,),
    "unpause": (PAUSED,),
}
"""The states in which a VM can have each call; a template can only be destroyed."""


def create(model: Model, record: Mapping[str, Any]) -> Plan:
    """A halted VM (XenAPI, VM.create)."""
    affinity = record.get("affinity")
    draft = Draft(model)
    vm = VM(
        uuid=draft.new_uuid(),
        name_label=record.get("name_label", ""),
        name_description=record.get("name_description", ""),
        affinity=affinity and model.find(Host, affinity).ref,
        possible_hosts=checked_hosts(model, record.get("possible_hosts", ())),
        is_a_template=record.get("is_a_template", False),
        other_config=record.get("other_config", {}),
    )
    draft.put(vm)
    return Plan(model, draft.model, vm.ref)


def destroy(model: Model, self: Ref[VM]) -> Plan:
    """A halted VM goes, and its VIFs with it."""
    vm = model.find(VM, self)
    check_power_state(vm, *ALLOWED["destroy"])
    draft = Draft(model)
    for vif in vifs_of(model, vm.ref):
        draft.remove(vif.ref)
    forget_guest_metrics(draft, vm)
    draft.remove(vm.ref)
    return Plan(model, draft.model)


def start(model: Model, vm: Ref[VM], start_paused: bool = False, force: bool = False) -> Plan:
    """A VM has started on the host that it prefers.  `force` skips checks of XenAPI's that pifd has not."""
    found = allowed(model, vm, "start")
    return started(model, found, preferred_host(model, found), start_paused)


def start_on(
    model: Model, vm: Ref[VM], host: Ref[Host], start_paused: bool = False, force: bool = False
) -> Plan:
    """A VM has started on this host."""
    return started(model, allowed(model, vm, "start_on"), host, start_paused)


def resume(model: Model, vm: Ref[VM], start_paused: bool = False, force: bool = False) -> Plan:
    """A suspended VM goes on where it was suspended."""
    found = allowed(model, vm, "resume")
    return resumed(model, found, found.resident_on or preferred_host(model, found), start_paused)


def resume_on(
    model: Model, vm: Ref[VM], host: Ref[Host], start_paused: bool = False, force: bool = False
) -> Plan:
    """A suspended VM goes on on this host."""
    return resumed(model, allowed(model, vm, "resume_on"), host, start_paused)


def clean_shutdown(model: Model, vm: Ref[VM]) -> Plan:
    """A VM has shut down."""
    return halted(model, allowed(model, vm, "clean_shutdown"))


def hard_shutdown(model: Model, vm: Ref[VM]) -> Plan:
    """A VM was stopped, or its suspended state thrown away."""
    return halted(model, allowed(model, vm, "hard_shutdown"))


def shutdown(model: Model, vm: Ref[VM]) -> Plan:
    """A VM has shut down, one way or the other."""
    return halted(model, allowed(model, vm, "shutdown"))


def suspend(model: Model, vm: Ref[VM]) -> Plan:
    """A VM has no domain, and so no devices, until it is resumed with its VIFs."""
    found = allowed(model, vm, "suspend")
    return put(model, replace(found, power_state=SUSPENDED, domid=-1))


def pause(model: Model, vm: Ref[VM]) -> Plan:
    """A VM stands still; its devices stay."""
    return put(model, replace(allowed(model, vm, "pause"), power_state=PAUSED))


def unpause(model: Model, vm: Ref[VM]) -> Plan:
    """A paused VM goes on."""
    return put(model, replace(allowed(model, vm, "unpause"), power_state=RUNNING))


def set_domid(model: Model, self: Ref[VM], value: int) -> Plan:
    """The number that the VM will have when it is live, and that its devices are called by (pifd's own)."""
    vm = model.find(VM, self)
    if is_live(vm):
        raise VMBadPowerState(vm.ref, words(HALTED, SUSPENDED), words(vm.power_state))
    check_domid(model, vm, value)
    return put(model, replace(vm, domid=value))


def set_pv_drivers_detected(model: Model, self: Ref[VM], value: bool) -> Plan:
    """Whether the VM can take and give up VIFs while it runs (pifd's own)."""
    vm = model.find(VM, self)
    draft = Draft(model)
    known = vm.guest_metrics and model.get(vm.guest_metrics)
    metrics = draft.put(replace(known or VMGuestMetrics(uuid=draft.new_uuid()), PV_drivers_detected=value))
    draft.put(replace(vm, guest_metrics=metrics.ref))
    return Plan(model, draft.model)


def started(model: Model, vm: VM, host: Ref[Host], start_paused: bool) -> Plan:
    """The VM is on the host with all of its VIFs."""
    draft = Draft(model)
    for vif in vifs_of(model, vm.ref):
        draft.put(replace(vif, currently_attached=True))
    start_on_host(draft, vm, host, start_paused)
    return Plan(model, draft.model)


def resumed(model: Model, vm: VM, host: Ref[Host], start_paused: bool) -> Plan:
    """The VM is on the host with the VIFs that it had."""
    draft = Draft(model)
    start_on_host(draft, vm, host, start_paused)
    return Plan(model, draft.model)


def start_on_host(draft: Draft, vm: VM, host: Ref[Host], start_paused: bool) -> None:
    """The VM has a domain on the host, where its networks are up: refused where a bond has taken the PIF."""
    check_possible(draft.model, vm, host)
    for vif in vifs_of(draft.model, vm.ref):
        if vif.currently_attached:
            attach(draft, vif.network, host)
    if vm.domid > 0:
        check_domid(draft.model, vm, vm.domid)
    domid = vm.domid if vm.domid > 0 else free_domid(draft.model)
    state = PAUSED if start_paused else RUNNING
    draft.put(replace(vm, power_state=state, resident_on=host, domid=domid))


def halted(model: Model, vm: VM) -> Plan:
    """The VM is nowhere; its VIFs are attached to nothing, and what its own agent told is void."""
    draft = Draft(model)
    for vif in vifs_of(model, vm.ref):
        draft.put(replace(vif, currently_attached=False))
    forget_guest_metrics(draft, vm)
    draft.put(replace(vm, power_state=HALTED, resident_on=None, domid=-1, guest_metrics=None))
    return Plan(model, draft.model)


def put(model: Model, vm: VM) -> Plan:
    """The plan that changes the VM alone."""
    draft = Draft(model)
    draft.put(vm)
    return Plan(model, draft.model)


def forget_guest_metrics(draft: Draft, vm: VM) -> None:
    if vm.guest_metrics is not None:
        draft.remove(vm.guest_metrics)


def allowed(model: Model, vm: Ref[VM], operation: str) -> VM:
    """The VM, which is no template, in a state in which it can have the call."""
    found = model.find(VM, vm)
    if found.is_a_template:
        raise VMIsTemplate(found.ref)
    check_power_state(found, *ALLOWED[operation])
    return found


def allowed_operations(vm: VM) -> tuple[str, ...]:
    """The calls that the VM's state allows (VM.allowed_operations); its networks may still refuse."""
    if vm.is_a_template:
        return ("destroy",)
    return tuple(operation for operation, states in ALLOWED.items() if vm.power_state in states)


def check_power_state(vm: VM, *expected: PowerState) -> None:
    """The VM is in one of these states."""
    if vm.power_state not in expected:
        raise VMBadPowerState(vm.ref, words(*expected), words(vm.power_state))


def words(*states: PowerState) -> str:
    """As XenAPI writes them in an error: in lower case, with commas in between."""
    return ", ".join(state.lower() for state in states)


def preferred_host(model: Model, vm: VM) -> Ref[Host]:
    """This host, if it is possible, or the VM's affinity; else the first that is possible."""
    possible = hosts_for(model, vm)
    ours = [host for host in possible if not model.get(host).elsewhere] or possible
    return vm.affinity if vm.affinity is not None and vm.affinity in ours else ours[0]


def hosts_for(model: Model, vm: VM) -> tuple[Ref[Host], ...]:
    """The hosts that the VM can start on: those named, or all."""
    return vm.possible_hosts or tuple(host.ref for host in model.all(Host))


def check_possible(model: Model, vm: VM, host: Ref[Host]) -> None:
    """The host is this one, and one that the VM can be on."""
    found = model.find(Host, host)
    if found.ref not in hosts_for(model, vm):
        raise OperationNotAllowed(f"{host} is not among the hosts that the VM can start on")
    if found.elsewhere:
        raise OperationNotAllowed(f"{found.name_label or host} is another host: tell its own pifd of its VMs")


def checked_hosts(model: Model, hosts: tuple[Ref[Host], ...]) -> tuple[Ref[Host], ...]:
    """Hosts that are there, each once."""
    return tuple(model.find(Host, host).ref for host in dict.fromkeys(hosts))
