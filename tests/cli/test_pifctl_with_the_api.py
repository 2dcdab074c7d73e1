"""pifctl against the real API: both sides mean the same calls, types and fields."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from agent.api.calls.call import agent_of
from agent.api.calls.methods import table
from agent.api.calls.objects import EVERY_CLASS
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.records.record import field_names
from agent.cli.__main__ import outcome_of
from agent.cli.classes import MAP, MAP_RW, RW, SET, SET_RW, mark_of, settable
from agent.cli.commands import COMMANDS, FIELDS, KINDS, LISTS
from agent.cli.session import Session
from agent.cli.terminal import Screen
from agent.schema import Class, Field
from tests.api.world import EngineInMemory

Pifctl = Callable[[str], str]


@pytest.fixture
def pifctl(tmp_path: Path) -> Iterator[Pifctl]:
    """Runs a command line and gives what it prints; the API runs in a thread of its own."""
    path, ready = tmp_path / "xapi", Event()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serving() -> None:
        async with serve(path, dispatcher(agent_of(EngineInMemory()))):
            ready.set()
            await over.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serving()))
    thread.start()
    assert ready.wait(10)

    def run(line: str) -> str:
        outcome = outcome_of(line.split(), {"PIFD_SOCKET": str(path)}, Screen())
        assert outcome.error == ""
        return outcome.output.strip()

    yield run
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


SETTING_UP = """\
network-create name-label=five
network-create name-label=private
network-create name-label=storage
vlan-create pif-uuid=eth1 vlan=5 network-uuid=five
tunnel-create pif-uuid=eth0 network-uuid=private protocol=vxlan
tunnel-param-set uuid=tunnel0 other-config:remote-ips=10.0.0.7
vm-create name-label=web
vm-param-set uuid=web dom-id=7 PV-drivers-detected=true
vif-create vm-uuid=web device=0 network-uuid=five
vm-start uuid=web
"""


@pytest.fixture
def host(pifctl: Pifctl, tmp_path: Path) -> Pifctl:
    """The same, on a host that has an object of every class but a Bond."""
    for line in SETTING_UP.splitlines():
        pifctl(line)
    with Session(str(tmp_path / "xapi")) as session:
        session.ask("task.create", "mine", "", shape=str)
    return pifctl


def test_the_objects_are_what_the_commands_made_them(host: Pifctl) -> None:
    assert host("pif-param-get uuid=eth1.5 param-name=VLAN") == "5"
    assert (
        host("vlan-list untagged-PIF=" + host("pif-list VLAN=5 --minimal") + " params=tag --minimal") == "5"
    )
    assert host("tunnel-param-get uuid=tunnel0 param-name=status param-key=key") == "1"
    assert host("vm-list PV-drivers-detected=true dom-id=7 params=power-state --minimal") == "running"
    assert host("vif-param-get uuid=vif7.0 param-name=vm-name-label") == "web"


def test_a_VM_and_its_VIF_go_through_all_commands(host: Pifctl) -> None:
    for line in """\
vif-unplug uuid=web/0
vif-move uuid=web/0 network-uuid=storage
vif-plug uuid=web/0
vif-unplug uuid=web/0 --force
vm-pause uuid=web
vm-unpause uuid=web
vm-suspend uuid=web
vm-resume uuid=web --paused
vm-unpause uuid=web
vm-shutdown uuid=web
vm-start uuid=web on=host1 --paused
vm-shutdown uuid=web --force
vif-destroy uuid=web/0
vm-destroy uuid=web
tunnel-destroy uuid=tunnel0
vlan-destroy uuid=eth1.5""".splitlines():
        assert (line, host(line)) == (line, "")


def test_a_bond_shows_beforehand_which_VMs_it_asks(host: Pifctl) -> None:
    host("vif-move uuid=web/0 network-uuid=" + host("pif-param-get uuid=eth2 param-name=network-uuid"))
    told = host("bond-create network-uuid=storage pif-uuids=eth1,eth2 --dry-run")
    assert "VIFs that their VMs are asked to give up first:\n  VIF web/0\n" in told
    assert [line for line in told.splitlines() if "OpaqueRef" in line] == []
    host("bond-create network-uuid=storage pif-uuids=eth1,eth2")
    assert host("vlan-param-get uuid=bond0.5 param-name=tag") == "5"
    assert host("vif-param-get uuid=web/0 param-name=network-name-label") == "storage"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_daemon_has_every_field_that_pifctl_lists(host: Pifctl, kind: Class) -> None:
    if kind.name == "Bond":
        host("bond-create network-uuid=storage pif-uuids=eth1,eth2")
    shown = json.loads(host(f"{kind.prefix}-list params=all --json"))[0]
    assert list(shown) == [field.xe for field in kind.in_xe]


RECORDS = {kind.class_name: kind for kind in EVERY_CLASS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_a_field_shows_of_another_object_is_on_the_wire(kind: Class) -> None:
    shown = {(one.refers, one.shows) for one in kind.in_xe if one.refers and one.shows}
    assert [pair for pair in shown if pair[1] not in field_names(RECORDS[pair[0]])] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_field_is_marked_as_one_to_set_just_where_the_daemon_lets_it_be_set(kind: Class) -> None:
    """But for those that have a command of their own, and what a program says of a task of its own."""
    told = {"status", "progress", "result", "error_info"} if kind.name == "task" else set()
    found = {field.xe for field in kind.in_xe if field.name not in told and has_setter(kind, field)}
    own = {field.xe for field in kind.in_xe if f"{kind.prefix}-set-{field.xe}" in COMMANDS}
    assert {field.xe for field in settable(kind)} == found - own


def has_setter(kind: Class, field: Field) -> bool:
    """Whether the daemon has a message that sets a field of this class."""
    setter = field.key_setter or field.set_by
    return f"{kind.name}.{setter}" in table() and (not field.shows or field.set_by != f"set_{field.name}")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_mark_of_a_map_or_a_set_has_one_on_the_wire(host: Pifctl, kind: Class) -> None:
    if kind.name == "Bond":
        host("bond-create network-uuid=storage pif-uuids=eth1,eth2")
    shown = json.loads(host(f"{kind.prefix}-list params=all --json"))[0]
    wrong = [
        field.xe
        for field in kind.in_xe
        if (mark_of(field) in (MAP, MAP_RW) and not isinstance(shown[field.xe], dict))
        or (mark_of(field) in (SET, SET_RW) and not isinstance(shown[field.xe], list))
    ]
    assert wrong == []


def test_the_new_calls_are_taken_by_the_daemon(host: Pifctl) -> None:
    for line in """\
bond-create network-uuid=storage pif-uuids=eth1,eth2
bond-set-mode uuid=bond0 mode=active-backup
pif-param-set uuid=bond0 properties:gro=off
pif-reconfigure-ip uuid=bond0 mode=static IP=10.1.0.2 netmask=255.255.255.0
pif-reconfigure-ipv6 uuid=bond0 mode=static IPv6=2001:db8::2/64 gateway=fe80::1 DNS=2001:db8::1
pif-set-primary-address-type uuid=eth3 primary_address_type=ipv6
pool-management-reconfigure network-uuid=storage
host-management-disable
network-attach uuid=storage
network-create name-label=seven
pool-vlan-create pif-uuid=bond0 vlan=7 network-uuid=seven
task-cancel uuid=mine""".splitlines():
        host(line)
    assert host("pif-param-get uuid=bond0.7 param-name=VLAN") == "7"
    assert host("pif-param-get uuid=eth1 param-name=properties") == "gro: off"
    assert host("pif-param-get uuid=bond0 param-name=IPv6") == "2001:db8::2/64"
    assert host("pif-list management=true --minimal") == ""
    assert host("task-list params=status --minimal") == "cancelled"


def test_every_text_that_can_be_set_is_set(host: Pifctl) -> None:
    labelled = {"pool", "host", "network", "VM"}
    for kind in KINDS:
        texts = [
            field.xe for field in settable(kind) if mark_of(field) == RW and field.xe.startswith("name-")
        ]
        for field in texts:
            uuid = host(f"{kind.prefix}-list --minimal").partition(",")[0]
            host(f"{kind.prefix}-param-set uuid={uuid} {field}=x")
            assert host(f"{kind.prefix}-param-get uuid={uuid} param-name={field}") == "x"
            host(f"{kind.prefix}-param-clear uuid={uuid} param-name={field}")
            assert host(f"{kind.prefix}-param-get uuid={uuid} param-name={field}") == ""
        assert texts == (["name-label", "name-description"] if kind.name in labelled else [])


def test_every_map_that_can_be_set_takes_and_gives_up_a_key(host: Pifctl) -> None:
    added = [command for command in FIELDS if command.name.endswith("-param-add")]
    assert len(added) == len([one for one in LISTS if one.name not in ("vlan-list", "bond-list")])
    for command in added:
        prefix = command.name.removesuffix("-param-add")
        one = f"uuid={host(f'{prefix}-list --minimal').partition(',')[0]} param-name=other-config"
        host(f"{prefix}-param-add {one} colour=red")
        assert host(f"{prefix}-param-get {one} param-key=colour") == "red"
        host(f"{prefix}-param-remove {one} param-key=colour")
        assert "colour" not in host(f"{prefix}-param-get {one}")
