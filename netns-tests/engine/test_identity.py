"""A device that was renamed, moved away, or made again between two steps is never taken for the old one."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from network.cabling import Cabling
from network.namespace import inside

from agent.kernel.link import GROUP
from agent.kernel.state import KernelState, Link
from agent.kernel.steps import CreateLink, Refused, SetMTU, Step, Together
from agent.netlink import Netlink

VIF = "vif7.0"
MADE = Link(
    name="xapi9", kind="bridge", MAC="02:00:00:00:00:99", group=GROUP, alias="pifd: a test's", up=True
)


def planned(net: Cabling, step: Step, meanwhile: Callable[[], object]) -> tuple[str, KernelState]:
    """What a step is refused with that was planned before something happened, and what there is then."""

    async def scene(kernel: Netlink) -> tuple[str, KernelState]:
        await kernel.read()
        await asyncio.gather(asyncio.to_thread(meanwhile), another_reader(kernel))
        try:
            await kernel.apply(step)
        except Refused as refused:
            return refused.reason, await kernel.read()
        return "", await kernel.read()

    with closing(inside(net.host, lambda: Netlink(Path("/nonexistent"), 1))) as kernel:
        return asyncio.run(scene(kernel))


async def another_reader(kernel: Netlink) -> None:
    """A task of its own, which reads what there is by now."""
    for _ in range(5):
        await kernel.read()
        await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def vif(net: Cabling) -> None:
    net.ip(net.host, "link", "add", VIF, "type", "dummy")


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ("link set vif7.0 name other", "the device that was vif7.0 has another name by now"),
        (
            "link set vif7.0 name other\nlink add vif7.0 type dummy",
            "the device that was vif7.0 has another name by now, and another device is called vif7.0",
        ),
        ("link delete vif7.0", "No such device"),
        (
            "link delete vif7.0\nlink add vif7.0 type dummy",
            "the device that was vif7.0 is gone, and another device is called vif7.0",
        ),
    ],
)
def test_a_step_planned_on_another_device_is_refused(net: Cabling, commands: str, reason: str) -> None:
    refused, after = planned(net, SetMTU(VIF, 1400), lambda: net.batch(net.host, commands))
    assert refused == reason
    assert {link.MTU for name, link in after.links.items() if name in (VIF, "other")} <= {1500}


def test_also_if_it_has_the_same_name_and_the_same_index(net: Cabling) -> None:
    index = net.links()[VIF]["ifindex"]
    again = f"link delete {VIF}\nlink add {VIF} index {index} type dummy"
    refused, after = planned(net, SetMTU(VIF, 1400), lambda: net.batch(net.host, again))
    assert refused == f"the device that was {VIF} is gone, and another device is called {VIF}"
    assert after.links[VIF].MTU == 1500


def test_one_that_was_moved_to_another_namespace_is_gone(net: Cabling) -> None:
    refused, _ = planned(
        net, SetMTU(VIF, 1400), lambda: net.ip(net.host, "link", "set", VIF, "netns", net.switch)
    )
    assert refused == "No such device"
    assert '"mtu":1500' in net.ip(net.switch, "-j", "link", "show", VIF)


def test_what_follows_a_creation_that_is_refused_meets_nobody(net: Cabling) -> None:
    """The name has been taken since it was planned."""
    steps = Together((CreateLink(MADE), SetMTU(MADE.name, 1400)))
    refused, after = planned(net, steps, lambda: net.ip(net.host, "link", "add", MADE.name, "type", "dummy"))
    assert refused == "File exists"
    theirs = after.links[MADE.name]
    assert (theirs.kind, theirs.alias, theirs.group, theirs.MTU, theirs.up) == ("dummy", "", 0, 1500, False)


def test_a_device_that_was_just_created_can_be_meant_by_the_next_step(net: Cabling) -> None:
    refused, after = planned(net, Together((CreateLink(MADE), SetMTU(MADE.name, 1400))), lambda: None)
    assert (refused, after.links[MADE.name].MTU, after.links[MADE.name].alias) == ("", 1400, MADE.alias)
