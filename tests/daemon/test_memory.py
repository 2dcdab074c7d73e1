"""Memory stays flat: over calls that make and delete things, and over events of the kernel's.

By default some dozens of calls and some thousand events; PIFD_CALLS and PIFD_EVENTS have more of them.
"""

import gc
import logging
import os
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import call
from agent.api.encodings.values import Value
from agent.netlink.picture.cache import KernelCache
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import Wire
from tests.api.callers import ROOT
from tests.netlink.script import Datagram, Script, gone, link
from tests.netlink.script import World as KernelWorld
from tests.worlds.world import World

CALLS = int(os.environ.get("PIFD_CALLS", "120"))
EVENTS = int(os.environ.get("PIFD_EVENTS", "4000"))
BURST = 200
PARTS = 4
A_CALL, AN_EVENT = 500, 8
"""Bytes that may stay of each.  Of what has gone, the latest ten thousand objects are remembered for clients
that ask for events, and a dict grows in leaps; a record that stayed, or a link, would be thousands."""


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    logging.disable(logging.CRITICAL)  # pytest keeps what is logged
    tracemalloc.start()
    yield
    tracemalloc.stop()
    logging.disable(logging.NOTSET)


def held() -> int:
    """Bytes in use."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def growth(marks: list[int]) -> int:
    """What is kept in each part: what leaks does so every time, what is made once does not."""
    return min(after - before for before, after in pairwise(marks))


async def test_calls_leave_nothing_behind(world: World) -> None:
    agent = agent_of(world.engine)
    session = await call(agent, ROOT, "session.login_with_password", ("root", ""))
    marks = [held()]
    for _ in range(PARTS):
        await calls(world, agent, session, CALLS // PARTS)
        marks.append(held())
    assert growth(marks) / (CALLS // PARTS) < A_CALL
    await agent.tasks.close()


async def calls(world: World, agent: Agent, session: Value, number: int) -> None:
    """Each makes or destroys a network or a VLAN, or reads."""
    for _ in range(number // 4):
        network = await call(agent, ROOT, "network.create", (session, {"name_label": "new"}))
        vlan = await call(agent, ROOT, "VLAN.create", (session, world.pif("eth1").ref, "7", network))
        await call(agent, ROOT, "VLAN.destroy", (session, vlan))
        await call(agent, ROOT, "network.destroy", (session, network))
        await call(agent, ROOT, "PIF.get_all_records", (session,))
        world.kernel.done.clear()
        world.kernel.sent.clear()


def test_events_leave_nothing_behind() -> None:
    told = Script()
    cache = KernelCache(
        Wire(channel=Script(KernelWorld([link(2, "eth0")]))), Monitor(channel=told), lambda _: None
    )
    marks = [held()]
    for _ in range(PARTS):
        take_events(cache, told, EVENTS // PARTS)
        marks.append(held())
    assert growth(marks) / (EVENTS // PARTS) < AN_EVENT


def take_events(cache: KernelCache, told: Script, number: int) -> None:
    """A link that flaps, and others that come and go under names and indices of their own."""
    for start in range(0, number, BURST):
        for n in range(start, start + BURST, 4):
            other = 10 + n % 1000
            events = (
                link(2, "eth0", flags=0), link(2, "eth0"), link(other, f"if{n}"), gone(other, f"if{n}")
            )  # fmt: skip
            told.queue.extend(map(Datagram, events))
        cache.read()
        cache.news()
