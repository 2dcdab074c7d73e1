"""HTTP on a Unix socket: the connections, who may have one, how many there may be, and how they end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from agent.api.http.connection import Connection
from agent.api.http.messages import Answer, Dispatch, Limits, plain_answer
from agent.api.http.socketfile import BACKLOG, listening_socket
from agent.api.sessions.caller import Caller, Client, caller_of

log = logging.getLogger(__name__)

LIMITS = Limits()

Admits = Callable[[Caller], bool]


def everybody(caller: Caller) -> bool:
    """Admits whom the permissions of the socket's file let in."""
    return True


@asynccontextmanager
async def serve(
    path: Path,
    dispatch: Dispatch,
    *,
    mode: int = 0o660,
    group: int | None = None,
    admits: Admits = everybody,
    limits: Limits = LIMITS,
) -> AsyncIterator[None]:
    """Serve on the path while inside; at exit calls in progress are finished and all connections closed.

    mode, group: the permissions of the socket's file, and the id of the group that owns it.  admits: whether
    a caller is served; another one gets HTTP 403.  Raises SocketUnavailable when the path is taken, and
    OSError.
    """
    with listening_socket(path, mode, group) as listener:
        connections = Connections(dispatch, admits, limits)
        server = await asyncio.start_unix_server(connections.accept, sock=listener, backlog=BACKLOG)
        try:
            yield
        finally:
            server.close()
            await connections.close()
            await server.wait_closed()


class Connections:
    """The connections that are open, each with the task that serves it, or that tells it why not."""

    def __init__(self, dispatch: Dispatch, admits: Admits, limits: Limits) -> None:
        self._dispatch = dispatch
        self._admits = admits
        self._limits = limits
        self._served: dict[asyncio.Task[None], Connection] = {}
        self._turned_away: dict[asyncio.Task[None], Connection] = {}
        self._closed = False

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more client, or turn it away; without a word, where too many are being told why."""
        client = Client(caller_of(writer.get_extra_info("socket")), asyncio.Event())
        connection = Connection(reader, writer, client, self._dispatch, self._limits)
        obstacle = self._obstacle(client.caller)
        if obstacle is None:
            self._begin(connection, connection.run(), self._served)
        elif not self._closed and len(self._turned_away) < self._limits.turned_away:
            self._begin(connection, connection.turn_away(obstacle), self._turned_away)
        else:
            connection.abort()

    async def close(self) -> None:
        """Close those that wait for a request; wait for those that are being answered."""
        self._closed = True
        for task, connection in self._served.items():
            connection.end()
            if not connection.busy:
                task.cancel()
        for task in self._turned_away:
            task.cancel()
        await asyncio.gather(*self._served, *self._turned_away, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    def _obstacle(self, caller: Caller) -> Answer | None:
        """Why a client is turned away, if it is."""
        if not self._admits(caller):
            return plain_answer(403, f"user {caller.uid} is not allowed to use pifd")
        if self._closed or len(self._served) >= self._limits.connections:
            return plain_answer(503, "too many connections")
        if self._connections_of(caller.uid) >= self._limits.of_a_user:
            return plain_answer(503, f"too many connections of user {caller.uid}")
        return None

    def _connections_of(self, uid: int) -> int:
        return sum(connection.client.caller.uid == uid for connection in self._served.values())

    def _begin(
        self,
        connection: Connection,
        work: Coroutine[Any, Any, None],
        those: dict[asyncio.Task[None], Connection],
    ) -> None:
        task = asyncio.create_task(work)
        those[task] = connection
        # Not at the end of the work, which a task that is cancelled before its first step never reaches.
        task.add_done_callback(partial(_ended, those))


def _ended(those: dict[asyncio.Task[None], Connection], task: asyncio.Task[None]) -> None:
    those.pop(task).abort()
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a connection failed", exc_info=error)
