"""Setting fields: -param-set, -param-add, -param-remove and -param-clear."""

from typing import Any

import pytest

from agent.cli.commands import COMMANDS
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.test_pifctl_changes import NOTHING
from tests.cli.world import BOND, ETH0, HOST, NULL, STORAGE, TASK, TUNNEL, VM, ref

STORAGE_REF, VM_REF = ref(STORAGE), ref(VM)

SENT: list[tuple[str, str, list[Any]]] = [
    ("network-param-set uuid=storage MTU=9000", "network.set_MTU", [STORAGE_REF, 9000]),
    ("network-param-set uuid=storage name-label=", "network.set_name_label", [STORAGE_REF, ""]),
    ("network-param-set uuid=storage tags=red,blue", "network.set_tags", [STORAGE_REF, ["red", "blue"]]),
    (
        "network-param-add uuid=storage param-name=tags param-key=red",
        "network.add_tags",
        [STORAGE_REF, "red"],
    ),
    (
        "network-param-add uuid=storage param-name=other-config a=b",
        "network.add_to_other_config",
        [STORAGE_REF, "a", "b"],
    ),
    (
        "network-param-remove uuid=storage param-name=tags param-key=blue",
        "network.remove_tags",
        [STORAGE_REF, "blue"],
    ),
    (
        "network-param-remove uuid=storage param-name=Other-Config param-key=a",
        "network.remove_from_other_config",
        [STORAGE_REF, "a"],
    ),
    ("network-param-clear uuid=storage param-name=tags", "network.set_tags", [STORAGE_REF, []]),
    (
        "network-param-clear uuid=storage param-name=other-config",
        "network.set_other_config",
        [STORAGE_REF, {}],
    ),
    ("network-param-clear uuid=storage param-name=name-label", "network.set_name_label", [STORAGE_REF, ""]),
    (
        "bond-param-set uuid=bond0 properties:hashing_algorithm=src_mac",
        "Bond.set_property",
        [ref(BOND), "hashing_algorithm", "src_mac"],
    ),
    ("pif-param-set uuid=eth0 properties:gro=on", "PIF.set_property", [ref(ETH0), "gro", "on"]),
    ("pif-param-set uuid=eth0 properties-gro=off", "PIF.set_property", [ref(ETH0), "gro", "off"]),
    ("vm-param-set uuid=web dom-id=9", "VM.set_domid", [VM_REF, 9]),
    ("vm-param-set uuid=web PV-drivers-detected=false", "VM.set_PV_drivers_detected", [VM_REF, False]),
    ("vm-param-set uuid=web affinity=ant", "VM.set_affinity", [VM_REF, ref(HOST)]),
    ("vm-param-set uuid=web affinity=", "VM.set_affinity", [VM_REF, NULL]),
    ("vm-param-clear uuid=web param-name=affinity", "VM.set_affinity", [VM_REF, NULL]),
    ("vm-param-set uuid=web possible-hosts=ant", "VM.set_possible_hosts", [VM_REF, [ref(HOST)]]),
    (
        "vm-param-add uuid=web param-name=possible-hosts param-key=ant",
        "VM.add_possible_hosts",
        [VM_REF, ref(HOST)],
    ),
]


@pytest.mark.parametrize(("line", "method", "parameters"), SENT)
def test_a_field_is_set_by_one_call(
    run: Run, host: Daemon, line: str, method: str, parameters: list[Any]
) -> None:
    assert run(*line.split()) == (0, "", "")
    assert host.made() == [(method, parameters)]


def test_the_keys_of_a_map_that_are_not_given_stay(run: Run, host: Daemon) -> None:
    command = ("tunnel-param-set", "uuid=tunnel0", "other-config:remote-ips=192.0.2.8,192.0.2.9")
    assert run(*command) == (0, "", "")
    assert host.made() == [
        ("tunnel.put_in_other_config", [ref(TUNNEL), {"remote-ips": "192.0.2.8,192.0.2.9"}])
    ]


def test_of_several_fields_none_is_set_when_one_is_refused(run: Run, host: Daemon) -> None:
    host.results["DryRun.network.set_name_label"] = NOTHING
    host.failures["DryRun.network.set_MTU"] = ("INVALID_VALUE", ["MTU", "70000"])
    error = "The value given is invalid\nfield: MTU\nvalue: 70000\ncode: INVALID_VALUE\n"
    assert run("network-param-set", "uuid=storage", "MTU=70000", "name-label=x") == (1, "", error)
    assert [method for method, _ in host.made() if "DryRun" not in method] == []


def test_several_fields_are_set_one_after_another(run: Run, host: Daemon) -> None:
    assert run("vm-param-set", "uuid=web", "PV-drivers-detected=yes", "name-label=x") == (0, "", "")
    sent = [call for call in host.made() if "DryRun" not in call[0]]
    assert sent == [("VM.set_name_label", [VM_REF, "x"]), ("VM.set_PV_drivers_detected", [VM_REF, True])]


def test_several_keys_are_added_one_after_another(run: Run, host: Daemon) -> None:
    assert run("pif-param-add", "uuid=eth0", "param-name=other-config", "a=b", "c=") == (0, "", "")
    sent = [parameters for method, parameters in host.made() if method == "PIF.add_to_other_config"]
    assert sent == [[ref(ETH0), "a", "b"], [ref(ETH0), "c", ""]]


def test_a_dry_run_sets_nothing(run: Run, host: Daemon) -> None:
    host.results["DryRun.network.set_MTU"] = NOTHING
    assert run("network-param-set", "uuid=storage", "MTU=9000", "--dry-run").status == 0
    assert host.made() == [("DryRun.network.set_MTU", [STORAGE_REF, 9000])]


def test_several_properties_are_set_one_after_another(run: Run, host: Daemon) -> None:
    assert run("bond-param-set", "uuid=bond0", "properties:lacp-time=fast", "properties:a=b") == (0, "", "")
    sent = [call for call in host.made() if "DryRun" not in call[0]]
    assert [parameters for _, parameters in sent] == [[ref(BOND), "lacp-time", "fast"], [ref(BOND), "a", "b"]]


def test_what_is_not_stored_is_set_without_a_dry_run(run: Run, host: Daemon) -> None:
    assert run("task-param-add", "uuid=76", "param-name=other-config", "a=b", "c=d") == (0, "", "")
    sent = [
        ("task.add_to_other_config", [ref(TASK), "a", "b"]),
        ("task.add_to_other_config", [ref(TASK), "c", "d"]),
    ]
    assert host.made() == sent
    assert run("task-param-set", "uuid=76", "other-config:a=b") == (0, "", "")
    assert host.made()[-1] == ("task.put_in_other_config", [ref(TASK), {"a": "b"}])
    told = run("task-param-set", "uuid=76", "other-config:a=b", "--dry-run")
    assert told.error.startswith("Unknown parameter: dry-run\ntask-param-set takes: uuid, other-config:<key>")


@pytest.mark.parametrize("key", ["server", "port", "debug", "help", "version", "socket", "minimal", "force"])
def test_a_key_that_an_option_is_called_like_is_added_all_the_same(run: Run, host: Daemon, key: str) -> None:
    assert run("network-param-add", "uuid=storage", "param-name=other-config", f"{key}=x") == (0, "", "")
    assert host.made() == [("network.add_to_other_config", [STORAGE_REF, key, "x"])]


def test_what_is_written_as_an_option_is_no_key(run: Run, host: Daemon) -> None:
    command = ("network-param-add", "uuid=storage", "param-name=other-config", "a=b")
    assert run(*command, "--minimal") == (0, "\n", "")
    assert host.made() == [("network.add_to_other_config", [STORAGE_REF, "a", "b"])]
    assert run(*command, "--force").error.startswith("Unknown parameter: force\n")


USAGE = "For usage run: 'pifctl help network-param-{}'\n"
WRONG = [
    (
        "network-param-set uuid=storage",
        "Nothing to set was given; this can be: name-label, name-description, MTU, other-config:<key>, "
        "tags, default-locking-mode, purpose\n",
    ),
    (
        "network-param-set uuid=storage bridge=x",
        "Error: Field 'bridge' is read-only.\nThese of a network can be set: name-label, name-description, "
        "MTU, other-config, tags, default-locking-mode, purpose\n" + USAGE.format("set"),
    ),
    (
        "network-param-set uuid=storage MTU=",
        "Error: Failed to parse parameter 'MTU': expecting an integer\n",
    ),
    (
        "pif-param-add uuid=eth0 param-name=properties gro=on",
        "Error: Parameter is read-only\npif-param-add takes: other-config\n",
    ),
    (
        "pif-param-clear uuid=eth0 param-name=properties",
        "Error: Can only clear RW parameters\npif-param-clear takes: other-config\n",
    ),
    (
        "network-param-add uuid=storage param-name=bridge a=b",
        "Error: Can only add to parameters of type Set or Map\n"
        "network-param-add takes: other-config, tags, purpose\n",
    ),
    (
        "network-param-add uuid=storage param-name=colour a=b",
        "Error: a network has no field colour\nIts fields are: uuid, name-label, name-description, "
        "VIF-uuids, PIF-uuids, MTU, bridge, managed, other-config, blobs, tags, default-locking-mode, "
        "purpose\n",
    ),
    (
        "network-param-remove uuid=storage param-name=PIF-uuids param-key=a",
        "Error: Cannot remove parameters from read-only map\n"
        "network-param-remove takes: other-config, tags, purpose\n",
    ),
    (
        "network-param-add uuid=storage param-name=tags a=b",
        "Error: When adding a key to a set, use the syntax: *-param-add param-name=tags param-key=<key>\n"
        "tags is a set.\n",
    ),
    (
        "network-param-add uuid=storage param-name=other-config param-key=a",
        "Error: other-config is a map: give what to add as <key>=<value>\n",
    ),
    (
        "network-param-add uuid=storage param-name=other-config a=b a=c",
        "Syntax error: a is given twice\n" + USAGE.format("add"),
    ),
    (
        "network-param-remove uuid=storage param-name=tags",
        "Required parameter not found: param-key\n" + USAGE.format("remove"),
    ),
    (
        "network-param-clear uuid=storage param-name=MTU",
        "Error: Can only clear RW parameters\nnetwork-param-clear takes: name-label, name-description, "
        "other-config, tags, default-locking-mode, purpose\n",
    ),
]


@pytest.mark.parametrize(("line", "error"), WRONG)
def test_what_cannot_be_set_is_refused_and_nothing_is(run: Run, host: Daemon, line: str, error: str) -> None:
    assert run(*line.split()) == (1, "", error)
    assert host.made() == []


def test_as_in_xe_only_classes_with_fields_to_set_have_commands_that_do() -> None:
    with_maps = {"pool", "host", "network", "pif", "tunnel", "vm", "vif", "task"}
    assert kinds_with("-param-add") == kinds_with("-param-remove") == kinds_with("-param-clear") == with_maps
    assert kinds_with("-param-set") == with_maps | {"bond"}


def kinds_with(suffix: str) -> set[str]:
    """The classes that have a command."""
    return {name.removesuffix(suffix) for name in COMMANDS if name.endswith(suffix)}
