"""The topology: networks, their bridges, and in them bonds, NICs, VLANs, tunnels and VIFs."""

from collections.abc import Iterator
from typing import Any

import pytest

from agent.api.views.topology import topology
from agent.kernel.steps import SetMaster
from agent.model.model import pifs_on
from agent.model.records import Network, Ref, Tunnel
from agent.model.tunnels import REMOTE_IPS
from agent.rules import pif, setters, tunnel, vlan, vm
from tests.worlds.world import World, mac, network_of

Node = dict[str, Any]


async def tree(world: World, bridge: str) -> Node:
    """The tree of the network that has this bridge."""
    trees: list[Node] = topology(world.model, await world.engine.kernel_state(), world.engine.failures)[
        "trees"
    ]
    uuid = network_of(world.model, bridge).uuid
    return next(node for node in trees if node["uuid"] == uuid)


def outline(node: Node) -> Any:
    """Kind, name and state of a node and of those below it."""
    own = f"{node['kind']} {node['name']} {node['state']}"
    return [own, *(outline(child) for child in node["children"])] if node["children"] else own


def find(node: Node, kind: str) -> Node:
    """The first node of a kind."""
    return next(found for found in nodes(node) if found["kind"] == kind)


def nodes(node: Node) -> Iterator[Node]:
    """A node and those below it."""
    yield node
    for child in node["children"]:
        yield from nodes(child)


async def add_tunnel(world: World, protocol: str, *remotes: str) -> Ref[Network]:
    home = await world.new_network()
    made = Ref[Tunnel](await world.do(tunnel.create, world.pif("eth0").ref, home, protocol))
    await world.do(setters.add_to, Tunnel, "other_config", made, REMOTE_IPS, ",".join(remotes))
    return home


async def test_a_network_has_its_bridge_with_the_NIC_and_what_the_kernel_says(world: World) -> None:
    found = await tree(world, "xenbr0")
    assert outline(found) == [
        "network Pool-wide network associated with eth0 up",
        ["bridge xenbr0 up", "NIC eth0 up"],
    ]
    bridge = found["children"][0]
    assert (found["notes"], bridge["addresses"][0]) == (["management"], "192.0.2.10/24")
    assert (bridge["MAC"], bridge["MTU"], bridge["notes"]) == (
        mac(0), 1500, ["default route via 192.0.2.1"],
    )  # fmt: skip


async def test_a_bond_has_its_slaves(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    found = await tree(world, "xapi0")
    assert outline(found["children"][0]) == [
        "bridge xapi0 up",
        ["bond bond0 up", "NIC eth0 up", "NIC eth1 up"],
    ]
    slaves = [node["notes"] for node in nodes(found) if node["kind"] == "NIC"]
    assert slaves == [["primary slave of bond0"], ["slave of bond0", "active slave"]]
    assert find(found, "bond")["notes"] == ["mode balance-slb"]


async def test_a_VLAN_is_in_its_bridge_and_says_where_it_comes_from(world: World) -> None:
    home = await world.new_network()
    await world.do(vlan.create, world.pif("eth0").ref, 5, home)
    found = await tree(world, "xapi0")
    assert outline(found["children"][0]) == ["bridge xapi0 up", "VLAN eth0.5 up"]
    assert find(found, "VLAN")["notes"] == ["tag 5 on eth0"]


async def test_a_VLAN_that_is_not_plugged_has_no_bridge(world: World) -> None:
    home = await world.new_network()
    await world.do(vlan.create, world.pif("eth0").ref, 5, home)
    upper = pifs_on(world.model, Ref(home))[0]
    await world.do(pif.unplug, upper.ref)
    assert outline(await tree(world, "xapi0")) == ["network xapi0 unplugged", "VLAN eth0.5 unplugged"]


async def test_a_GRE_tunnel_has_a_port_for_each_other_end(world: World) -> None:
    await add_tunnel(world, "gre", "192.0.2.7", "192.0.2.8")
    found = await tree(world, "xapi0")
    assert outline(found["children"][0]) == [
        "bridge xapi0 up",
        ["tunnel tunnel0 up", "port t0-c0000207 up", "port t0-c0000208 up"],
    ]
    assert find(found, "tunnel")["notes"] == ["gre key 1", "192.0.2.10 to 192.0.2.7, 192.0.2.8"]


async def test_a_VXLAN_is_one_device(world: World) -> None:
    await add_tunnel(world, "vxlan", "192.0.2.7")
    found = await tree(world, "xapi0")
    assert outline(found["children"][0]) == ["bridge xapi0 up", "tunnel tunnel0 up"]
    assert find(found, "tunnel")["notes"] == ["vxlan key 1", "192.0.2.10 to 192.0.2.7"]


async def test_a_VIF_goes_by_its_device_while_it_has_one(world: World) -> None:
    plugged = await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    found = find(await tree(world, "xenbr0"), "VIF")
    assert (found["name"], found["state"], found["notes"]) == ("vif1.0", "up", ["VM alpha"])
    await world.do(vm.hard_shutdown, world.model.get(plugged).VM)
    found = find(await tree(world, "xenbr0"), "VIF")
    assert (found["name"], found["state"]) == ("alpha/0", "unplugged")


async def test_an_internal_network_has_a_bridge_while_a_VIF_is_plugged(world: World) -> None:
    plugged = await world.run_vm("alpha", await world.new_network())
    found = await tree(world, "xapi0")
    assert outline(found) == ["network xapi0 up", ["bridge xapi0 up", "VIF vif1.0 up"]]
    await world.do(vm.hard_shutdown, world.model.get(plugged).VM)
    assert outline(await tree(world, "xapi0")) == ["network xapi0 unplugged", "VIF alpha/0 unplugged"]


async def test_somebody_elses_port_is_shown_as_such(world: World) -> None:
    world.make_vif("tap9")
    world.kernel.behind_our_back(SetMaster("tap9", "xenbr0"))
    assert outline((await tree(world, "xenbr0"))["children"][0]) == [
        "bridge xenbr0 up", "NIC eth0 up", "port tap9 down",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["NIC", "VIF"])
async def test_what_could_not_be_had_says_why(world: World, kind: str) -> None:
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    world.kernel.behind_our_back(SetMaster("vif1.0" if kind == "VIF" else "eth0", "docker0"))
    await world.restart()
    device = "vif1.0" if kind == "VIF" else "eth0"
    notes = find(await tree(world, "xenbr0"), kind)["notes"]
    why = next(note for note in notes if note.startswith("not up: "))
    assert why.endswith(f"{device} is a port of docker0, which is not pifd's")
