"""Changes: what each command sends, what it prints, and dry runs."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_daemon import PREVIEW, Daemon
from tests.cli.world import BOND, ETH0, ETH1, HOST, MADE, MANAGEMENT, STORAGE, ref
from tests.docs.design import design

NETWORK = {
    "name_label": "backup",
    "name_description": "",
    "MTU": 9000,
    "bridge": "",
    "managed": True,
    "other_config": {"static-routes": "x=y"},
    "tags": [],
}

NOTHING: dict[str, Any] = {
    "result": "",
    "added": [],
    "changed": [],
    "removed": [],
    "unplug": [],
    "plug": [],
    "steps": [],
    "notes": [],
}

SENT = [
    ("bond-destroy uuid=bond0", "Bond.destroy", [ref(BOND)]),
    ("pif-plug uuid=eth1", "PIF.plug", [ref(ETH1)]),
    ("pif-unplug uuid=4b", "PIF.unplug", [ref(ETH1)]),
    (f"pif-forget uuid={ETH1.upper()}", "PIF.forget", [ref(ETH1)]),
    ("pif-scan", "PIF.scan", [ref(HOST)]),
    ("pif-scan host-uuid=ant", "PIF.scan", [ref(HOST)]),
    (
        "pif-reconfigure-ip uuid=eth1 mode=static ip=192.0.2.1 netmask=255.255.255.0 dns=192.0.2.2,192.0.2.3",
        "PIF.reconfigure_ip",
        [ref(ETH1), "Static", "192.0.2.1", "255.255.255.0", "", "192.0.2.2,192.0.2.3"],
    ),
    ("host-management-reconfigure pif-uuid=eth1", "host.management_reconfigure", [ref(ETH1)]),
    ("host-management-disable", "host.management_disable", []),
    ("pool-management-reconfigure network-uuid=storage", "pool.management_reconfigure", [ref(STORAGE)]),
    ("network-attach uuid=storage", "network.attach", [ref(STORAGE), ref(HOST)]),
    ("network-attach uuid=storage host-uuid=ant", "network.attach", [ref(STORAGE), ref(HOST)]),
    ("bond-set-mode uuid=bond0 mode=LACP", "Bond.set_mode", [ref(BOND), "lacp"]),
    ("bond-add-member uuid=bond0 pif-uuid=eth1", "Bond.add_member", [ref(BOND), ref(ETH1)]),
    ("bond-remove-member uuid=bond0 pif-uuid=eth1", "Bond.remove_member", [ref(BOND), ref(ETH1)]),
    ("bond-set-primary-slave uuid=bond0 pif-uuid=eth1", "Bond.set_primary_slave", [ref(BOND), ref(ETH1)]),
    ("bond-set-active-slave uuid=bond0 pif-uuid=eth1", "Bond.set_active_slave", [ref(BOND), ref(ETH1)]),
    (
        "pif-reconfigure-ipv6 uuid=eth1 mode=static ipv6=2001:db8::1/64 gateway=fe80::1 dns=2001:db8::2",
        "PIF.reconfigure_ipv6",
        [ref(ETH1), "Static", "2001:db8::1/64", "fe80::1", "2001:db8::2"],
    ),
    ("pif-reconfigure-ipv6 uuid=eth1 mode=NONE", "PIF.reconfigure_ipv6", [ref(ETH1), "None", "", "", ""]),
    (
        "pif-set-primary-address-type uuid=eth1 primary_address_type=ipv6",
        "PIF.set_primary_address_type",
        [ref(ETH1), "IPv6"],
    ),
    (
        "pif-set-primary-address-type uuid=eth1 primary-address-type=IPv4",
        "PIF.set_primary_address_type",
        [ref(ETH1), "IPv4"],
    ),
    ("network-destroy uuid=xapi0", "network.destroy", [ref(STORAGE)]),
    ("pif-param-set uuid=eth0 disallow-unplug=Yes", "PIF.set_disallow_unplug", [ref(ETH0), True]),
]


@pytest.mark.parametrize(("line", "method", "parameters"), SENT)
@design("pifctl", 2)
@design("pifctl", 3)
@design("pifctl", 4)
def test_a_command_sends_one_call_and_prints_nothing(
    run: Run, daemon: Daemon, line: str, method: str, parameters: list[Any]
) -> None:
    assert run(*line.split()) == (0, "", "")
    assert daemon.made() == [(method, parameters)]


MADE_BY = [
    (
        "bond-create network-uuid=storage pif-uuids=eth0,eth1 mode=active-backup",
        "Bond.create",
        [ref(STORAGE), [ref(ETH0), ref(ETH1)], "", "active-backup", {}],
    ),
    (
        "bond-create network-uuid=3b pif-uuids=eth0 mac=00:16:3e:00:00:01 mode=LACP "
        "properties:hashing_algorithm=src_mac properties-lacp-time=slow",
        "Bond.create",
        [
            ref(STORAGE),
            [ref(ETH0)],
            "00:16:3e:00:00:01",
            "lacp",
            {"hashing_algorithm": "src_mac", "lacp-time": "slow"},
        ],
    ),
    (
        "bond-create network-uuid=3b pif-uuids= mode=balance-slb",
        "Bond.create",
        [ref(STORAGE), [], "", "balance-slb", {}],
    ),
    ("pif-introduce device=eth3 managed=F", "PIF.introduce", [ref(HOST), "", "eth3", False]),
    ("network-create name-label=backup MTU=9000 other-config:static-routes=x=y", "network.create", [NETWORK]),
]


@pytest.mark.parametrize(("line", "method", "parameters"), MADE_BY)
@design("pifctl", 1)
def test_a_creating_command_prints_the_uuid(
    run: Run, daemon: Daemon, line: str, method: str, parameters: list[Any]
) -> None:
    daemon.results[method] = ref(MADE)
    assert run(*line.split()) == (0, f"{MADE}\n", "")
    assert daemon.made() == [(method, parameters)]


def test_a_created_uuid_can_be_had_as_json(run: Run, daemon: Daemon) -> None:
    daemon.results["network.create"] = ref(MADE)
    expected = f'{{\n  "uuid": "{MADE}"\n}}\n'
    assert run("network-create", "name-label=backup", "--json") == (0, expected, "")


def test_a_command_logs_in_first_and_out_at_the_end(run: Run, daemon: Daemon) -> None:
    run("pif-plug", f"uuid={ETH1}")
    methods = [method for method, _ in daemon.calls]
    assert methods == ["session.login_with_password", "PIF.get_by_uuid", "PIF.plug", "session.logout"]


def test_a_dry_run_is_told_in_words(run: Run, daemon: Daemon) -> None:
    expected = """\
Dry run of network-create: nothing has been changed.

Changes to the model:
  + network backup, new
      name-label              backup
      MTU                     9000
  ~ PIF eth1, changed
      currently-attached      yes -> no
      network                 network storage -> network backup
      properties              none -> gro=off
  - network storage, removed

Steps in the kernel, in this order:
  1. create bridge xapi1
  2. set eth1 up
"""
    assert run("network-create", "name-label=backup", "--dry-run") == (0, expected, "")
    assert [method for method, _ in daemon.made()] == ["DryRun.network.create"]


def test_a_dry_run_leaves_out_what_follows_from_other_objects(run: Run, daemon: Daemon) -> None:
    changed = {"class": "host", "ref": ref(HOST), "before": {"PIFs": []}, "after": {"PIFs": [ref(ETH1)]}}
    daemon.results["DryRun.PIF.plug"] = NOTHING | {"changed": [changed]}
    told = run("pif-plug", "uuid=eth1", "--dry-run").output
    assert told.splitlines()[2:] == ["Changes to the model: none.", "", "Steps in the kernel: none."]


def test_a_dry_run_as_json_is_what_the_daemon_said(run: Run) -> None:
    assert json.loads(run("pif-plug", "uuid=eth1", "--dry-run", "--json").output) == PREVIEW


def test_a_dry_run_that_finds_nothing_to_do_says_so(run: Run, daemon: Daemon) -> None:
    daemon.results["DryRun.PIF.plug"] = NOTHING
    expected = """\
Dry run of pif-plug: nothing has been changed.

Changes to the model: none.

Steps in the kernel: none.
"""
    assert run("pif-plug", "uuid=eth1", "--dry-run") == (0, expected, "")


def test_a_name_counts_before_the_beginning_of_a_uuid(run: Run, daemon: Daemon) -> None:
    first, second = list(daemon.records["network"].values())[:2]
    second["name_label"] = first["uuid"][:1]
    found = run("network-param-get", f"uuid={second['name_label']}", "param-name=uuid")
    assert found == (0, f"{second['uuid']}\n", "")


def test_a_name_that_several_objects_have_is_refused_with_the_candidates(run: Run, daemon: Daemon) -> None:
    for network in daemon.records["network"].values():
        network["name_label"] = "same"
    expected = f"""\
'same' can mean more than one network:
  {MANAGEMENT} (same, xenbr0)
  {STORAGE} (same, xapi0)
"""
    assert run("network-destroy", "uuid=same") == (1, "", expected)
    assert daemon.made() == []


def test_an_object_that_is_not_there_is_refused(run: Run) -> None:
    expected = """\
There is no PIF whose uuid begins with 'eth9' or that has this name.
'pifctl pif-list' shows what there is.
"""
    assert run("pif-plug", "uuid=eth9") == (1, "", expected)
    assert run("pif-plug", "uuid=") == (1, "", "No PIF was named: the parameter is empty.\n")


def test_with_several_hosts_the_host_has_to_be_named(run: Run, daemon: Daemon) -> None:
    daemon.records["host"][ref(MADE)] = {"uuid": MADE, "name_label": "bee"}
    expected = "Required parameter not found: host-uuid\n(there are 2 hosts)\n"
    assert run("pif-scan") == (1, "", expected)
