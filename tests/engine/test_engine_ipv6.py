"""Static IPv6 on the devices: addresses, the default route, name servers; and the NIC that is gone."""

import pytest

from agent.errors import PIFConfigurationError
from agent.kernel.resolv_conf_text import nameservers_of
from agent.model.records import PIF, IPConfiguration
from agent.rules import pif, reconfigure
from agent.rules.host import management_disable
from tests.worlds.world import World, pif_of, static6

GATEWAY6 = "2001:db8::1"
DEFAULT6 = "::/0"


async def give_eth1(world: World, *configuration: str) -> None:
    await world.do(reconfigure.reconfigure_ipv6, world.pif("eth1").ref, *configuration)


def global_addresses(world: World, link: str) -> list[str]:
    return [address for address in world.addresses(link) if not address.startswith("fe80:")]


def default6(world: World) -> list[tuple[str, str]]:
    return [(r.link, r.gateway) for r in world.kernel.state.routes if r.destination == DEFAULT6]


@pytest.mark.parametrize("gateway", [GATEWAY6, "fe80::1"])
async def test_a_static_address_and_its_gateway_come_and_go(world: World, gateway: str) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before = world.everything()
    await give_eth1(world, "Static", "2001:DB8::2/64", gateway, "")
    assert global_addresses(world, "xenbr1") == ["2001:db8::2/64"]
    assert default6(world) == [("xenbr1", gateway)]
    assert pif_of(world.stored(), "eth1").ip_configuration == static6("2001:db8::2/64", gateway)
    await give_eth1(world, "Static", "2001:db8:1::2/48", "", "")
    assert (global_addresses(world, "xenbr1"), default6(world)) == (["2001:db8:1::2/48"], [])
    await give_eth1(world, "None", "", "", "")
    assert world.everything() == before


async def test_an_unplugged_PIF_has_its_addresses_when_it_is_plugged(world: World) -> None:
    before = world.kernel.state
    await give_eth1(world, "Static", "2001:db8::2/64", GATEWAY6, "")
    assert world.kernel.state == before
    await world.do(pif.plug, world.pif("eth1").ref)
    assert (global_addresses(world, "xenbr1"), default6(world)) == (
        ["2001:db8::2/64"],
        [("xenbr1", GATEWAY6)],
    )


async def test_IPv6_moves_to_the_bond_and_back(world: World) -> None:
    await give_eth1(world, "Static", "2001:db8::2/64", "fe80::1", "")
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.create_bond("eth1")
    assert (global_addresses(world, "xapi0"), default6(world)) == (["2001:db8::2/64"], [("xapi0", "fe80::1")])
    assert pif_of(world.model, "eth1").ip_configuration == IPConfiguration()


async def test_IPv6_name_servers_of_management_are_written_after_the_IPv4_ones(world: World) -> None:
    own = world.pif("eth0")
    await world.do(reconfigure.reconfigure_ipv6, own.ref, "Static", "2001:db8::2/64", "", "2001:db8::53")
    assert nameservers_of(world.kernel.state.resolver or "") == ("192.0.2.53", "2001:db8::53")


async def test_an_address_that_the_kernel_refuses_changes_nothing(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before = world.everything()
    for place in range(3):
        world.kernel.expect(refuse=[place])
        with pytest.raises(PIFConfigurationError):
            await give_eth1(world, "Static", "2001:db8::2/64", GATEWAY6, "")
        world.kernel.expect()
        assert world.everything() == before


async def test_management_is_disabled_and_no_device_is_touched(world: World) -> None:
    kernel, writes = world.kernel.state, world.kernel.writes
    await world.do(management_disable)
    assert (world.kernel.state, world.kernel.writes) == (kernel, writes)
    assert [one.device for one in world.stored().all(PIF) if one.management] == []
    await world.restart()
    assert (world.kernel.state, world.pif("eth0").management) == (kernel, False)


async def test_the_PIF_of_a_NIC_that_is_gone_can_be_forgotten(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    world.lose("eth1")
    await world.do(pif.forget, world.pif("eth1").ref)
    assert "xenbr1" not in world.kernel.state.links
    assert [one.device for one in world.stored().all(PIF) if one.managed] == ["eth0"]
