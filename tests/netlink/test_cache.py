"""The kernel cache on scripted sockets: told while it reads, lost, cut off, again, out of order."""

import errno

import pytest
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from agent.kernel.addressing import MULTIPATH
from agent.kernel.state import Address, KernelState, NextHop, Route
from agent.netlink.messages.rest import route_message
from agent.netlink.picture.cache import KernelCache
from agent.netlink.picture.device import News
from agent.netlink.picture.dumps import ATTEMPTS
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import NetlinkError, Wire
from tests.netlink.script import (
    RTM_DELADDR,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETNEIGH,
    RTM_GETNEXTHOP,
    RTM_GETROUTE,
    RTM_NEWROUTE,
    Datagram,
    Reply,
    Script,
    World,
    address,
    broken_off,
    cut_off,
    error,
    flood,
    gone,
    interrupted,
    link,
    lost,
    next_hop,
    route,
)

LO, ETH0, ETH1 = link(1, "lo"), link(2, "eth0"), link(3, "eth1")
DOWN = 0
PORT_OF_BR0 = ("IFLA_MASTER", 9)
VLAN = (
    "IFLA_LINKINFO",
    {"attrs": [("IFLA_INFO_KIND", "vlan"), ("IFLA_INFO_DATA", {"attrs": [("IFLA_VLAN_ID", 5)]})]},
)
VXLAN = (
    "IFLA_LINKINFO",
    {"attrs": [("IFLA_INFO_KIND", "vxlan"), ("IFLA_INFO_DATA", {"attrs": [("IFLA_VXLAN_ID", 7)]})]},
)
LOST = OSError(errno.ENOBUFS, "No buffer space available")
REPLACE = 0x100


class Scene:
    """A cache with a world behind it, and the socket on which it is told of changes."""

    def __init__(self, *links: bytes) -> None:
        self.world = World(links)
        self.entry = Script()
        self.cache = KernelCache(
            Wire(channel=Script(self.world), deadline=0.05), Monitor(channel=self.entry), lambda _: None
        )

    def tell(self, *events: bytes | Reply) -> None:
        self.entry.queue.extend(Datagram(e) if isinstance(e, bytes) else e for e in events)

    def read(self) -> KernelState:
        return self.cache.read()[0]

    def names(self) -> set[str]:
        return set(self.read().links)

    def dumps_again(self) -> list[int]:
        """The dumps of another read."""
        self.world.dumps.clear()
        self.read()
        return self.world.dumps


@pytest.fixture
def scene() -> Scene:
    scene = Scene(LO, ETH0, ETH1)
    scene.read()
    scene.cache.news()
    scene.world.dumps.clear()
    return scene


def test_it_is_read_once_and_then_kept_true_by_what_is_told(scene: Scene) -> None:
    scene.tell(link(4, "eth2"), gone(3, "eth1"), address(2, "192.0.2.10/24"), route(2, "198.51.100.0/24"))
    state = scene.read()
    assert set(state.links) == {"lo", "eth0", "eth2"}
    assert state.addresses == {Address("eth0", "192.0.2.10/24")}
    assert state.routes == {Route("eth0", "198.51.100.0/24")}
    assert scene.world.dumps == []


def test_if_nothing_changes_the_state_is_the_same_object(scene: Scene) -> None:
    scene.tell(address(2, "192.0.2.10/24"))
    first = scene.read()
    scene.tell(ETH0, ETH0, address(2, "192.0.2.10/24"))
    assert scene.read() is first


def test_what_does_not_change_is_the_same_object(scene: Scene) -> None:
    first = scene.read()
    scene.tell(link(3, "eth1", ("IFLA_IFALIAS", "new")))
    second = scene.read()
    assert second.links["eth1"] != first.links["eth1"]
    assert second.links["eth0"] is first.links["eth0"]
    assert second.addresses is first.addresses


def test_an_event_beats_the_dump_that_it_comes_into() -> None:
    scene = Scene(LO, ETH0, ETH1)
    scene.world.during = lambda: scene.tell(
        link(2, "eth0", ("IFLA_IFALIAS", "new")),
        gone(3, "eth1"),
        link(4, "eth2"),
        gone(4, "eth2"),
        link(5, "eth3"),
    )
    state = scene.read()
    assert set(state.links) == {"lo", "eth0", "eth3"}
    assert state.links["eth0"].alias == "new"


@pytest.mark.parametrize(
    "event",
    [LOST, error(0, errno.EINVAL), Datagram(ETH0[:50], is_cut=True), Datagram(b"\x03\0\0\0" + bytes(20))],
)
def test_when_something_that_was_told_is_lost_all_is_read_again(scene: Scene, event: bytes | Reply) -> None:
    scene.world.tables[RTM_GETLINK] = [LO, ETH1, link(7, "eth7")]
    scene.tell(event)
    assert scene.names() == {"lo", "eth1", "eth7"}
    assert scene.dumps_again() == []


def test_while_more_is_lost_each_time_it_ends_all_the_same(scene: Scene) -> None:
    scene.tell(LOST)
    scene.world.tables[RTM_GETLINK] = [LO]
    calls = 0

    def again() -> None:
        nonlocal calls
        calls += 1
        scene.tell(LOST)
        scene.world.during = again

    scene.world.during = again
    assert scene.names() == {"lo"}
    assert calls == ATTEMPTS


def test_whoever_is_not_the_kernel_tells_nothing(scene: Scene) -> None:
    scene.tell(Datagram(gone(2, "eth0"), port=4711))
    assert "eth0" in scene.names()


def test_an_interrupted_dump_is_asked_for_again(scene: Scene) -> None:
    scene.tell(LOST)
    scene.world.faults.append(interrupted)
    assert scene.names() == {"lo", "eth0", "eth1"}
    assert scene.world.dumps.count(RTM_GETLINK) == 2


def test_dumps_that_are_always_interrupted_count_together(scene: Scene) -> None:
    scene.tell(LOST)
    scene.world.faults.extend([interrupted] * ATTEMPTS)
    assert scene.names() == {"eth0", "eth1"}
    assert scene.world.dumps.count(RTM_GETLINK) == ATTEMPTS


@pytest.mark.parametrize("fault", [broken_off, cut_off, lost])
def test_a_dump_that_is_not_brought_to_its_end_is_asked_for_again(scene: Scene, fault: object) -> None:
    scene.tell(LOST)
    scene.world.faults.append(fault)  # type: ignore[arg-type]
    assert scene.names() == {"lo", "eth0", "eth1"}


def test_if_none_is_brought_to_its_end_nothing_counts_as_gone(scene: Scene) -> None:
    scene.tell(LOST)
    scene.world.faults.extend([broken_off] * ATTEMPTS)
    with pytest.raises(NetlinkError, match="Cannot allocate memory"):
        scene.read()
    assert "eth1" in scene.cache
    assert scene.names() == {"lo", "eth0", "eth1"}


def test_an_address_and_a_route_of_what_is_not_known_yet_are_there_when_it_is(scene: Scene) -> None:
    scene.tell(address(4, "192.0.2.10/24"), route(4, "198.51.100.0/24"))
    state = scene.read()
    assert (state.addresses, state.routes) == (frozenset(), frozenset())
    scene.tell(link(4, "eth2"))
    state = scene.read()
    assert state.addresses == {Address("eth2", "192.0.2.10/24")}
    assert state.routes == {Route("eth2", "198.51.100.0/24")}


def test_what_was_on_a_link_goes_with_it_even_if_that_is_not_told(scene: Scene) -> None:
    scene.tell(address(2, "192.0.2.10/24"), route(2, "198.51.100.0/24"))
    scene.read()
    scene.tell(gone(2, "eth0"))
    state = scene.read()
    assert (state.addresses, state.routes) == (frozenset(), frozenset())


def test_ipv4_routes_go_without_a_word_when_a_link_goes_down_and_none_is_read_for_it(scene: Scene) -> None:
    scene.tell(route(2, "198.51.100.0/24"), route(3, "203.0.113.0/24"))
    scene.read()
    scene.tell(link(2, "eth0", flags=DOWN), ETH0)
    assert scene.read().routes == {Route("eth1", "203.0.113.0/24")}
    assert scene.world.dumps == []


def test_and_with_the_last_address(scene: Scene) -> None:
    scene.tell(
        address(2, "192.0.2.10/24"), address(2, "192.0.2.11/24"), address(2, "2001:db8::1/64"),
        route(2, "198.51.100.0/24"),
    )  # fmt: skip
    scene.tell(address(2, "192.0.2.10/24", RTM_DELADDR))
    assert scene.read().routes == {Route("eth0", "198.51.100.0/24")}
    scene.tell(address(2, "192.0.2.11/24", RTM_DELADDR))
    assert scene.read().routes == frozenset()


def test_those_that_prefer_an_address_that_goes_are_read_again(scene: Scene) -> None:
    scene.tell(
        address(2, "192.0.2.10/24"), address(2, "192.0.2.11/24"),
        route(2, "198.51.100.0/24", ("RTA_PREFSRC", "192.0.2.10")),
    )  # fmt: skip
    assert scene.read().routes == {Route("eth0", "198.51.100.0/24", source="192.0.2.10")}
    scene.tell(address(2, "192.0.2.10/24", RTM_DELADDR))
    assert scene.read().routes == frozenset()
    assert scene.world.dumps == [RTM_GETROUTE]


def test_a_replaced_route_stands_in_place_of_the_old_one(scene: Scene) -> None:
    scene.tell(route(2, "198.51.100.0/24", ("RTA_GATEWAY", "192.0.2.1")))
    scene.tell(route(3, "198.51.100.0/24", flags=REPLACE))
    assert scene.read().routes == {Route("eth1", "198.51.100.0/24")}
    scene.tell(route(3, "198.51.100.0/24", kind=RTM_DELROUTE))
    assert scene.read().routes == frozenset()
    assert scene.world.dumps == []


def test_routes_with_several_ways_are_read_again(scene: Scene) -> None:
    hops = {"RTA_MULTIPATH": [{"oif": 2}, {"oif": 3}]}
    several = route(0, "198.51.100.0/24", *hops.items())
    scene.world.tables[RTM_GETROUTE] = [several]
    scene.tell(several)
    ways = {(one.link, one.gateway) for one in scene.read().routes}
    assert ways == {("eth0", MULTIPATH), ("eth1", MULTIPATH)}
    assert scene.world.dumps == [RTM_GETROUTE]


def test_each_way_of_a_route_of_IPv6_has_its_own_weight_and_only_the_first_is_known_to_be_pifds(
    scene: Scene,
) -> None:
    hops = [
        {"oif": 2, "hops": weight, "attrs": [("RTA_GATEWAY", gateway)]}
        for weight, gateway in ((0, "fe80::1"), (2, "fe80::2"))
    ]
    several = route(0, "2001:db8::/32", ("RTA_MULTIPATH", hops))
    scene.world.tables[RTM_GETROUTE] = [several]
    scene.tell(several)
    first, second = sorted(scene.read().routes)
    assert (first.gateway, first.marked, first.rest) == ("fe80::1", True, "")
    assert (second.gateway, second.marked) == ("fe80::2", False)
    written = rtmsg(route_message(RTM_NEWROUTE, 0, second, 7))
    written.decode()
    (hop,) = written.get_attr("RTA_MULTIPATH")
    told = (hop["oif"], hop["hops"], hop.get_attr("RTA_GATEWAY"), written.get_attr("RTA_OIF"))
    assert told == (7, 2, "fe80::2", None)


def test_two_devices_that_exchange_their_names_are_told_apart(scene: Scene) -> None:
    first = scene.cache.read()[1]
    scene.tell(address(2, "192.0.2.10/24"), link(2, "tmp"), link(3, "eth0"), link(2, "eth1"))
    state, second = scene.cache.read()
    assert (second["eth0"], second["eth1"]) == (first["eth1"], first["eth0"])
    assert state.addresses == {Address("eth1", "192.0.2.10/24")}


def test_a_master_that_is_renamed_is_its_ports_master_under_the_new_name(scene: Scene) -> None:
    scene.tell(link(9, "br0"), link(2, "eth0", PORT_OF_BR0))
    assert scene.read().links["eth0"].master == "br0"
    scene.tell(link(9, "br1"))
    assert scene.read().links["eth0"].master == "br1"
    scene.tell(gone(9, "br1"))
    assert scene.read().links["eth0"].master == ""


def test_a_device_made_again_with_the_same_name_and_index_is_another_one(scene: Scene) -> None:
    before = scene.cache.read()[1]["eth0"]
    scene.tell(gone(2, "eth0"), ETH0)
    after = scene.cache.read()[1]["eth0"]
    assert (after.index, after != before) == (2, True)
    assert (scene.cache.has(before), scene.cache.has(after)) == (False, True)


def test_a_lower_device_in_another_namespace_is_none_here(scene: Scene) -> None:
    scene.tell(
        link(7, "here", ("IFLA_LINK", 2), VLAN),
        link(8, "there", ("IFLA_LINK", 2), ("IFLA_LINK_NETNSID", 0), VLAN),
        link(9, "nowhere", ("IFLA_LINK", 99), VLAN),
    )
    state = scene.read()
    assert [state.links[name].lower for name in ("here", "there", "nowhere")] == ["eth0", "", ""]


def test_a_name_or_an_alias_that_is_not_utf_8_is_shown_escaped(scene: Scene) -> None:
    scene.tell(link(4, b"eth\xff"), link(5, "eth5", ("IFLA_IFALIAS", "plain")))
    assert scene.names() == {"lo", "eth0", "eth1", "eth5", r"eth\xff"}


def test_where_a_vxlan_floods_to_is_read_with_it_and_told(scene: Scene) -> None:
    scene.world.tables[RTM_GETNEIGH] = [flood(7, "192.0.2.20")]
    scene.world.tables[RTM_GETLINK].append(link(7, "vx", VXLAN))
    scene.tell(LOST)
    assert scene.read().links["vx"].flood == ("192.0.2.20",)
    scene.tell(flood(7, "192.0.2.30"), flood(7, "192.0.2.20", RTM_DELNEIGH))
    assert scene.read().links["vx"].flood == ("192.0.2.30",)


def test_next_hop_objects_are_read_when_they_are_told_and_as_long_as_there_are_any(scene: Scene) -> None:
    scene.world.tables[RTM_GETNEXTHOP] = [next_hop(7, 2), next_hop(8, 0), next_hop(9, 99)]
    scene.tell(next_hop(7, 2))
    assert scene.read().next_hops == {NextHop("eth0", 7)}
    scene.world.tables[RTM_GETNEXTHOP] = []  # gone with its link: that is told to nobody
    assert (scene.read().next_hops, scene.dumps_again()) == (frozenset(), [])


def test_a_link_that_is_down_is_looked_at_again_each_time(scene: Scene) -> None:
    down = link(3, "eth1", flags=DOWN)
    scene.tell(down)
    scene.world.tables[RTM_GETLINK] = [LO, ETH0, down]
    scene.read()
    scene.world.tables[RTM_GETLINK] = [LO, ETH0, link(3, "eth1", ("IFLA_IFALIAS", "silent"), flags=DOWN)]
    assert scene.read().links["eth1"].alias == "silent"
    assert scene.world.dumps == []


def test_links_that_come_go_get_or_lose_carrier_are_news_once(scene: Scene) -> None:
    scene.tell(link(2, "eth0", flags=DOWN), link(4, "eth2"), gone(3, "eth1"))
    scene.cache.catch_up()
    all_three = frozenset({"eth0", "eth1", "eth2"})
    assert scene.cache.news() == News(all_three, changed=all_three)
    scene.tell(link(4, "eth2", ("IFLA_IFALIAS", "other")))
    scene.cache.catch_up()
    assert scene.cache.news() == News(changed=frozenset({"eth2"}))
    assert scene.cache.news() == News()


def test_what_is_lost_is_not_read_by_who_only_looks(scene: Scene) -> None:
    scene.tell(LOST)
    assert scene.cache.catch_up() is True
    assert scene.world.dumps == []
    scene.read()
    assert (scene.cache.catch_up(), RTM_GETADDR in scene.world.dumps) == (False, True)


def test_what_happens_while_nobody_listens_is_read_afterwards(scene: Scene) -> None:
    scene.tell(gone(3, "eth1"))  # and it was made again before the pause was over
    scene.cache.pause()
    assert (scene.cache.catch_up(), scene.world.dumps) == (False, [])
    assert scene.names() == {"lo", "eth0", "eth1"}
    assert scene.world.dumps == [RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEXTHOP]
    assert scene.dumps_again() == []
