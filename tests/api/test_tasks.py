"""Calls that are not waited for: their tasks, how far they are, how they end, and how they are stopped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.api.tasks.tasks import MOST_ENDED, Tasks
from agent.engine.notifier import Notifier
from agent.engine.progress import Progress
from agent.errors import Failure, OperationNotAllowed, TooManyPendingTasks, UUIDInvalid
from agent.model.records import Network
from tests.api.direct import Direct, direct
from tests.api.world import EngineInMemory

GONE = "OpaqueRef:00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def api(engine: EngineInMemory) -> AsyncIterator[Direct]:
    """Calls a method in a session; what runs at the end is waited for."""
    async with direct(engine) as api:
        yield api


async def begun(api: Direct) -> Any:
    """The task of a call that is being carried out, or will be once the gate is open."""
    return await api("Async.network.create", {"name_label": "storage"})


async def ended(api: Direct, task: str) -> Any:
    while (record := await api("task.get_record", task))["status"] in ("pending", "cancelling"):
        await asyncio.sleep(0)
    return record


async def test_a_task_is_there_at_once_and_ends_with_the_result(api: Direct, engine: EngineInMemory) -> None:
    engine.gate.clear()
    task = await begun(api)
    assert await api("task.get_status", task) == "pending"
    assert await api("task.get_name_label", task) == "Async.network.create"
    assert await api("task.get_allowed_operations", task) == ["cancel"]
    engine.gate.set()
    record = await ended(api, task)
    made = engine.model.all(Network)[-1]
    assert (record["status"], record["progress"], record["error_info"]) == ("success", 1.0, [])
    assert record["result"] == f"<value>{made.ref}</value>"
    assert record["created"] <= record["finished"]
    assert await api("task.get_all") == [task]


async def test_a_call_without_a_result_leaves_the_tasks_result_empty(
    api: Direct, engine: EngineInMemory
) -> None:
    task = await api("Async.PIF.plug", engine.pif("eth1").ref)
    assert (await ended(api, task))["result"] == ""


async def test_a_call_that_is_refused_ends_its_task_with_the_error(
    api: Direct, engine: EngineInMemory
) -> None:
    task = await api("InternalAsync.PIF.unplug", engine.pif("eth0").ref)
    record = await ended(api, task)
    assert record["status"] == "failure"
    assert record["error_info"] == ["PIF_IS_MANAGEMENT_INTERFACE", engine.pif("eth0").ref]


async def test_the_progress_moves_as_steps_are_done(api: Direct, engine: EngineInMemory) -> None:
    engine.gate.clear()
    engine.steps = 3
    seen = []
    task = await begun(api)
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(await api("task.get_progress", task))
        engine.gate.set()
        await asyncio.sleep(0)
        engine.gate.clear()
        await asyncio.sleep(0)
    engine.gate.set()
    assert (await ended(api, task))["progress"] == 1.0
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert 0.0 < seen[-1] < 1.0


async def test_a_cancelled_task_stops_before_its_next_step(api: Direct, engine: EngineInMemory) -> None:
    engine.gate.clear()
    engine.steps = 2
    before = engine.model
    task = await begun(api)
    await asyncio.sleep(0)
    await api("task.cancel", task)
    assert await api("task.get_status", task) == "cancelling"
    engine.gate.set()
    record = await ended(api, task)
    assert (record["status"], record["error_info"]) == ("cancelled", ["TASK_CANCELLED", task])
    assert engine.model is before
    await api("task.cancel", task)
    assert await api("task.get_status", task) == "cancelled"


async def test_a_destroyed_task_is_forgotten_and_its_call_goes_on(
    api: Direct, engine: EngineInMemory
) -> None:
    engine.gate.clear()
    task = await begun(api)
    await api("task.destroy", task)
    assert await api("task.get_all_records") == {}
    networks = len(await api("network.get_all"))
    engine.gate.set()
    while len(await api("network.get_all")) == networks:
        await asyncio.sleep(0)


async def test_a_client_can_have_a_task_of_its_own(api: Direct) -> None:
    task = await api("task.create", "backup", "of everything")
    await api("task.add_to_other_config", task, "colour", "red")
    record = await api("task.get_record", task)
    assert (record["name_label"], record["name_description"]) == ("backup", "of everything")
    assert (record["status"], record["other_config"]) == ("pending", {"colour": "red"})
    await api("task.cancel", task)
    assert await api("task.get_status", task) == "cancelled"


@pytest.mark.parametrize("message", ["get_record", "cancel", "destroy"])
async def test_a_task_that_is_not_there_is_named(api: Direct, message: str) -> None:
    with pytest.raises(Exception) as caught:
        await api(f"task.{message}", GONE)
    assert str(caught.value) == f"HANDLE_INVALID[task, {GONE}]"


async def idle(progress: Progress) -> str:
    return ""


async def test_the_oldest_ended_tasks_make_place_for_new_ones() -> None:
    tasks = Tasks(Notifier())
    refs = [tasks.start("idle", idle) for _ in range(3)]
    await tasks.close()
    for _ in range(MOST_ENDED - 1):
        refs.append(tasks.create("mine", ""))
        tasks.cancel(refs[-1])
    assert list(tasks.records) == refs[2:]


async def test_there_are_only_so_many_tasks_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.api.tasks.tasks.MOST_PENDING", 2)
    tasks = Tasks(Notifier())
    for _ in range(2):
        tasks.start("idle", idle)
    with pytest.raises(TooManyPendingTasks):
        tasks.start("idle", idle)
    await tasks.close()
    tasks.start("idle", idle)
    await tasks.close()


async def test_what_nobody_foresaw_ends_the_task_too(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(progress: Progress) -> str:
        raise ZeroDivisionError("by nought")

    tasks = Tasks(Notifier())
    task = tasks.start("broken", broken)
    await tasks.close()
    assert tasks.records[task].error_info == ("INTERNAL_ERROR", "ZeroDivisionError: by nought")
    assert [record.message for record in caplog.records] == [f"task {task} failed"]


async def test_the_bell_is_rung_when_a_task_begins_and_ends() -> None:
    notifier = Notifier()
    tasks = Tasks(notifier)
    tasks.start("idle", idle)
    assert notifier.count == 1
    await tasks.close()
    assert notifier.count == 2


async def test_a_client_says_of_its_own_task_how_far_it_is_and_how_it_ended(api: Direct) -> None:
    task = await api("task.create", "backup", "")
    await api("task.set_progress", task, 0.5)
    await api("task.set_error_info", task, ["DISK_FULL", "sda"])
    await api("task.set_result", task, "half of it")
    await api("task.set_status", task, "failure")
    record = await api("task.get_record", task)
    assert [record[name] for name in ("status", "progress", "result", "error_info")] == [
        "failure",
        0.5,
        "half of it",
        ["DISK_FULL", "sda"],
    ]
    assert record["finished"] > record["created"]


@pytest.mark.parametrize(
    ("message", "value", "error"),
    [
        ("set_status", "done", "INVALID_VALUE"),
        ("set_progress", 1.5, "INVALID_VALUE"),
        ("set_progress", "0.5", "FIELD_TYPE_ERROR"),
    ],
)
async def test_what_a_task_can_not_be_is_refused(api: Direct, message: str, value: Any, error: str) -> None:
    task = await api("task.create", "backup", "")
    with pytest.raises(Failure) as caught:
        await api(f"task.{message}", task, value)
    assert caught.value.code == error


async def test_of_pifds_own_tasks_nobody_else_says_how_far_they_are(
    api: Direct, engine: EngineInMemory
) -> None:
    engine.gate.clear()
    task = await begun(api)
    with pytest.raises(OperationNotAllowed):
        await api("task.set_status", task, "success")
    engine.gate.set()


async def test_generic_clients_find_what_they_read_of_a_host_and_no_objects_elsewhere(
    api: Direct, engine: EngineInMemory
) -> None:
    host = engine.host().ref
    assert abs((await api("host.get_servertime", host) - datetime.now(UTC)).total_seconds()) < 60
    assert await api("host.get_host_CPUs", host) == await api("host.get_PBDs", host) == []
    assert (await api("SR.get_all"), await api("VBD.get_all_records")) == ([], {})
    assert await api("SR.get_by_name_label", "x") == []
    with pytest.raises(UUIDInvalid):
        await api("SR.get_by_uuid", "x")
    assert await api("pool.sync_database") == await api("host.signal_networking_change") == ""
