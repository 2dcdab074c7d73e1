"""The engine on a host where things go wrong: a change is undone, a start does what it can."""

from dataclasses import replace

import pytest

from agent.engine import reconciler
from agent.engine.decisions import Decide
from agent.errors import Failure, PIFConfigurationError, StoreUnavailable, VLANInUse
from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.link import GROUP
from agent.kernel.state import Link, Route
from agent.kernel.steps import CreateLink, DeleteLinks, SetMaster
from agent.model.draft import Plan
from agent.model.model import Model
from agent.rules import bond, pif, reconfigure, vlan
from agent.store.sqlite import StoreError
from tests.worlds.world import ADDRESS, GATEWAY, World, decision, mac, network_of, nic, pif_of, with_pif


async def refused(world: World, *devices: str) -> Failure:
    """What creating a bond is refused with; nothing has changed then."""
    await world.new_network()
    before = world.everything()
    with pytest.raises(Failure) as caught:
        await world.do(
            bond.create, network_of(world.model, "xapi0").ref, [world.pif(d).ref for d in devices], ""
        )
    assert world.everything() == before
    return caught.value


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reconciler tries again at once."""
    monkeypatch.setattr(reconciler, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(reconciler, "RETRY_LAST", 0.001)


async def test_a_commit_that_fails_is_undone(world: World) -> None:
    assert world.store is not None
    await world.new_network()
    before = world.everything()
    world.store.expect(broken={0: StoreError("pifd.sqlite: database or disk is full")})
    with pytest.raises(PIFConfigurationError) as caught:
        await world.do(pif.plug, world.pif("eth1").ref)
    assert caught.value.parameters == (world.pif("eth1").ref, "pifd.sqlite: database or disk is full")
    assert world.everything() == before


async def test_a_change_that_no_device_shows_and_that_can_not_be_written_down_names_the_store(
    world: World,
) -> None:
    assert world.store is not None
    await world.do(pif.plug, world.pif("eth1").ref)
    world.store.expect(broken={0: StoreError("disk full")})
    with pytest.raises(StoreUnavailable) as caught:
        await world.do(pif.set_disallow_unplug, world.pif("eth0").ref, True)
    assert caught.value.parameters == ("disk full",)


async def test_a_VLAN_that_somebody_else_has_made_is_left_to_them(world: World) -> None:
    theirs = Link(name="stolen", kind="vlan", MAC=mac(1), lower="eth1", options=VLANOptions(5))
    await world.do(pif.plug, world.pif("eth1").ref)
    world.kernel.behind_our_back(CreateLink(theirs))
    network = await world.new_network()
    before = world.everything()
    with pytest.raises(VLANInUse) as caught:
        await world.do(vlan.create, world.pif("eth1").ref, 5, network)
    assert (caught.value.parameters, world.everything()) == (("eth1", "5"), before)
    await world.do(vlan.create, world.pif("eth1").ref, 6, network)
    assert world.kernel.state.links["stolen"] == theirs


async def test_a_change_after_which_no_neighbour_answers_is_undone_with_the_reason(world: World) -> None:
    world.kernel.silent = frozenset({"xapi0"})
    failure = await refused(world, "eth0", "eth1")
    words = "the host is no longer reachable: over xapi0 none of 192.0.2.1, 192.0.2.7 answers"
    assert failure.parameters == (world.pif("eth0").ref, words)


async def test_a_host_whose_neighbours_were_silent_before_is_not_held_up(world: World) -> None:
    world.kernel.neighbours = frozenset()
    await world.create_bond("eth0", "eth1")
    assert world.addresses("xapi0")[0] == ADDRESS


async def test_management_on_a_NIC_without_a_cable_is_undone(world: World) -> None:
    given = ("Static", "192.0.2.11", "255.255.255.0", "", "")
    await world.do(reconfigure.reconfigure_ip, world.pif("eth1").ref, *given)
    await world.new_network()
    before = world.everything()
    world.kernel.cables = frozenset({"eth0"})

    def move(model: Model, facts: object) -> Plan:
        after = with_pif(with_pif(model, "eth0", management=False), "eth1", management=True)
        return Plan(model, with_pif(after, "eth1", currently_attached=True))

    with pytest.raises(PIFConfigurationError) as caught:
        await world.engine.change(move)
    assert "the host is no longer reachable: over xenbr1" in caught.value.parameters[1]
    assert world.everything() == before


async def test_a_NIC_that_is_gone_is_a_clear_error(world: World) -> None:
    world.lose("eth1")
    failure = await refused(world, "eth0", "eth1")
    assert (failure.code, failure.parameters) == (
        "PIF_CONFIGURATION_ERROR",
        (world.pif("eth1").ref, "eth1 is not there"),
    )


async def test_a_NIC_that_has_been_gone_for_long_does_not_hold_up_other_calls(world: World) -> None:
    await world.create_bond("eth1")
    await world.do(pif.plug, world.pif("bond0").ref)
    world.lose("eth1")
    await world.do(pif.set_disallow_unplug, world.pif("eth0").ref, True)
    assert world.pif("eth0").disallow_unplug is True


async def test_a_bond_takes_the_smallest_number_that_no_device_of_the_host_has(world: World) -> None:
    theirs = Link(name="bond0", kind="bond", MAC="02:00:00:00:00:77", options=BondOptions())
    also = Link(name="team0", kind="team", MAC="02:00:00:00:00:78", names=("bond1",))
    world.kernel.insert(theirs)
    world.kernel.insert(also)
    await world.create_bond("eth0", "eth1")
    assert world.above("eth0") == ["bond2", "xapi0"]
    assert (world.kernel.state.links["bond0"], world.kernel.state.links["team0"]) == (theirs, also)


async def test_a_name_that_somebody_elses_device_has_is_a_clear_error(world: World) -> None:
    world.kernel.insert(Link(name="team0", kind="team", names=("xenbr1",)))
    with pytest.raises(Failure) as caught:
        await world.do(pif.plug, world.pif("eth1").ref)
    assert caught.value.parameters[1].endswith("team0 has the name xenbr1 as well")


async def test_a_port_of_somebody_elses_in_a_bridge_that_would_go_is_a_clear_error(world: World) -> None:
    world.kernel.behind_our_back(CreateLink(Link(name="tap0", kind="tun", master="xenbr0")))
    failure = await refused(world, "eth0", "eth1")
    assert failure.parameters[1].endswith("tap0, which is not pifd's, depends on xenbr0")


async def test_a_port_of_somebody_elses_in_a_bridge_that_stays_is_no_obstacle(world: World) -> None:
    world.kernel.behind_our_back(CreateLink(Link(name="tap0", kind="tun", master="xenbr0")))
    await world.do(pif.plug, world.pif("eth1").ref)
    assert world.above("tap0") == ["xenbr0"]


async def test_a_NIC_that_somebody_else_has_taken_is_a_clear_error(world: World) -> None:
    world.kernel.behind_our_back(SetMaster("eth1", "docker0"))
    failure = await refused(world, "eth0", "eth1")
    assert failure.parameters[1].endswith("eth1 is a port of docker0, which is not pifd's")


async def test_a_dry_run_refuses_what_the_change_would(world: World) -> None:
    world.lose("eth1")
    with pytest.raises(PIFConfigurationError) as caught:
        await world.engine.dry_run(decision(pif.plug, world.pif("eth1").ref))
    assert caught.value.parameters == (world.pif("eth1").ref, "eth1 is not there")


async def test_a_start_brings_up_what_it_can_and_the_rest_later(world: World, impatient: None) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before = world.everything()
    await world.stop()
    state = world.kernel.state
    theirs = replace(state.links["xenbr1"], group=0, alias="")
    bare = {name: link for name, link in state.links.items() if name != "xenbr0"} | {"xenbr1": theirs}
    world.kernel.state = replace(state, links=bare | {"eth0": nic(0), "eth1": nic(1)})
    await world.start()
    assert (world.addresses("xenbr0")[0], world.engine.in_model_state.is_set()) == (ADDRESS, False)
    world.kernel.behind_our_back(DeleteLinks(("xenbr1",)))
    await world.engine.in_model_state.wait()
    assert world.everything() == before


async def test_a_PIF_that_cannot_be_had_holds_up_no_call_that_leaves_it_alone(world: World) -> None:
    await with_broken_eth1(world)
    await world.engine.change(with_dns("192.0.2.54"))
    assert "nameserver 192.0.2.54\n" in (world.kernel.state.resolver or "")
    assert world.engine.in_model_state.is_set() is False
    with pytest.raises(PIFConfigurationError) as caught:
        await world.do(pif.set_disallow_unplug, world.pif("eth1").ref, True)
    assert caught.value.parameters[1].endswith("xenbr1 exists already and is not pifd's")


async def test_unplugging_the_PIF_that_cannot_be_had_has_the_host_in_the_models_state(world: World) -> None:
    await with_broken_eth1(world)
    await world.do(pif.unplug, world.pif("eth1").ref)
    assert (world.engine.in_model_state.is_set(), world.pif("eth1").currently_attached) == (True, False)


async def with_broken_eth1(world: World) -> None:
    """A restart after somebody else has taken the name of eth1's bridge."""
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.stop()
    state = world.kernel.state
    theirs = replace(state.links["xenbr1"], group=0, alias="")
    world.kernel.state = replace(state, links={**state.links, "xenbr1": theirs, "eth1": nic(1)})
    await world.start()


async def test_a_start_that_fails_for_no_PIF_in_particular_is_not_in_the_models_state(world: World) -> None:
    """A bridge of an older model's can't go: somebody else's device is in it."""
    await world.stop()
    old = Link(name="xapi9", kind="bridge", MAC=mac(9), up=True, group=GROUP, options=BridgeOptions())
    theirs = Link(name="vnet0", kind="tun", up=True, master="xapi9")
    world.kernel.state = replace(
        world.kernel.state, links={**world.kernel.state.links, "xapi9": old, "vnet0": theirs}
    )
    await world.start()
    assert world.engine.in_model_state.is_set() is False


async def test_a_resolver_that_has_become_somebody_elses_holds_nothing_else_up(world: World) -> None:
    await world.engine.change(with_dns("192.0.2.54"))
    await world.stop()
    world.kernel.state = replace(world.kernel.state, resolver=None)
    await world.start()
    await world.do(pif.plug, world.pif("eth1").ref)
    assert (world.engine.in_model_state.is_set(), world.pif("eth1").currently_attached) == (True, True)


async def test_name_servers_are_refused_where_somebody_else_writes_them(world: World) -> None:
    world.kernel.state = replace(world.kernel.state, resolver=None)
    before = world.everything()
    with pytest.raises(PIFConfigurationError) as caught:
        await world.engine.change(with_dns("192.0.2.54"))
    assert caught.value.parameters[1].endswith("resolv.conf is a symbolic link: another program writes it")
    assert world.everything() == before


async def test_a_route_that_somebody_else_has_is_not_replaced(world: World) -> None:
    theirs = Route("docker0", "198.51.100.0/24", "172.17.0.9")
    world.kernel.state = replace(world.kernel.state, routes=world.kernel.state.routes | {theirs})
    before = world.everything()

    def with_static_route(model: Model, facts: object) -> Plan:
        routes = {"static-routes": f"198.51.100.0/24/{GATEWAY}"}
        return Plan(model, with_pif(model, "eth0", other_config=routes))

    with pytest.raises(PIFConfigurationError) as caught:
        await world.engine.change(with_static_route)
    reason = "there is a route to 198.51.100.0/24 already, and it is not this one"
    assert caught.value.parameters == (world.pif("eth0").ref, reason)
    assert world.everything() == before


async def test_at_a_start_somebody_elses_route_wins(world: World) -> None:
    await world.stop()
    ours = {route for route in world.kernel.state.routes if route.link == "xenbr0"}
    theirs = Route("docker0", "0.0.0.0/0", "172.17.0.9")
    world.kernel.state = replace(world.kernel.state, routes=world.kernel.state.routes - ours | {theirs})
    await world.start()
    assert (theirs in world.kernel.state.routes, world.engine.in_model_state.is_set()) == (True, True)


def with_dns(servers: str) -> Decide:
    """Name servers for eth0."""

    def decide(model: Model, facts: object) -> Plan:
        ip = replace(pif_of(model, "eth0").ip_configuration, DNS=servers)
        return Plan(model, with_pif(model, "eth0", ip_configuration=ip))

    return decide


async def test_a_VIF_that_somebody_has_taken_holds_up_no_other_call(world: World) -> None:
    await world.run_vm("web", network_of(world.model, "xenbr1").ref)
    world.kernel.behind_our_back(SetMaster("vif1.0", "docker0"))
    network = await world.new_network()
    assert network in world.model.records
    assert list(world.engine.failures.values()) == [
        "put vif1.0 into xenbr1: vif1.0 is a port of docker0, which is not pifd's"
    ]


async def test_many_VLANs_share_one_wait_for_the_carrier_below(world: World) -> None:
    for tag in (5, 6, 7):
        await world.do(vlan.create, world.pif("eth1").ref, tag, await world.new_network())
    world.kernel.sent.clear()
    await world.create_bond("eth0", "eth1")
    assert [step for step in world.kernel.sent if step.startswith("wait for")] == [
        "wait for the carrier of xapi3"
    ]
