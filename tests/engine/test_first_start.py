"""The first start on a host: what is taken over, and what is not touched."""

from dataclasses import replace

import pytest

from agent.desired.nics import facts_of
from agent.errors import CannotTakeOver
from agent.kernel.addressing import MULTIPATH, ONLINK
from agent.kernel.link import GROUP
from agent.kernel.state import Address, KernelState, Link, NextHop, Route
from agent.model.model import Model, management_of
from agent.model.records import PIF, AddressType, Host, IPConfiguration, IPMode, KeptAddress, Network, Pool
from agent.rules.first_start import first_start
from tests.worlds.hosts import host_over_ipv6
from tests.worlds.world import (
    ADDRESS,
    GATEWAY,
    facts,
    host,
    host_of,
    mac,
    nic,
    pif_of,
    static,
    taken_over,
)


def having(state: KernelState, *things: Address | Route | Link) -> KernelState:
    """The state with some more addresses, routes and links."""
    return replace(
        state,
        addresses=state.addresses | {thing for thing in things if isinstance(thing, Address)},
        routes=state.routes | {thing for thing in things if isinstance(thing, Route)},
        links={**state.links, **{thing.name: thing for thing in things if isinstance(thing, Link)}},
    )


def without_addresses(state: KernelState) -> KernelState:
    return replace(state, addresses=frozenset(), routes=frozenset())


def management(model: Model) -> str:
    pif = management_of(model, host_of(model).ref)
    return pif.device if pif else ""


def refusal(*things: Address | Route | Link) -> tuple[str, ...]:
    with pytest.raises(CannotTakeOver) as caught:
        taken_over(having(host(), *things))
    return caught.value.parameters


def test_there_is_a_host_and_a_pool_of_it() -> None:
    model = taken_over(host())
    assert [found.hostname for found in model.all(Host)] == ["host1"]
    assert [pool.master for pool in model.all(Pool)] == [host_of(model).ref]


def test_every_NIC_gets_a_PIF_and_a_network() -> None:
    model = taken_over(host())
    assert [(pif.device, pif.MAC) for pif in model.all(PIF)] == [
        ("eth0", mac(0)), ("eth1", mac(1)), ("eth8", mac(8)), ("eth9", mac(9)),
    ]  # fmt: skip
    assert [network.bridge for network in model.all(Network)] == ["xenbr0", "xenbr1", "xenbr8", "xenbr9"]


def test_a_bridge_takes_no_name_that_somebody_has() -> None:
    there = having(host(), nic(1, names=("xenbr0",)), Link(name="breth1", kind="dummy"))
    model = taken_over(having(there, Link(name="xenbr1", kind="bridge")))
    assert [network.bridge for network in model.all(Network)] == ["breth0", "xenbr1000", "xenbr8", "xenbr9"]


def test_patterns_say_which_devices_are_NICs() -> None:
    found = facts_of(having(host(), Link(name="veth0", kind="veth")), ("veth*", "docker*", "eth0"))
    assert [nic.device for nic in found.nics] == ["eth0", "veth0"]


def test_a_NIC_with_an_address_is_plugged_with_it() -> None:
    pif = pif_of(taken_over(host()), "eth0")
    wanted = static("192.0.2.10/24", GATEWAY, DNS="192.0.2.53")
    assert (pif.currently_attached, pif.ip_configuration) == (True, wanted)


def test_a_NIC_without_an_address_is_left_unplugged() -> None:
    pif = pif_of(taken_over(host()), "eth1")
    assert (pif.currently_attached, pif.ip_configuration) == (False, IPConfiguration())


def test_the_NIC_with_the_default_route_is_management() -> None:
    state = having(host(), Address("eth1", "198.51.100.2/24"))
    routed = replace(state, routes=frozenset({Route("eth1", "0.0.0.0/0", "198.51.100.1")}))
    assert (management(taken_over(state)), management(taken_over(routed))) == ("eth0", "eth1")


def test_an_IPv6_default_route_counts_if_there_is_no_IPv4_one() -> None:
    state = having(
        without_addresses(host()), Address("eth0", "192.0.2.10/24"), Address("eth1", "2001:db8::2/64")
    )
    assert management(taken_over(having(state, Route("eth1", "::/0", "2001:db8::1", 1024)))) == "eth1"


def test_else_the_first_NIC_with_an_address_is_management() -> None:
    state = having(without_addresses(host()), Address("eth1", "198.51.100.2/24"))
    assert management(taken_over(state)) == "eth1"


def test_a_host_without_addresses_has_no_management() -> None:
    assert management(taken_over(without_addresses(host()))) == ""


def test_only_management_gets_the_name_servers() -> None:
    model = taken_over(having(host(), Address("eth1", "198.51.100.2/24")))
    assert [pif_of(model, d).ip_configuration.DNS for d in ("eth0", "eth1")] == ["192.0.2.53", ""]


def test_routes_through_a_gateway_are_taken_over() -> None:
    model = taken_over(having(host(), Route("eth0", "10.0.0.0/8", "192.0.2.254")))
    assert pif_of(model, "eth0").other_config == {"static-routes": "10.0.0.0/8/192.0.2.254"}


def test_IPv6_is_taken_over() -> None:
    state = having(host(), Address("eth0", "2001:db8::2/64"), Route("eth0", "::/0", "2001:db8::1", 1024))
    ip = pif_of(taken_over(state), "eth0").ip_configuration
    assert (ip.ipv6_configuration_mode, ip.IPv6, ip.ipv6_gateway, ip.primary_address_type) == (
        IPMode.STATIC, ("2001:db8::2/64",), "2001:db8::1", AddressType.IPV4,
    )  # fmt: skip


def test_a_host_with_IPv6_alone_prefers_IPv6() -> None:
    state = having(without_addresses(host()), Address("eth0", "2001:db8::2/64"))
    ip = pif_of(taken_over(state), "eth0").ip_configuration
    assert (ip.primary_address_type, ip.ip_configuration_mode) == (AddressType.IPV6, IPMode.NONE)


def test_an_address_with_a_lifetime_is_kept_because_the_host_may_be_reached_by_it() -> None:
    state = having(without_addresses(host()), Address("eth0", "2001:db8::ff/64", leased=True))
    pif = pif_of(taken_over(state), "eth0")
    assert (pif.management, pif.ip_configuration.IPv6) == (True, ("2001:db8::ff/64",))
    assert facts(state).nics[0].leased == ("2001:db8::ff/64",)


def test_devices_of_pifds_without_their_store_are_refused() -> None:
    ours = Link(name="xenbr0", kind="bridge", MAC=mac(0), group=GROUP)
    assert refusal(ours) == (
        "xenbr0", "made by a pifd whose store is not here: put it back, or delete the device",
    )  # fmt: skip


def test_the_MTU_of_the_NIC_is_the_networks() -> None:
    model = taken_over(host(nic(0), nic(1, MTU=9000)))
    assert [network.MTU for network in model.all(Network)][:2] == [1500, 9000]


def test_a_NIC_that_somebody_elses_device_sits_on_is_unmanaged_and_not_plugged() -> None:
    state = having(host(), Link(name="vlan5", kind="vlan", lower="eth1"), Address("eth1", "198.51.100.2/24"))
    pif = pif_of(taken_over(state), "eth1")
    assert (pif.managed, pif.currently_attached) == (False, False)


def test_a_second_IPv4_address_is_kept_beside_the_first() -> None:
    ip = pif_of(taken_over(having(host(), Address("eth0", "192.0.2.11/24"))), "eth0").ip_configuration
    assert (ip.IP, ip.kept_addresses) == ("192.0.2.10", (KeptAddress("192.0.2.11/24"),))


def test_a_single_address_beside_one_with_a_subnet_is_a_fail_over_daemons_and_not_kept() -> None:
    state = having(host(), Address("eth0", "192.0.2.9/32"))
    assert pif_of(taken_over(state), "eth0").ip_configuration.kept_addresses == ()
    assert facts(state).nics[0].others == ("192.0.2.9/32",)


def test_an_address_without_a_subnet_may_be_the_hosts_own() -> None:
    ip = pif_of(taken_over(having(host(), Address("eth1", "198.51.100.2/32"))), "eth1").ip_configuration
    assert (ip.IP, ip.netmask) == ("198.51.100.2", "255.255.255.255")


def test_routes_of_which_one_was_appended_to_the_other_are_refused() -> None:
    pair = [
        Route("eth0", "10.0.0.0/8", gateway, rest="030000000100") for gateway in ("192.0.2.7", "192.0.2.8")
    ]
    assert refusal(*pair) == (
        "eth0",
        "a route to 10.0.0.0/8 via 192.0.2.7 beside another one, "
        "a route to 10.0.0.0/8 via 192.0.2.8 beside another one",
    )


def test_a_multipath_route_is_refused() -> None:
    assert refusal(Route("eth0", "10.0.0.0/8", MULTIPATH)) == ("eth0", "a route to 10.0.0.0/8 multipath")


def test_a_next_hop_object_is_refused_with_a_route_by_it_or_without() -> None:
    route = Route("eth0", "10.0.0.0/8", GATEWAY, next_hop=7)
    state = replace(having(host(), route), next_hops=frozenset([NextHop("eth0", 8), NextHop("docker0", 9)]))
    with pytest.raises(CannotTakeOver) as caught:
        taken_over(state)
    assert caught.value.parameters == (
        "eth0",
        "a route to 10.0.0.0/8 by the next hop object 7, which can't be moved, "
        "the next hop object 8, which can't be moved",
    )


KERNELS_ONLINK = f"{2:02x}{ONLINK:02x}" + "00" + "00" + "01" + "00"
"""What ifupdown2 gives its routes: made by the kernel, it says, and on the link."""
BIRDS = f"{12:02x}" + "00" + "00" + "00" + "01" + "00"


@pytest.mark.parametrize(
    "route",
    [
        Route("eth0", "10.0.0.0/8", rest=f"{3:02x}" + "00" + "00" + "fd" + "01" + "00"),
        Route("eth0", "10.0.0.0/8", GATEWAY, table=100),
        Route("eth0", "10.0.0.0/8", GATEWAY, 77),
        Route("eth0", "10.0.0.0/8", GATEWAY, source="192.0.2.10"),
        Route("eth0", "10.0.0.0/8", "203.0.113.1", rest=KERNELS_ONLINK),
        Route("eth0", "0.0.0.0/0", "192.0.2.2", 100),
    ],
)
def test_a_route_that_has_more_to_it_is_kept_whole(route: Route) -> None:
    assert kept(having(host(), route)) == [route]


def kept(state: KernelState, device: str = "eth0") -> list[Route]:
    return [
        Route(device, r.destination, r.gateway, r.metric, table=r.table, source=r.source, rest=r.rest)
        for r in pif_of(taken_over(state), device).ip_configuration.kept_routes
    ]


def test_a_routing_daemons_route_is_not_kept_because_it_is_the_daemons_to_make() -> None:
    assert kept(having(host(), Route("eth0", "10.0.0.0/8", GATEWAY, rest=BIRDS))) == []


def test_a_default_route_that_has_more_to_it_is_kept_beside_the_gateway() -> None:
    routed = Route("eth0", "0.0.0.0/0", GATEWAY, 100, rest=KERNELS_ONLINK)
    state = replace(host(), routes=frozenset({routed}))
    assert pif_of(taken_over(state), "eth0").ip_configuration.gateway == GATEWAY
    assert kept(state) == [routed]


def test_a_NIC_without_an_address_that_the_default_route_goes_over_is_management() -> None:
    routed = Route("eth1", "0.0.0.0/0", "203.0.113.1", rest=KERNELS_ONLINK)
    state = replace(without_addresses(host()), routes=frozenset({routed}))
    model = taken_over(having(state, Address("lo", "198.51.100.7/32")))
    assert (management(model), kept(having(state), "eth1")) == ("eth1", [routed])


def test_of_two_default_routes_the_one_with_the_lower_metric_is_managements() -> None:
    state = having(without_addresses(host()), Address("eth0", ADDRESS), Address("eth1", "198.51.100.2/24"))
    routes = {Route("eth0", "0.0.0.0/0", GATEWAY, 200), Route("eth1", "0.0.0.0/0", "198.51.100.1", 100)}
    assert management(taken_over(replace(state, routes=frozenset(routes)))) == "eth1"


def test_a_NIC_that_its_administrator_set_down_is_not_plugged() -> None:
    state = having(host(nic(0), nic(1, up=False)), Address("eth1", "198.51.100.2/24"))
    assert pif_of(taken_over(state), "eth1").currently_attached is False


def test_what_an_unmanaged_NIC_carries_is_nobodys_business() -> None:
    state = having(host(), Address("eth8", "198.51.100.2/32"))
    assert pif_of(first_start("host1", facts(state)).after, "eth8").managed is False


def test_on_a_host_with_IPv6_alone_all_NICs_prefer_it() -> None:
    model = taken_over(host_over_ipv6(nic(0), nic(1)))
    assert {pif.ip_configuration.primary_address_type for pif in model.all(PIF)} == {AddressType.IPV6}


def test_on_a_host_with_both_families_all_NICs_prefer_IPv4() -> None:
    model = taken_over(having(host(), Address("eth0", "2001:db8::10/64")))
    assert {pif.ip_configuration.primary_address_type for pif in model.all(PIF)} == {AddressType.IPV4}
