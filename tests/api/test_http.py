"""HTTP as it should be: one request after another, on one connection or many."""

import asyncio
import http.client
import json
import socket as sockets
import time
import xmlrpc.client
from pathlib import Path

import pytest

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.messages import Answer, HTTPRequest, Limits
from agent.api.http.server import serve
from agent.api.sessions.caller import Client as Peer
from tests.api.world import Caller, Client, EngineInMemory, call_body, post

LOGIN = call_body("session.login_with_password", "root", "")
LOGIN_IN_XML = xmlrpc.client.dumps(("root", ""), "session.login_with_password").encode()


async def test_a_connection_serves_many_calls(api: Caller) -> None:
    assert [await api("PIF.get_MTU", pif) for pif in await api("PIF.get_all")] == [1500] * 4


async def test_an_answer_says_what_it_is(client: Client) -> None:
    await client.send(post(LOGIN))
    response = await client.response()
    assert (response.status, response.fields["content-type"]) == (200, "application/json")
    assert sorted(response.fields) == ["content-length", "content-type", "date"]


@pytest.mark.parametrize("path", ["/", "/RPC2", "http://localhost", "/?session_id=x"])
async def test_xml_rpc_is_served_at_its_paths(client: Client, path: str) -> None:
    await client.send(post(LOGIN_IN_XML, path=path) + post(b"hello", path=path))
    response = await client.response()
    assert (response.status, response.fields["content-type"]) == (200, "text/xml")
    assert b"<value>Success</value></member><member><name>Value</name><value>OpaqueRef:" in response.body
    response = await client.response()
    assert (response.status, response.fields["content-type"]) == (200, "text/xml")
    assert b"<fault>" in response.body


async def test_two_requests_sent_at_once_are_answered_in_their_order(client: Client) -> None:
    await client.send(post(LOGIN) + post(call_body("PIF.fly")))
    assert "result" in (await client.response()).document
    assert (await client.response()).document["error"]["message"] == "MESSAGE_METHOD_UNKNOWN"


async def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    for byte in post(LOGIN):
        await client.send(bytes([byte]))
    assert (await client.response()).status == 200


async def test_a_body_may_come_in_chunks(client: Client) -> None:
    head = b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (LOGIN[:9], LOGIN[9:])) + b"0\r\n\r\n"
    await client.send(head + chunks)
    assert "result" in (await client.response()).document


async def test_http_1_0_is_answered_and_closed(client: Client) -> None:
    await client.send(post(LOGIN, version="1.0"))
    assert "result" in (await client.response()).document
    assert await client.is_closed()


async def test_a_client_may_ask_for_the_connection_to_be_closed(client: Client) -> None:
    await client.send(post(LOGIN, "Connection: close"))
    assert (await client.response()).fields["connection"] == "close"
    assert await client.is_closed()


async def test_a_client_that_waits_to_be_told_to_go_on_is_told(client: Client) -> None:
    head, body = post(LOGIN, "Expect: 100-continue").split(b"\r\n\r\n")
    await client.send(head + b"\r\n\r\n")
    assert (await client.response()).status == 100
    await client.send(body)
    assert "result" in (await client.response()).document


async def test_a_client_that_waits_is_not_told_to_send_what_is_too_large(client: Client) -> None:
    await client.send(
        b"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n"
    )
    assert (await client.response()).status == 413
    assert await client.is_closed()


@pytest.mark.parametrize(
    "path", ["/jsonrpc?originator=x", "http://localhost/jsonrpc", "HTTP://h:1/jsonrpc?a"]
)
async def test_a_path_may_have_an_origin_and_a_query(client: Client, path: str) -> None:
    await client.send(post(LOGIN, path=path))
    assert (await client.response()).status == 200


@pytest.mark.parametrize("path", ["/", "/RPC2", "/xmlrpc", "/rpc2", "/jsonrpc/", "*", "//", "/%6asonrpc"])
async def test_at_every_path_but_one_xml_rpc_is_spoken(client: Client, path: str) -> None:
    call = b"<methodCall><methodName>system.isAlive</methodName></methodCall>"
    await client.send(post(call, path=path) + post(LOGIN))
    response = await client.response()
    assert (response.status, response.fields["content-type"]) == (200, "text/xml")
    assert b"<boolean>1</boolean>" in response.body
    assert (await client.response()).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
async def test_another_method_is_not_allowed_and_the_connection_goes_on(client: Client, method: str) -> None:
    await client.send(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode() + post(LOGIN))
    response = await client.response()
    assert (response.status, response.fields["allow"]) == (405, "POST")
    assert (await client.response()).status == 200


async def test_the_answer_to_HEAD_has_no_body(client: Client) -> None:
    await client.send(b"HEAD /jsonrpc HTTP/1.1\r\nHost: x\r\n\r\n" + post(LOGIN))
    head = await client.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert (await client.response()).status == 200


async def test_what_is_no_request_gets_400_and_the_connection_goes_on(client: Client) -> None:
    await client.send(post(b"hello") + post(LOGIN))
    response = await client.response()
    assert (response.status, response.document["error"]["code"]) == (400, -32700)
    assert (await client.response()).status == 200


async def test_pythons_own_http_client_is_served(socket: Path) -> None:
    def login() -> str:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = sockets.socket(sockets.AF_UNIX)
        connection.sock.connect(str(socket))
        connection.request("POST", "/jsonrpc", LOGIN)
        session: str = json.loads(connection.getresponse().read())["result"]
        connection.close()
        return session

    assert (await asyncio.to_thread(login)).startswith("OpaqueRef:")


async def test_a_hundred_idle_connections_cost_nothing_and_another_is_served(
    socket: Path, api: Caller
) -> None:
    idle = [await Client.connect(socket) for _ in range(100)]
    assert len(await api("PIF.get_all")) == 4
    spent = time.process_time()
    await asyncio.sleep(0.3)
    assert time.process_time() - spent < 0.05
    for client in idle:
        await client.close()


async def test_a_call_in_progress_does_not_hold_up_a_read(
    socket: Path, api: Caller, engine: EngineInMemory
) -> None:
    engine.gate.clear()
    async with await Client.connect(socket) as other:
        await other.send(post(call_body("PIF.plug", api.session, engine.pif("eth1").ref)))
        assert await api("PIF.get_currently_attached", engine.pif("eth1").ref) is False
        engine.gate.set()
        assert (await other.response()).document["result"] == ""


async def test_a_call_goes_on_when_its_client_goes_away(
    socket: Path, api: Caller, engine: EngineInMemory
) -> None:
    engine.gate.clear()
    async with await Client.connect(socket) as other:
        await other.send(post(call_body("PIF.plug", api.session, engine.pif("eth1").ref)))
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.05)
    engine.gate.set()
    await asyncio.sleep(0.05)
    assert await api("PIF.get_currently_attached", engine.pif("eth1").ref) is True


async def test_stopping_finishes_calls_in_progress_and_leaves_no_task(
    tmp_path: Path, engine: EngineInMemory
) -> None:
    tasks = asyncio.all_tasks()
    path = tmp_path / "s"
    async with asyncio.timeout(5), serve(path, dispatcher(agent_of(engine))):
        idle, half, busy = [await Client.connect(path) for _ in range(3)]
        api = await Caller.login(busy)
        await half.send(post(LOGIN)[:20])
        engine.gate.clear()
        await busy.send(post(call_body("PIF.plug", api.session, engine.pif("eth1").ref)))
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.05, engine.gate.set)
    assert asyncio.all_tasks() == tasks
    response = await busy.response()
    assert (response.document["result"], response.fields["connection"]) == ("", "close")
    assert [await client.is_closed() for client in (idle, half, busy)] == [True] * 3
    for client in (idle, half, busy):
        await client.close()


async def test_stopping_does_not_wait_for_a_client_that_takes_no_answer(tmp_path: Path) -> None:
    async def large(request: HTTPRequest, peer: Peer) -> Answer:
        return Answer(200, b"x" * 10_000_000)

    path = tmp_path / "s"
    async with serve(path, large, limits=Limits(request_seconds=0.2)):
        client = await Client.connect(path)
        await client.send(post(LOGIN))
        await asyncio.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    await client.close()
