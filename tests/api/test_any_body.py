"""Whatever a body holds: an answer comes, nothing has changed, and the next call is served."""

import asyncio
import json
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.api.calls.call import agent_of
from agent.api.calls.methods import table
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from tests.api.world import NOWHERE, Caller, Client, EngineInMemory, Response, post

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(NOWHERE)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
reads = sorted(
    name for name in table() if f"DryRun.{name}" not in table() and not name.startswith("session.")
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        "method": st.sampled_from(reads) | values,
        "params": st.lists(values) | values,
        "id": st.integers() | values,
    },
)
bodies = st.binary() | values.map(json.dumps).map(str.encode) | envelopes.map(json.dumps).map(str.encode)
calls = st.tuples(st.sampled_from(sorted(table())), st.lists(values, max_size=6))

pieces = ("params", "param", "value", "array", "data", "struct", "member", "name", "int", "double", "nil")
tags = st.sampled_from([f"<{slash}{piece}>" for piece in pieces for slash in ("", "/")])
calls_in_xml = st.tuples(st.sampled_from(reads), st.lists(tags | st.text())).map(
    lambda call: f"<methodCall><methodName>{call[0]}</methodName>{''.join(call[1])}</methodCall>".encode()
)

many = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def exchange(path: Path, check: Callable[[Caller, Client], Any]) -> None:
    """Serve, log in, and check; a loop of its own, since hypothesis calls plain functions."""

    async def run() -> None:
        engine = EngineInMemory()
        before = engine.model
        async with serve(path, dispatcher(agent_of(engine))), await Client.connect(path) as client:
            await check(await Caller.login(client), client)
            assert engine.model is before
            assert len(await (await Caller.login(client))("PIF.get_all")) == 4

    asyncio.run(run())


def is_an_answer(response: Response) -> bool:
    document = response.document
    if document.keys() == {"result", "error", "id"}:  # JSON-RPC 1.0
        return document["result"] is None or document["error"] is None
    if response.status == 400:
        return document["error"]["code"] in (-32700, -32600)
    return document.keys() in ({"jsonrpc", "result", "id"}, {"jsonrpc", "error", "id"})


def is_an_answer_in_xml(response: Response) -> bool:
    try:
        (answer,), _ = xmlrpc.client.loads(response.body)
    except xmlrpc.client.Fault as fault:
        return fault.faultCode in (-32700, -32600)
    assert isinstance(answer, dict)
    return answer.keys() in ({"Status", "Value"}, {"Status", "ErrorDescription"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


@many
@given(bodies=st.lists(bodies, min_size=1, max_size=5))
def test_any_bytes_get_an_answer_and_change_nothing(path: Path, bodies: list[bytes]) -> None:
    async def check(api: Caller, client: Client) -> None:
        for body in bodies:
            await client.send(post(body))
            assert is_an_answer(await client.response())

    exchange(path, check)


@many
@given(bodies=st.lists(st.binary() | calls_in_xml, min_size=1, max_size=5))
def test_any_bytes_get_an_answer_in_xml_and_change_nothing(path: Path, bodies: list[bytes]) -> None:
    async def check(api: Caller, client: Client) -> None:
        for body in bodies:
            await client.send(post(body, path="/"))
            response = await client.response()
            assert (response.status, is_an_answer_in_xml(response)) == (200, True)

    exchange(path, check)


@many
@given(calls=st.lists(calls, min_size=1, max_size=5))
def test_any_parameters_get_an_answer_that_is_no_internal_error(
    path: Path, calls: list[tuple[str, list[Any]]]
) -> None:
    async def check(api: Caller, client: Client) -> None:
        for method, params in calls:
            session = api.session if table()[method].takes_session else "none"
            await client.send(post(body_of(method, session, params)))
            response = await client.response()
            assert is_an_answer(response)
            assert b"INTERNAL_ERROR" not in response.body

    exchange(path, check)


def body_of(method: str, session: str, params: list[Any]) -> bytes:
    """A dry run instead of the change itself, where valid parameters would change something."""
    name = f"DryRun.{method}" if f"DryRun.{method}" in table() else method
    return json.dumps({"jsonrpc": "2.0", "method": name, "params": [session, *params], "id": 1}).encode()
