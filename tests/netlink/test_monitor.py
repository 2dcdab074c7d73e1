"""Watching links: what the kernel tells, put together, and the socket on this machine's own kernel."""

import asyncio
import gc
from pathlib import Path

from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from agent.netlink import decode
from agent.netlink.monitor import Links, Seen, Watch
from agent.netlink.socket import Wire

UP, DOWN = Seen("eth0", carrier=True, bond=False), Seen("eth0", carrier=False, bond=False)
ETH0, NONE = frozenset({"eth0"}), frozenset[str]()
OPEN_FILES = Path("/proc/self/fd")


def nobody(changed: frozenset[str], bonds: frozenset[str]) -> None:
    """Whom no news reaches."""


def links_with(seen: Seen, index: int = 2) -> Links:
    """What is known after a dump that had one link; its news has been heard."""
    links = Links()
    links.begin_dump()
    links.dumped(index, seen)
    links.end_dump()
    links.news()
    return links


def test_a_link_that_comes_gets_carrier_and_goes_is_news_each_time() -> None:
    links = Links()
    for seen in (DOWN, UP, None):
        links.update(2, seen)
        assert links.news() == (ETH0, NONE)


def test_what_is_known_already_is_no_news() -> None:
    links = links_with(UP)
    links.update(2, UP)
    assert links.news() == (NONE, NONE)


def test_a_renamed_link_is_news_under_both_names() -> None:
    links = links_with(UP)
    links.update(2, Seen("lan0", carrier=True, bond=False))
    assert links.news() == (frozenset({"eth0", "lan0"}), NONE)


def test_two_links_that_swap_their_names_are_both_known_in_the_end() -> None:
    links = links_with(UP)
    links.update(3, Seen("eth1", carrier=False, bond=False))
    for index, name in ((2, "tmp"), (3, "eth0"), (2, "eth1")):
        links.update(index, Seen(name, carrier=index == 2, bond=False))
    assert {seen.name: seen.carrier for seen in links.known.values()} == {"eth0": False, "eth1": True}


def test_what_a_new_dump_does_not_have_is_gone() -> None:
    links = links_with(UP)
    links.begin_dump()
    links.end_dump()
    assert links.known == {}
    assert links.news() == (ETH0, NONE)


def test_an_event_beats_the_dump_that_it_comes_into() -> None:
    links = links_with(UP)
    links.begin_dump()
    links.update(2, DOWN)
    links.update(3, None)
    links.dumped(2, UP)
    links.dumped(3, Seen("eth1", carrier=True, bond=False))
    links.end_dump()
    assert links.known == {2: DOWN}


def test_of_an_event_of_an_earlier_dump_the_next_one_knows_nothing() -> None:
    links = links_with(UP)
    links.update(2, DOWN)
    links.begin_dump()
    links.dumped(2, UP)
    links.end_dump()
    assert links.known == {2: UP}


def test_after_a_dump_each_bond_may_have_another_active_slave() -> None:
    links = links_with(Seen("bond0", carrier=True, bond=True))
    links.begin_dump()
    links.dumped(2, Seen("bond0", carrier=True, bond=True))
    links.end_dump()
    assert links.news() == (NONE, frozenset({"bond0"}))


def test_it_sees_what_a_whole_dump_decodes() -> None:
    wire, watch = Wire(), Watch(nobody)
    request = ifinfmsg()
    request["header"]["type"] = 18
    links, _ = decode.links(wire.dump(request))
    assert watch.names == set(links)
    assert watch.up == {name for name, link in links.items() if link.carrier}
    watch.close()
    wire.close()


async def test_when_it_is_closed_nothing_is_left_behind() -> None:
    before = set(OPEN_FILES.iterdir())
    watch = Watch(nobody)
    watch.listen()
    watch.close()
    gc.collect()
    assert set(OPEN_FILES.iterdir()) == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_while_nothing_happens_it_is_not_called() -> None:
    calls: list[object] = []
    watch = Watch(lambda *news: calls.append(news))
    watch.listen()
    await asyncio.sleep(0.05)
    watch.look()
    assert calls == []
    watch.close()
