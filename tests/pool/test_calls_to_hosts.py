"""Calls in a pool: about another host's objects, and for all hosts."""

import asyncio
from typing import Any

import pytest

from agent.errors import (
    HostDoesNotAnswer,
    NetworkAlreadyConnected,
    OperationNotAllowed,
    PIFCannotBondCrossHost,
    PIFHasNoNetworkConfiguration,
    PIFIsManagementInterface,
)
from agent.model.model import management
from agent.model.records import PIF, VLAN
from agent.rules import reconfigure
from tests.pool.api import Api
from tests.pool.hosts import Hosts, Member, host_of, own_pif
from tests.worlds.world import network_of, pif_of


async def test_a_call_about_another_hosts_objects_is_carried_out_there(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    asking, doing = Api(master), Api(member)
    home = await asking.call("network.create", {"name_label": "bonded"})
    await member.until(lambda: home in member.model.records)
    nics = [own_pif(member, device) for device in ("eth0", "eth1")]
    with pytest.raises(PIFCannotBondCrossHost):
        await asking.call("Bond.create", home, [own_pif(master, "eth1"), nics[1]], "")
    made = await asking.call("Bond.create", home, nics, "")
    assert member.world.above("eth0")[0] == "bond0"
    await master.until(lambda: made in master.model.records)
    dry = await asking.call("DryRun.Bond.destroy", made)
    assert dry["steps"]
    with pytest.raises(PIFIsManagementInterface):
        await asking.call("PIF.unplug", own_pif(member, "bond0"))
    assert await asking.call("Bond.get_links_up", made) in ("0", 0)
    await doing.member.stop()
    with pytest.raises(HostDoesNotAnswer):
        await asking.call("Bond.destroy", made)


async def test_calls_for_all_hosts_are_carried_out_by_all_or_by_none(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    apis = [Api(master), Api(member)]
    home = await apis[0].call("network.create", {"name_label": "vlan7"})
    await member.until(lambda: home in member.model.records)
    uppers = await apis[0].call("pool.create_VLAN_from_PIF", own_pif(master, "eth1"), home, "7")
    assert len(uppers) == 2
    for one in (master, member):
        assert [vlan.tag for vlan in one.own.all(VLAN)] == [7]
    other = await apis[0].call("network.create", {"name_label": "more"})
    await member.until(lambda: other in member.model.records)
    await apis[1].call("PIF.create_VLAN", "eth1", other, member.pool.this.ref, "8")
    await master.until(lambda: len(master.model.all(VLAN)) == 3)
    with pytest.raises(NetworkAlreadyConnected):
        await apis[0].call("pool.create_VLAN_from_PIF", own_pif(master, "eth1"), other, "8")
    assert [vlan.tag for vlan in master.own.all(VLAN)] == [7]
    bonded = await apis[0].call("network.create", {"name_label": "bonded"})
    await member.until(lambda: bonded in member.model.records)
    report = await apis[0].call("pool.create_bond", bonded, ["eth0", "eth1"])
    assert [line["error"] for line in report] == [[], []]
    for one in (master, member):
        assert one.world.above("eth0")[0] == "bond0"


async def test_management_moves_on_all_hosts_or_on_none(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    api, _ = Api(master), Api(member)
    for one in (master, member):
        address = f"192.0.2.{110 + one.number}"
        await api.call("PIF.reconfigure_ip", own_pif(one, "eth1"), "Static", address, "255.255.255.0", "", "")
    net = network_of(master.model, "xenbr1").ref
    await api.call("pool.management_reconfigure", net)
    assert [management(one.model) == pif_of(one.own, "eth1") for one in (master, member)] == [True, True]
    net = network_of(master.model, "xenbr0").ref
    await api.call("PIF.reconfigure_ip", own_pif(master, "eth0"), "None", "", "", "", "")
    with pytest.raises(PIFHasNoNetworkConfiguration):
        await api.call("pool.management_reconfigure", net)
    assert [management(one.model) == pif_of(one.own, "eth1") for one in (master, member)] == [True, True]


async def test_a_call_for_all_hosts_is_foreseen_on_each_and_not_begun_where_one_is_not_heard_of(
    hosts: Hosts,
) -> None:
    members = master, member, third = await hosts.pool(3)
    api, doing = Api(master), [Api(member), Api(third)]
    home = await api.call("network.create", {"name_label": "vlan7"})
    for one in members:
        await one.until(lambda one=one: home in one.model.records)  # type: ignore[misc]
        await reconfigured(one)
    net = network_of(master.model, "xenbr1").ref
    await master.until(lambda: all(one.ip_configuration.IP for one in master.model.by(PIF, "device", "eth1")))
    foreseen = await api.call("DryRun.pool.create_VLAN_from_PIF", own_pif(master, "eth1"), home, "7")
    assert len(foreseen["result"]) == len([one for one in foreseen["added"] if one["class"] == "PIF"]) == 3
    foreseen = await api.call("DryRun.pool.management_reconfigure", net)
    assert foreseen["result"] == ""
    assert len([one for one in foreseen["changed"] if one["class"] == "PIF"]) == 6
    assert [one.own.all(VLAN) for one in members] == [(), (), ()]
    assert [management(one.model) for one in members] == [pif_of(one.own, "eth0") for one in members]
    asked, gone = list[str](), host_of(master, third).ref

    async def noted(method: str, arguments: Any, by: str) -> None:
        asked.append(method)

    doing[0].requests.carry_out = noted
    await third.stop()
    await master.until(lambda: not master.pool.liveness.is_live(gone))
    with pytest.raises(HostDoesNotAnswer):
        await api.call("pool.management_reconfigure", net)
    assert asked == []


async def test_a_task_for_all_hosts_that_is_cancelled_in_the_middle_is_undone_on_all(hosts: Hosts) -> None:
    members = master, member = await hosts.pool(2)
    api, doing = Api(master), Api(member)
    plain, begun, go_on = doing.requests.carry_out, asyncio.Event(), asyncio.Event()
    assert plain is not None

    async def later(method: str, arguments: Any, by: str) -> Any:
        begun.set()
        await go_on.wait()
        return await plain(method, arguments, by)

    doing.requests.carry_out = later
    net = network_of(master.model, "xenbr1").ref
    for one in members:
        await reconfigured(one)
    await master.until(lambda: all(one.ip_configuration.IP for one in master.model.by(PIF, "device", "eth1")))
    task = await api.call("Async.pool.management_reconfigure", net)
    await begun.wait()
    await api.call("task.cancel", task)
    go_on.set()
    assert await ended(api, task) == "cancelled"
    assert [management(one.model) for one in members] == [pif_of(one.own, "eth0") for one in members]


async def ended(api: Api, task: str) -> str:
    """What has become of a task."""
    while (status := str(await api.call("task.get_status", task))) in ("pending", "cancelling"):
        await asyncio.sleep(0.02)
    return status


async def reconfigured(member: Member) -> None:
    """eth1 has an address, too."""
    address, rule = f"192.0.2.{110 + member.number}", reconfigure.reconfigure_ip
    await member.world.do(rule, own_pif(member, "eth1"), "Static", address, "255.255.255.0", "", "")


async def test_a_vm_is_started_on_its_own_daemons_host(hosts: Hosts) -> None:
    master, member = await hosts.pool(2)
    api = Api(master)
    alpha = await api.call("VM.create", {"name_label": "alpha"})
    with pytest.raises(OperationNotAllowed):
        await api.call("VM.start_on", alpha, host_of(master, member).ref)
    await api.call("VM.start", alpha)
    assert await api.call("VM.get_resident_on", alpha) == master.pool.this.ref
