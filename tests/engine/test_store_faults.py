"""A store that can't be used: the network comes up from what can be read, or stays; changes are refused."""

import asyncio
import shutil
from pathlib import Path

import pytest

from agent.engine import start
from agent.engine.engine import Engine
from agent.errors import LeftBehind, StoreUnavailable
from agent.kernel.state import KernelState
from agent.model.records import Network
from agent.rules import pif, setters
from agent.store.guarded import GuardedStore
from agent.store.sqlite import Store, StoreInUse, StoreOfAnother
from tests.fakes.fake_hotplug import FakeHotplug
from tests.fakes.fake_kernel import FakeKernel
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import ADDRESS, World, decision, host, network_of, pif_of

WELL = "the network is in the model's state"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be used is looked at again at once."""
    monkeypatch.setattr(start, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(start, "RETRY_LAST", 0.01)


class Daemon:
    """An engine with the store that the daemon itself has."""

    def __init__(self, directory: Path, kernel: FakeKernel) -> None:
        self.file = directory / "pifd.sqlite"
        self.kernel, self.store = kernel, GuardedStore(self.file)
        self.engine = Engine(kernel, self.store, FakeHotplug(kernel), ())

    async def rename(self, label: str) -> None:
        bridge = network_of(self.engine.model, "xenbr0").ref
        await self.engine.change(decision(setters.set_field, Network, "name_label", bridge, label))

    async def close(self) -> None:
        self.kernel.restart()
        await self.engine.close()
        self.store.close()


@pytest.fixture
async def left(world: World) -> World:
    """A host that a pifd with eth1 plugged has left."""
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.stop()
    return world


async def test_a_store_that_is_removed_while_the_daemon_runs_is_there_again_before_the_next_success(
    left: World,
) -> None:
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    for file in left.file.parent.glob("pifd.sqlite*"):
        file.unlink()
    await daemon.rename("other")
    model = daemon.engine.model
    await daemon.close()
    store = Store(left.file)
    assert store.load() == model
    store.close()


@pytest.mark.parametrize("names", [["pifd.sqlite-wal"], ["pifd.sqlite"]])
async def test_one_of_its_files_that_is_removed_is_noticed_too(left: World, names: list[str]) -> None:
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    await daemon.rename("first")
    for name in names:
        (left.file.parent / name).unlink()
    await daemon.rename("other")
    model = daemon.engine.model
    await daemon.close()
    store = Store(left.file)
    assert (store.load(), network_of(model, "xenbr0").name_label) == (model, "other")
    store.close()


async def test_a_call_that_changes_nothing_does_not_succeed_without_the_store_either(left: World) -> None:
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    left.file.unlink()
    await daemon.engine.change(decision(pif.plug, pif_of(daemon.engine.model, "eth1").ref))
    assert left.file.exists()
    await daemon.close()


async def test_a_file_that_has_taken_the_stores_place_is_not_written_to(left: World) -> None:
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    left.file.unlink()
    left.file.write_text("precious")
    with pytest.raises(StoreUnavailable) as caught:
        await daemon.rename("other")
    assert "another file has taken its place" in caught.value.parameters[0]
    assert left.file.read_text() == "precious"
    await daemon.close()


async def test_a_store_that_can_not_be_written_is_read_and_the_network_comes_up_from_it(left: World) -> None:
    left.kernel.state = rebooted(left)
    directory = left.file.parent / "read-only"
    directory.mkdir()
    shutil.copy(left.file, directory)
    store = GuardedStore(directory / "pifd.sqlite")
    store.close()
    daemon = unwritable(directory, left.kernel)
    await daemon.engine.start("host1")
    assert (left.addresses("xenbr0")[0], left.above("eth1")) == (ADDRESS, ["xenbr1"])
    before = daemon.engine.model
    with pytest.raises(StoreUnavailable):
        await daemon.rename("other")
    assert (daemon.engine.model, daemon.engine.words) == (before, f"nothing can be changed: full; {WELL}")
    del daemon.store.reopen
    await until(daemon, WELL)
    await daemon.rename("other")
    await daemon.close()


def unwritable(directory: Path, kernel: FakeKernel) -> Daemon:
    """A daemon whose store can be read, and not be opened."""
    daemon = Daemon(directory, kernel)
    daemon.store.close()
    daemon.store._salvage(OSError("full"))
    daemon.store.trouble = "full"
    daemon.store.reopen = lambda: None  # type: ignore[method-assign]
    return daemon


def rebooted(world: World) -> KernelState:
    """The host as it comes up."""
    return host()


def restore(file: Path, content: bytes) -> None:
    """In one go: what is written bit by bit may be looked at while it is empty, and taken for a new store."""
    file.with_suffix(".restored").write_bytes(content)
    file.with_suffix(".restored").rename(file)


async def until(daemon: Daemon, words: str) -> None:
    try:
        async with asyncio.timeout(5):
            while daemon.engine.words != words:
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"still {daemon.engine.words!r}") from None


async def test_a_store_that_is_no_store_leaves_the_network_as_it_is_until_it_is_one(left: World) -> None:
    good = left.file.read_bytes()
    left.file.write_bytes(b"rubbish" * 1000)
    before = left.kernel.state
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    assert (left.kernel.state, daemon.engine.model.records) == (before, {})
    assert daemon.engine.words.startswith("nothing is known of the network, and nothing can be changed")
    with pytest.raises(StoreUnavailable):
        await daemon.engine.change(lambda model, facts: pytest.fail("it is refused before it is decided"))
    restore(left.file, good)
    await until(daemon, WELL)
    await daemon.rename("other")
    assert left.kernel.state == before
    await daemon.close()


async def test_a_record_that_can_not_be_read_costs_no_network_that_is_up(left: World) -> None:
    alter_store(left.file, "UPDATE record SET fields = '{}' WHERE class = 'host'")
    before = left.kernel.state
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    assert (left.kernel.state, daemon.engine.model.records != {}) == (before, True)
    with pytest.raises(StoreUnavailable) as caught:
        await daemon.rename("other")
    assert "host OpaqueRef:" in caught.value.parameters[0]
    await daemon.close()


@pytest.mark.parametrize("kind", ["host", "pool"])
async def test_after_a_boot_what_can_be_read_comes_up(left: World, kind: str) -> None:
    alter_store(left.file, "UPDATE record SET fields = '{}' WHERE class = ?", kind)
    left.kernel.state = rebooted(left)
    daemon = Daemon(left.file.parent, left.kernel)
    await daemon.engine.start("host1")
    assert (left.addresses("xenbr0")[0], left.above("eth1")) == (ADDRESS, ["xenbr1"])
    await daemon.close()


async def test_a_store_that_is_gone_leaves_the_network_as_it_is(left: World) -> None:
    left.file.unlink()
    before = left.kernel.state
    daemon = Daemon(left.file.parent, left.kernel)
    with pytest.raises(LeftBehind) as caught:
        await daemon.engine.start("host1")
    daemon.engine.watch_over("host1", caught.value)
    with pytest.raises(LeftBehind):
        await daemon.engine.change(lambda model, facts: pytest.fail("it is refused before it is decided"))
    assert (left.kernel.state, daemon.engine.words.startswith("nothing can be changed: xenbr0")) == (
        before,
        True,
    )
    await daemon.close()


async def test_another_daemons_store_is_left_alone(left: World) -> None:
    other = Store(left.file)
    with pytest.raises(StoreInUse):
        GuardedStore(left.file)
    other.close()


async def test_a_newer_pifds_store_is_left_alone(left: World) -> None:
    alter_store(left.file, "PRAGMA user_version = 99")
    with pytest.raises(StoreOfAnother):
        GuardedStore(left.file)


async def test_a_directory_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = GuardedStore(tmp_path / "file" / "pifd.sqlite")
    assert (store.is_known, store.load().records, "file" in store.trouble) == (False, {}, True)
