"""VMs and VIFs on the command line."""

from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.test_pifctl_changes import NOTHING
from tests.cli.world import FIVE, HOST, MADE, NULL, STORAGE, VIF, VM, ref

SENT: list[tuple[str, str, list[Any]]] = [
    ("vif-destroy uuid=web/0", "VIF.destroy", [ref(VIF)]),
    ("vif-plug uuid=vif7.0", "VIF.plug", [ref(VIF)]),
    ("vif-unplug uuid=74", "VIF.unplug", [ref(VIF)]),
    ("vif-unplug uuid=74 --force", "VIF.unplug_force", [ref(VIF)]),
    ("vif-unplug uuid=74 force=false", "VIF.unplug", [ref(VIF)]),
    ("vif-move uuid=web/0 network-uuid=storage", "VIF.move", [ref(VIF), ref(STORAGE)]),
    ("vm-destroy uuid=web", "VM.destroy", [ref(VM)]),
    ("vm-start uuid=web", "VM.start", [ref(VM), False, False]),
    ("vm-start uuid=web --paused", "VM.start", [ref(VM), True, False]),
    ("vm-start uuid=web on=ant", "VM.start_on", [ref(VM), ref(HOST), False, False]),
    ("vm-shutdown uuid=web", "VM.clean_shutdown", [ref(VM)]),
    ("vm-shutdown uuid=web force=true", "VM.hard_shutdown", [ref(VM)]),
    ("vm-suspend uuid=web", "VM.suspend", [ref(VM)]),
    ("vm-resume uuid=web", "VM.resume", [ref(VM), False, False]),
    ("vm-resume uuid=web on=ant --paused", "VM.resume_on", [ref(VM), ref(HOST), True, False]),
    ("vm-pause uuid=web", "VM.pause", [ref(VM)]),
    ("vm-unpause uuid=web", "VM.unpause", [ref(VM)]),
]


@pytest.mark.parametrize(("line", "method", "parameters"), SENT)
def test_a_command_sends_one_call_and_prints_nothing(
    run: Run, host: Daemon, line: str, method: str, parameters: list[Any]
) -> None:
    assert run(*line.split()) == (0, "", "")
    assert host.made() == [(method, parameters)]


INTERFACE = {"device": "1", "network": ref(STORAGE), "VM": ref(VM), "MAC": "", "other_config": {}}
MACHINE = {
    "name_label": "db",
    "name_description": "",
    "affinity": NULL,
    "possible_hosts": [],
    "is_a_template": False,
    "other_config": {},
}
MADE_BY: list[tuple[str, str, list[Any]]] = [
    ("vif-create vm-uuid=web device=1 network-uuid=storage", "VIF.create", [INTERFACE]),
    ("vif-create vm-uuid=web device=1 network-uuid=storage mac=random", "VIF.create", [INTERFACE]),
    (
        "vif-create vm-uuid=web device=1 network-uuid=storage mac=02:00:00:00:00:01 "
        "other-config:host-device=tap1",
        "VIF.create",
        [INTERFACE | {"MAC": "02:00:00:00:00:01", "other_config": {"host-device": "tap1"}}],
    ),
    ("vm-create name-label=db", "VM.create", [MACHINE]),
    (
        "vm-create name-label=db affinity=ant possible-hosts=ant --is-a-template other-config:mac_seed=s",
        "VM.create",
        [
            MACHINE
            | {
                "affinity": ref(HOST),
                "possible_hosts": [ref(HOST)],
                "is_a_template": True,
                "other_config": {"mac_seed": "s"},
            }
        ],
    ),
]


@pytest.mark.parametrize(("line", "method", "parameters"), MADE_BY)
def test_a_creating_command_prints_the_uuid(
    run: Run, host: Daemon, line: str, method: str, parameters: list[Any]
) -> None:
    host.results[method] = ref(MADE)
    assert run(*line.split()) == (0, f"{MADE}\n", "")
    assert host.made() == [(method, parameters)]


def test_a_VIF_with_a_device_of_its_own_goes_by_that(run: Run, host: Daemon) -> None:
    host.records["VIF"][ref(VIF)]["other_config"] = {"host-device": "tap7"}
    assert run("vif-plug", "uuid=tap7") == (0, "", "")
    assert run("vif-plug", "uuid=vif7.0").status == 1


def test_a_VIF_of_a_VM_without_domain_has_no_device_on_the_host(run: Run, host: Daemon) -> None:
    host.records["VM"][ref(VM)]["domid"] = -1
    assert run("vif-plug", "uuid=web/0") == (0, "", "")
    assert run("vif-plug", "uuid=vif-1.0").status == 1


def test_a_refusal_for_the_sake_of_a_VM_names_it(run: Run, host: Daemon) -> None:
    host.failures["Bond.destroy"] = ("VM_MISSING_PV_DRIVERS", [ref(VM)])
    error = (
        "You attempted an operation on a VM which requires PV drivers to be installed but the drivers were "
        f"not detected.\nvm: {VM} (web)\ncode: VM_MISSING_PV_DRIVERS\n"
    )
    assert run("bond-destroy", "uuid=bond0") == (1, "", error)


def test_a_refusal_for_the_sake_of_a_VIF_names_its_VM(run: Run, host: Daemon) -> None:
    host.failures["PIF.unplug"] = ("VIF_IN_USE", [ref(FIVE), ref(VIF)])
    error = f"Network has active VIFs\nnetwork: {FIVE} (five)\nVIF: {VIF} (web/0)\ncode: VIF_IN_USE\n"
    assert run("pif-unplug", "uuid=eth0.5") == (1, "", error)


def test_a_dry_run_tells_which_VMs_are_asked(run: Run, host: Daemon) -> None:
    host.results["DryRun.Bond.destroy"] = NOTHING | {"unplug": [ref(VIF)], "plug": [ref(VIF)]}
    expected = """\
Dry run of bond-destroy: nothing has been changed.

Changes to the model: none.

VIFs that their VMs are asked to give up first:
  VIF web/0

VIFs that their VMs are asked to take in the end:
  VIF web/0

Steps in the kernel: none.
"""
    assert run("bond-destroy", "uuid=bond0", "--dry-run") == (0, expected, "")


def test_a_VIF_list_is_printed_as_xe_prints_it(run: Run, host: Daemon) -> None:
    expected = f"""\
uuid ( RO)            : {VIF}
         vm-uuid ( RO): {VM}
          device ( RO): 0
    network-uuid ( RO): {FIVE}


"""
    assert run("vif-list", "vm-name-label=web") == (0, expected, "")


def test_a_VM_list_is_printed_as_xe_prints_it(run: Run, host: Daemon) -> None:
    expected = f"""\
uuid ( RO)           : {VM}
     name-label ( RW): web
    power-state ( RO): running


"""
    assert run("vm-list", "PV-drivers-detected=true") == (0, expected, "")
    assert run("vm-list", "PV-drivers-detected=false") == (0, "", "")


def test_all_fields_of_a_VM_are_in_the_order_of_xe(run: Run, host: Daemon) -> None:
    expected = f"""\
uuid ( RO)                   : {VM}
             name-label ( RW): web
       name-description ( RW): 
          is-a-template ( RW): false
      is-control-domain ( RO): false
            power-state ( RO): running
         possible-hosts (SRW): {HOST}
            resident-on ( RO): {HOST}
               affinity ( RW): <not in database>
           other-config (MRW): 
                 dom-id ( RW): 7
    PV-drivers-detected ( RW): true


"""  # noqa: W291
    assert run("vm-param-list", "uuid=web") == (0, expected, "")
