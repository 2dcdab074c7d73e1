"""What becomes of the links of bonds: their history, kept over restarts, and the message that XAPI has."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.engine import link_watch
from agent.engine.engine import Engine
from agent.engine.link_history import MOST_CHANGES, LinkHistory
from agent.kernel.live import LinkChange, LinkCount
from agent.kernel.steps import SetMaster, SetUp
from agent.model.model import this_host
from agent.store.json_file import JSONFile
from tests.worlds.world import World

NOON = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


class Paper:
    """Notes in memory."""

    def __init__(self) -> None:
        self.value: Any = None

    def read(self) -> Any:
        return self.value

    def write(self, value: Any) -> None:
        self.value = value


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_watch, "PACE", 0.05)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def bodies(engine: Engine) -> list[str]:
    return [message.body for message in engine.history.messages.values()]


async def test_a_link_that_goes_and_comes_is_told_of_as_XAPI_does(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    await asyncio.sleep(0.15)  # it has been seen with both links
    world.kernel.cables = frozenset({"eth0"})
    await until(lambda: len(bodies(world.engine)) == 1)
    world.kernel.cables = frozenset({"eth0", "eth1"})
    await until(lambda: len(bodies(world.engine)) == 2)
    assert bodies(world.engine) == [
        "The status of the eth0+eth1 bond changed: 1/2 up (was 2/2)",
        "The status of the eth0+eth1 bond changed: 2/2 up (was 1/2)",
    ]
    message = next(iter(world.engine.history.messages.values()))
    host = this_host(world.model)
    assert host is not None
    assert (message.name, message.priority, message.cls, message.obj_uuid) == (
        "BOND_STATUS_CHANGED",
        3,
        "Host",
        host.uuid,
    )


async def test_a_bond_that_is_seen_first_without_a_link_is_told_of(world: World) -> None:
    world.kernel.cables = frozenset({"eth0"})
    await world.create_bond("eth0", "eth1")
    await until(lambda: len(bodies(world.engine)) == 1)
    assert bodies(world.engine) == ["The status of the eth0+eth1 bond is: 1/2 up"]


async def test_a_link_that_is_not_in_the_bond_is_not_up_although_it_has_carrier(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    await asyncio.sleep(0.15)
    world.kernel.obstacle = lambda step: (
        "Operation not permitted" if step == SetMaster("eth1", "bond0") else ""
    )
    world.kernel.behind_our_back(SetMaster("eth1", ""), SetUp("eth1"))
    await until(lambda: len(bodies(world.engine)) == 1)
    assert bodies(world.engine) == ["The status of the eth0+eth1 bond changed: 1/2 up (was 2/2)"]
    assert ("eth1" in world.engine.links_up, world.engine.ports_up) == (True, frozenset({"eth0"}))


async def test_of_a_bond_with_one_link_there_is_no_message(world: World) -> None:
    await world.create_bond("eth0")
    await asyncio.sleep(0.1)
    world.kernel.cables = frozenset()
    await asyncio.sleep(0.1)
    assert bodies(world.engine) == []


async def test_a_link_that_flaps_is_told_of_now_and_then_and_its_history_is_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create_bond("eth0", "eth1")
    await asyncio.sleep(0.15)
    monkeypatch.setattr(link_watch, "PACE", 60)
    for _ in range(50):
        world.kernel.cables = frozenset({"eth0"})
        await asyncio.sleep(0.001)
        world.kernel.cables = frozenset({"eth0", "eth1"})
        await asyncio.sleep(0.001)
    port = world.engine.history.of("eth1")
    assert port is not None
    assert (port.losses, [carrier for _, carrier in port.changes]) == (50, [False, True] * 50)
    assert len(bodies(world.engine)) <= 1


def test_what_happened_while_nobody_looked_is_counted() -> None:
    paper = Paper()
    history = LinkHistory(paper)
    history.load({"eth1": LinkCount(4, carrier=True)})
    history.take([LinkChange("eth1", carrier=False, at=NOON)])
    history.write(history.dump({"eth1": LinkCount(5, carrier=False)}))
    later = LinkHistory(paper)
    later.load({"eth1": LinkCount(8, carrier=True)})
    port = later.of("eth1")
    assert port is not None
    assert (port.losses, [carrier for _, carrier in port.changes]) == (2, [False, True, False, True])
    assert port.changes[0] == (NOON, False)


def test_after_a_boot_the_kernel_counts_anew() -> None:
    paper = Paper()
    history = LinkHistory(paper)
    history.load({"eth1": LinkCount(4, carrier=True)})
    history.write(history.dump({"eth1": LinkCount(4, carrier=True)}) | {"boot": "another"})
    later = LinkHistory(paper)
    later.load({"eth1": LinkCount(9, carrier=False)})
    port = later.of("eth1")
    assert port is not None
    assert port.changes == []


def test_the_history_is_bounded() -> None:
    history = LinkHistory()
    history.take(LinkChange("eth1", carrier=n % 2 == 1, at=NOON) for n in range(10 * MOST_CHANGES))
    history.take(LinkChange(f"nic{n}", carrier=False, at=NOON) for n in range(1000))
    assert len(history.dump({})["ports"]) == 256
    history.take(LinkChange("eth1", carrier=n % 2 == 1, at=NOON) for n in range(10 * MOST_CHANGES))
    port = history.of("eth1")
    assert port is not None
    assert (len(port.changes), port.losses) == (MOST_CHANGES, 5 * MOST_CHANGES)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ports": {"eth0": 7}}', "\xff"])
def test_a_file_that_is_damaged_begins_anew(tmp_path: Any, text: str) -> None:
    file = tmp_path / "links.json"
    file.write_text(text)
    history = LinkHistory(JSONFile(file))
    history.load({})
    assert history.of("eth0") is None
    history.write(history.dump({"eth0": LinkCount(1, carrier=True)}))
    assert JSONFile(file).read()["ports"]["eth0"]["losses"] == 0
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_can_not_be_written_holds_nothing_up(tmp_path: Any, caplog: Any) -> None:
    JSONFile(tmp_path / "nowhere" / "links.json").write({})
    assert "can't be written" in caplog.text
