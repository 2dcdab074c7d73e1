"""One HTTP connection: requests read one after another, each answered before the next is looked at."""

import asyncio
import re
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from socket import socket
from time import monotonic

import h11

from agent.api.http.messages import Answer, Dispatch, HTTPRequest, Limits, headers, plain_answer
from agent.api.sessions.caller import Client

VERSIONS = (b"1.0", b"1.1")
CHUNK = SHORT = 65536
BETWEEN_LOOKS = 0.1
"""Seconds between two looks at whether a client that has ended its sending is still there."""
ORIGIN = re.compile(r"^https?://[^/?]*", re.IGNORECASE)


class Refused(Exception):
    """The request is not read to its end: it gets this answer, and the connection is closed."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Connection:
    """`busy` from a request's last byte to its answer's: then it must not be cancelled.

    last_used: since when it is not, by the monotonic clock.

    Nothing is cancelled when the client goes away: a change that was asked for is finished whether or not
    its answer can be delivered.  What only waits ends by itself, when the client is `gone`; to hear of that,
    the connection reads ahead while it answers.
    """

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    def __init__(self, plug: socket, client: Client, dispatch: Dispatch, limits: Limits) -> None:
        self.busy = False
        self.last_used = 0.0
        self.closing = False
        self._plug = plug
        self.client = client
        self._dispatch = dispatch
        self._limits = limits
        self._http = h11.Connection(h11.SERVER)
        self._reserved = 0
        self._waits_for_room = False

    async def run(self) -> None:
        """Serve until the client closes, is silent for too long or breaks a rule, or `closing` is set."""
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, self._plug)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        transport.set_write_buffer_limits(high=0)  # so that drain means: handed to the kernel
        try:
            while not self.closing and await self._begins():
                await self._serve_one()
                if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
                    return
                self._http.start_next_cycle()
        except (ConnectionError, TimeoutError):
            return  # the client is gone, or does not take its answer: there is nobody to tell

    def end(self) -> None:
        """Take no further request; what waits on the client's behalf for something to happen ends."""
        self.closing = True
        self.client.gone.set()

    def abort(self) -> None:
        """Close at once."""
        if hasattr(self, "_writer"):
            self._writer.transport.abort()
        else:
            self._plug.close()

    async def _begins(self) -> bool:
        """Wait for the first byte of a request; False when there is none."""
        if self._http.trailing_data[0]:
            return True
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                data = await self._reader.read(CHUNK)
        except TimeoutError:
            return False
        self._http.receive_data(data)
        return bool(data)

    async def _serve_one(self) -> None:
        """The room that the request takes up is free again when it has been answered."""
        async with self._reservation():
            try:
                request = await self._read()
            except Refused as refused:
                await self._refuse(refused.answer)
            except h11.RemoteProtocolError as error:
                await self._refuse(plain_answer(error.error_status_hint, f"this is not HTTP: {error}"))
            else:
                self.busy = True
                answer = await self._answer(request)
                try:
                    await self._respond(answer, request.method)
                finally:
                    answer.sent()
                self.busy, self.last_used = False, monotonic()

    @asynccontextmanager
    async def _reservation(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self._give_back(self._reserved)

    async def _reserve(self, length: int) -> None:
        """Take room for a body that is about to come, unless it is short: of those there are few enough."""
        if length <= SHORT:
            return
        self._waits_for_room = True
        self._reserved += await self.client.share.requests.take(length)
        self._waits_for_room = False

    def _give_back(self, size: int) -> None:
        self._reserved -= size
        self.client.share.requests.give(size)

    async def _answer(self, request: HTTPRequest) -> Answer:
        ahead = asyncio.create_task(self._read_ahead())
        try:
            return await self._dispatch(request, self.client)
        finally:
            ahead.cancel()
            await asyncio.wait([ahead])

    async def _read_ahead(self) -> None:
        """Keep what comes for later, until the client hangs up or has sent too much to be read ahead."""
        read = 0
        try:
            while data := await self._reader.read(CHUNK):
                self._http.receive_data(data)
                read += len(data)
                if read >= self._limits.ahead_bytes:
                    break
            while not hung_up(self._writer.get_extra_info("socket")):  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(BETWEEN_LOOKS)
        except ConnectionError:
            pass
        self.client.gone.set()

    async def _read(self) -> HTTPRequest:
        seconds = self._limits.request_seconds
        try:
            async with asyncio.timeout(seconds):
                head = await self._head()
                body = await self._body()
        except TimeoutError:
            raise Refused(self._too_late(seconds)) from None
        path = ORIGIN.sub("", head.target.decode("ascii")).partition("?")[0]
        return HTTPRequest(head.method.decode("ascii"), path or "/", body)

    def _too_late(self, seconds: float) -> Answer:
        if self._waits_for_room:
            uid = self.client.caller.uid
            return plain_answer(503, f"user {uid} has too many bytes of requests under way")
        return plain_answer(408, f"the request was not complete after {seconds:g} seconds")

    async def _head(self) -> h11.Request:
        """Refuses a body that is too long before it is sent, where the head says how long it will be."""
        head = await self._event()
        if not isinstance(head, h11.Request):
            raise Refused(plain_answer(400, "there was no request"))
        if head.http_version not in VERSIONS:
            raise Refused(plain_answer(505, f"HTTP/{head.http_version.decode('ascii')} is not spoken here"))
        fields = dict(head.headers)
        length = int(fields.get(b"content-length", 0))
        self._check_length(length)
        await self._reserve(self._limits.body_bytes if b"transfer-encoding" in fields else length)
        return head

    async def _body(self) -> bytes:
        body = bytearray()
        while isinstance(data := await self._event(), h11.Data):
            body += data.data
            self._check_length(len(body))
        self._give_back(max(0, self._reserved - len(body)))
        return bytes(body)

    def _check_length(self, length: int) -> None:
        if length > self._limits.body_bytes:
            raise Refused(plain_answer(413, f"a body has at most {self._limits.body_bytes} bytes"))

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(CHUNK))
        return event

    async def _respond(self, answer: Answer, method: str = "") -> None:
        close = [("Connection", "close")] if self.closing else []
        reason = HTTPStatus(answer.status).phrase  # all that XML-RPC's clients show of what is not 200
        head = [*headers(answer), *close]
        await self._send(h11.Response(status_code=answer.status, headers=head, reason=reason))
        if method != "HEAD":
            await self._send(h11.Data(data=answer.body))
        await self._send(h11.EndOfMessage())

    async def _refuse(self, answer: Answer) -> None:
        self.closing = True
        await self._respond(answer)
        await self._linger()

    async def _linger(self) -> None:
        """Throw away what the client still sends: one that writes to a closed socket reads no answer."""
        self._writer.write_eof()
        async with asyncio.timeout(self._limits.linger_seconds):
            while await self._reader.read(CHUNK):
                pass

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        async with asyncio.timeout(self._limits.request_seconds):
            await self._writer.drain()


def hung_up(peer: socket) -> bool:
    """Whether the other end of a Unix socket is closed, and not only for writing, as end-of-file says."""
    poll = select.poll()
    poll.register(peer, 0)  # asks for no event: a hang-up is told of unasked
    return bool(poll.poll(0))
