"""PIF_metrics over the API: objects that are computed, with the messages that every class has."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.api.calls.call import agent_of
from agent.api.calls.methods import call as carried_out
from agent.api.calls.methods import table
from agent.api.views.pif_metrics import metrics_of
from agent.errors import HandleInvalid, UUIDInvalid
from tests.api.callers import ROOT
from tests.api.world import DEVICE, EngineInMemory

Api = Callable[..., Awaitable[Any]]
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def api(engine: EngineInMemory) -> Api:
    """Calls a method in a session."""
    agent = agent_of(engine)
    session = await carried_out(agent, ROOT, "session.login_with_password", ("root", ""))

    async def api(method: str, *params: Any) -> Any:
        return await carried_out(agent, ROOT, method, (session, *params))

    return api


async def test_a_PIFs_metrics_are_a_record_with_all_fields(api: Api, engine: EngineInMemory) -> None:
    found = await api("PIF.get_metrics", engine.pif("eth0").ref)
    assert await api("PIF_metrics.get_record", found) == {
        "uuid": found.removeprefix("OpaqueRef:"),
        "io_read_kbs": 0.0,
        "io_write_kbs": 0.0,
        "carrier": True,
        "vendor_id": "8086",
        "vendor_name": "Intel Corporation",
        "device_id": "1572",
        "device_name": "Ethernet Controller X710 for 10GbE SFP+",
        "speed": 1000,
        "duplex": True,
        "pci_bus_path": "0000:03:00.0",
        "last_updated": datetime(2026, 8, 21, 10, 0, tzinfo=UTC),
        "other_config": {},
    }


async def test_every_NIC_has_metrics_of_its_own(api: Api, engine: EngineInMemory) -> None:
    records = await api("PIF_metrics.get_all_records")
    pifs = await api("PIF.get_all_records")
    assert sorted(pif["metrics"] for pif in pifs.values()) == sorted(records)
    assert await api("PIF_metrics.get_all") == list(records)
    assert len(records) == len(pifs)


async def test_what_a_device_says_is_never_older_than_the_call(api: Api, engine: EngineInMemory) -> None:
    found = await api("PIF.get_metrics", engine.pif("eth0").ref)
    engine.up = frozenset()
    assert await api("PIF_metrics.get_carrier", found) is False
    assert await api("PIF_metrics.get_speed", found) == 0
    engine.up = frozenset({"eth0"})
    engine.says = {"eth0": replace(DEVICE, speed=25000)}
    assert await api("PIF_metrics.get_speed", found) == 25000


async def test_metrics_are_found_by_their_uuid(api: Api, engine: EngineInMemory) -> None:
    found = metrics_of(engine.model, engine.pif("eth1"))
    assert await api("PIF_metrics.get_by_uuid", found.removeprefix("OpaqueRef:")) == found
    with pytest.raises(UUIDInvalid):
        await api("PIF_metrics.get_by_uuid", engine.pif("eth1").uuid)


@pytest.mark.parametrize("message", ["get_record", "get_carrier"])
async def test_a_reference_to_something_else_is_no_handle(
    api: Api, engine: EngineInMemory, message: str
) -> None:
    for ref in (f"OpaqueRef:{NOBODY}", engine.pif("eth0").ref):
        with pytest.raises(HandleInvalid) as caught:
            await api(f"PIF_metrics.{message}", ref)
        assert caught.value.parameters == ("PIF_metrics", ref)


def test_nothing_of_metrics_can_be_changed() -> None:
    messages = {name.partition(".")[2] for name in table() if name.startswith("PIF_metrics.")}
    assert {message for message in messages if not message.startswith("get_")} == set()
