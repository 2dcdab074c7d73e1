"""The XenAPI package from PyPI, as it is, against the socket."""

import asyncio
import shutil
import xmlrpc.client
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import XenAPI

from agent.api.calls.call import Agent, agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from tests.api.world import NOWHERE, EngineInMemory

Use = Callable[[Any], Any]


@pytest.fixture
async def agent(engine: EngineInMemory) -> Agent:
    return agent_of(engine)


@pytest.fixture
async def path(agent: Agent) -> AsyncIterator[Path]:
    """A path without an underscore, which the client would take for a slash."""
    directory = Path(f"/tmp/{uuid4().hex}")
    directory.mkdir()
    async with serve(directory / "xapi", dispatcher(agent)):
        yield directory / "xapi"
    shutil.rmtree(directory)


async def used(path: Path, use: Use) -> Any:
    """What `use` makes of a session, in a thread, because the client waits for its answers."""

    def run() -> Any:
        url = f"http://{str(path).replace('/', '_')}/"
        with XenAPI.Session(url, transport=XenAPI.UDSTransport()) as session:
            session.xenapi.login_with_password("root", "", "1.0", "test")
            return use(session)

    return await asyncio.to_thread(run)


async def test_records_have_xenapis_types(path: Path, engine: EngineInMemory) -> None:
    records = await used(path, lambda session: session.xenapi.PIF.get_all_records())
    record = records[engine.pif("eth0").ref]
    fields = ("device", "MTU", "physical", "VLAN_slave_of", "other_config", "bond_slave_of", "IP")
    assert [record[field] for field in fields] == ["eth0", "1500", True, [], {}, "OpaqueRef:NULL", "10.0.0.2"]


async def test_a_bond_is_made_changed_and_destroyed(path: Path, engine: EngineInMemory) -> None:
    pifs = [str(engine.pif(device).ref) for device in ("eth1", "eth2")]

    def use(session: Any) -> Any:
        network = session.xenapi.network.create({"name_label": "b", "MTU": "1500", "other_config": {}})
        bond = session.xenapi.Bond.create(network, pifs, "", "active-backup", {})
        slaves = session.xenapi.Bond.get_slaves(bond)
        nothing = session.xenapi.network.set_MTU(network, "1400")
        return slaves, nothing, session.xenapi.network.get_MTU(network), session.xenapi.Bond.destroy(bond)

    assert await used(path, use) == (pifs, "", "1400", "")


async def test_a_failure_has_its_code_and_parameters(path: Path) -> None:
    with pytest.raises(XenAPI.Failure) as caught:
        await used(path, lambda session: session.xenapi.PIF.get_record(NOWHERE))
    assert caught.value.details == ["HANDLE_INVALID", "PIF", NOWHERE]


async def test_a_none_is_refused_by_the_parameters_name(path: Path, engine: EngineInMemory) -> None:
    network = str(engine.network("xenbr0").ref)
    with pytest.raises(XenAPI.Failure) as caught:
        await used(path, lambda session: session.xenapi.network.set_MTU(network, None))
    assert caught.value.details == ["FIELD_TYPE_ERROR", "value", "expected an integer, got null"]


async def test_a_session_that_was_dropped_is_replaced_by_the_client(path: Path, agent: Agent) -> None:
    def use(session: Any) -> Any:
        before = session.handle
        session.transport.close()
        session.session.logout(before)  # behind the client's back
        return len(session.xenapi.PIF.get_all()), session.handle != before

    assert await used(path, use) == (4, True)


async def test_a_method_without_async_mode_is_a_fault(path: Path) -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        await used(path, lambda session: session.xenapi.Async.PIF.get_all())
    assert caught.value.faultString == "No async mode for this operation (rpc: Async.PIF.get_all)"


async def test_a_request_and_an_answer_of_megabytes_arrive(path: Path, engine: EngineInMemory) -> None:
    network = str(engine.network("xenbr0").ref)
    text = "é<&\n" * 300_000

    def use(session: Any) -> Any:
        session.xenapi.network.set_name_description(network, text)
        return session.xenapi.network.get_name_description(network)

    assert await used(path, use) == text
