"""Bond.create with VMs, and a fault at every point: all is as before, the VMs and their devices too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.errors import DeviceAttachRejected, DeviceDetachRejected, Failure
from agent.store.sqlite import StoreError
from tests.docs.design import design
from tests.engine.handovers import counts, create, dying, everything, host_with_vms
from tests.fakes.fake_kernel import Killed
from tests.worlds.world import ADDRESS, World


@pytest.fixture(params=["device stays", "device is remade"])
async def host(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A host with VMs, whose devices come and go with the VIFs, or do not."""
    world = await host_with_vms(tmp_path, makes_devices=request.param == "device is remade")
    yield world
    await world.stop()
    assert world.kernel.trespasses == []


async def test_a_refused_kernel_part_leaves_everything_as_it_was(host: World, tmp_path: Path) -> None:
    parts, _ = await counts(host, tmp_path)
    before = everything(host)
    for number in range(parts):
        host.kernel.expect(refuse={number})
        with pytest.raises(Failure) as caught:
            await create(host)
        assert host.kernel.reason in caught.value.parameters[-1]
        assert everything(host) == before
        assert host.engine.in_model_state.is_set()
    assert parts > 10


@design("create", 3)
async def test_a_VM_that_refuses_leaves_everything_as_it_was(host: World, tmp_path: Path) -> None:
    _, requests = await counts(host, tmp_path)
    before = everything(host)
    for number in range(requests):
        host.hotplug.expect(refuse={number})
        with pytest.raises((DeviceDetachRejected, DeviceAttachRejected)) as caught:
            await create(host)
        name = ("alpha", "beta")[number % 2]
        assert caught.value.parameters[-1] == f"{name}: not now"
        assert everything(host) == before
        assert host.engine.in_model_state.is_set()
    assert requests == 4


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_a_request_the_next_start_gives_everything_back(
    host: World, tmp_path: Path, when: str
) -> None:
    _, requests = await counts(host, tmp_path)
    before = everything(host)
    for number in range(requests):
        dying(host, when, number)
        with pytest.raises(Killed):
            await create(host)
        await host.restart()
        assert everything(host) == before
        assert host.engine.in_model_state.is_set()


async def test_killed_at_a_kernel_part_the_next_start_gives_everything_back(
    host: World, tmp_path: Path
) -> None:
    parts, _ = await counts(host, tmp_path)
    before = everything(host)
    for number in range(parts):
        host.kernel.expect(die_at=number)
        with pytest.raises(Killed):
            await create(host)
        await host.restart()
        assert everything(host) == before
        assert host.addresses("xenbr0")[0] == ADDRESS


@pytest.mark.parametrize("commit", [0, 1])
async def test_killed_at_a_commit_the_next_start_gives_everything_back(host: World, commit: int) -> None:
    """The first one notes whom pifd is about to ask, the second is the call's."""
    before = everything(host)
    assert host.store is not None
    host.store.expect(kills=commit)
    with pytest.raises(Killed):
        await create(host)
    await host.restart()
    assert everything(host) == before


@pytest.mark.parametrize("commit", [0, 1])
async def test_a_commit_that_fails_gives_everything_back(host: World, commit: int) -> None:
    before = everything(host)
    assert host.store is not None
    host.store.expect(broken={commit: StoreError("disk full")})
    with pytest.raises(Failure) as caught:
        await create(host)
    assert caught.value.parameters[-1] == "disk full"
    assert everything(host) == before


async def test_a_start_that_is_killed_too_is_done_by_the_one_after(host: World) -> None:
    before = everything(host)
    host.hotplug.expect(die_after=1)
    with pytest.raises(Killed):
        await create(host)
    for number in range(2):
        await host.stop()
        with pytest.raises(Killed):
            await host.start(die_at_request=number)
    await host.restart()
    assert everything(host) == before
