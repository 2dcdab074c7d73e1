"""HTTP on a Unix socket: the connections, how many there may be, and how they end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.api.answer import Dispatch
from agent.api.connection import Connection
from agent.api.limits import Limits
from agent.api.socketfile import BACKLOG, listening_socket

log = logging.getLogger(__name__)

NO_PLACE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n"
)
LIMITS = Limits()


@asynccontextmanager
async def serve(
    path: Path, dispatch: Dispatch, *, mode: int = 0o660, limits: Limits = LIMITS
) -> AsyncIterator[None]:
    """Serve on the path while inside; at exit calls in progress are finished and all connections closed.

    mode: the permissions of the socket's file.  Raises SocketUnavailable when the path is taken, and OSError.
    """
    with listening_socket(path, mode) as listener:
        connections = Connections(dispatch, limits)
        server = await asyncio.start_unix_server(connections.accept, sock=listener, backlog=BACKLOG)
        try:
            yield
        finally:
            server.close()
            await connections.close()
            await server.wait_closed()


class Connections:
    """The connections that are open, each with the task that serves it."""

    def __init__(self, dispatch: Dispatch, limits: Limits) -> None:
        self._dispatch = dispatch
        self._limits = limits
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._closed = False

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more client, or turn it away."""
        if self._closed or len(self._open) >= self._limits.connections:
            writer.write(NO_PLACE)
            writer.close()
            return
        connection = Connection(reader, writer, self._dispatch, self._limits)
        task = asyncio.create_task(connection.run())
        self._open[task] = connection
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Close those that wait for a request; wait for those that are being answered."""
        self._closed = True
        for task, connection in self._open.items():
            connection.closing = True
            if not connection.busy:
                task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Here and not at the end of run, which a task that is cancelled before its first step never reaches.
        self._open.pop(task).abort()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection failed", exc_info=error)
