"""Sentences of the design that take several calls to see."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.cli.__main__ import Outcome, outcome_of
from agent.cli.terminal import Screen
from agent.errors import CannotPlugBondSlave
from agent.model.model import Model
from agent.model.records import VM, PowerState
from agent.rules import bond, vif, vlan, vm
from agent.rules.host import management_reconfigure
from tests.api.world import EngineInMemory
from tests.docs.design import design
from tests.rules.invariants import violations
from tests.worlds.laden import (
    ELSEWHERE,
    home_of,
    lower_of,
    upper_of,
    vif_of,
    vlan_of,
    with_vif,
    with_vlan,
)
from tests.worlds.uppers import refused
from tests.worlds.world import (
    bond_of,
    bonded,
    host,
    host_of,
    nic,
    static,
    taken_over,
    with_pif,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))
"""eth0 is management with an address; eth1 and eth2 have nothing."""

BONDED = bonded(MODEL, "eth1", "eth2")

Pifctl = Callable[[str], Awaitable[Outcome]]


@design("slaves", 3)
def test_a_VIF_can_be_made_on_the_network_of_a_slave() -> None:
    model = with_vif(BONDED, home_of(BONDED, "eth1"), "vm", "Halted")
    assert (vif_of(model, "vm").network, violations(model)) == (home_of(BONDED, "eth1"), [])


def owner(model: Model) -> VM:
    return model.get(vif_of(model, "vm").VM)


@design("slaves", 3)
def test_the_VM_of_such_a_VIF_starts_only_where_no_slave_would_have_to_be_plugged() -> None:
    model = with_record(BONDED, ELSEWHERE)
    model = with_vif(model, home_of(model, "eth1"), "vm", "Halted")
    slave, own = lower_of(model, "eth1").ref, owner(model).ref
    assert refused(vm.start_on, model, own, host_of(model).ref) == (CannotPlugBondSlave, (slave,))
    after = vm.start_on(model, own, ELSEWHERE.ref).after
    assert (owner(after).power_state, owner(after).resident_on) == (PowerState.RUNNING, ELSEWHERE.ref)
    assert lower_of(after, "eth1") == lower_of(model, "eth1")


@design("destroying", 2)
def test_what_a_destroyed_bond_has_left_on_a_NIC_can_go_to_another() -> None:
    model = bonded(MODEL, "eth0", "eth1")
    model = with_vif(with_vlan(model, "bond0", 5), home_of(model, "bond0"), "vm")
    model = bond.destroy(model, bond_of(model).ref).after
    home = upper_of(model, "eth0", 5).network
    model = vlan.destroy(model, vlan_of(model, "eth0", 5).ref).after
    model = vlan.create(model, lower_of(model, "eth2").ref, 5, home).after
    model = vif.move(model, vif_of(model, "vm").ref, home_of(model, "eth2")).after
    model = with_pif(model, "eth1", ip_configuration=static("198.51.100.2/24"))
    model = management_reconfigure(model, lower_of(model, "eth1").ref).after
    assert (upper_of(model, "eth2", 5).network, vif_of(model, "vm").network) == (home, home_of(model, "eth2"))
    assert [lower_of(model, device).management for device in ("eth0", "eth1", "eth2")] == [False, True, False]
    assert violations(model) == []


@pytest.fixture
async def pifctl(tmp_path: Path) -> AsyncIterator[Pifctl]:
    """Runs a command line against the API of a host with four NICs."""
    path = tmp_path / "xapi"

    async def run(line: str) -> Outcome:
        return await asyncio.to_thread(outcome_of, line.split(), {"PIFD_SOCKET": str(path)}, Screen())

    async with serve(path, dispatcher(agent_of(EngineInMemory()))):
        yield run


@design("pifctl", 1)
@design("pifctl", 2)
@design("pifctl", 3)
@design("pifctl", 4)
async def test_the_commands_do_and_refuse_what_their_calls_do(pifctl: Pifctl) -> None:
    for line in (
        "network-create name-label=bonded",
        "network-create name-label=five",
        "vlan-create pif-uuid=eth1 vlan=5 network-uuid=five",
        "bond-create network-uuid=bonded pif-uuids=eth1,eth2",
    ):
        assert ((await pifctl(line)).status, line) == (0, line)
    assert await tag_on(pifctl, "bond0") == "5"
    for line in ("pif-plug uuid=eth1", "host-management-reconfigure pif-uuid=eth1"):
        refusal = await pifctl(line)
        assert (refusal.status, refusal.error.splitlines()[-1]) == (1, "code: CANNOT_PLUG_BOND_SLAVE")
    assert await pifctl("bond-destroy uuid=bond0") == (0, "", "")
    assert await tag_on(pifctl, "eth1") == "5"
    assert await pifctl("pif-plug uuid=eth1") == (0, "", "")


async def tag_on(pifctl: Pifctl, device: str) -> str:
    """The tag of the VLAN on a NIC or a bond."""
    return (await pifctl(f"vlan-param-get uuid={device}.5 param-name=tag")).output.strip()
