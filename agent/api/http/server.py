"""HTTP on a Unix socket: the connections, who may have one, how many there may be, and how they end.

Connections are accepted here rather than by asyncio's server, so that who is turned away has cost no more
than a look at who it is.
"""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from agent.api.http.connection import Connection
from agent.api.http.messages import Answer, Dispatch, Limits, as_bytes, is_root, plain_answer
from agent.api.http.socketfile import listening_socket
from agent.api.sessions.caller import Caller, Client, caller_of
from agent.api.sessions.share import Share

log = logging.getLogger(__name__)

LIMITS = Limits()
AT_ONCE = 64
"""Connections that are accepted before those that are open have a turn."""
TRASH = 65536
UNTIL_THERE_IS_ROOM = 0.1
"""Seconds without accepting, where the process may open no more files."""
NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

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
        listener.setblocking(False)
        connections = Connections(dispatch, admits, limits)
        acceptor = Acceptor(listener, connections)
        acceptor.begin()
        try:
            yield
        finally:
            acceptor.end()
            await connections.close()


class Acceptor:
    """Accepts those that come, a few at a time."""

    def __init__(self, listener: socket.socket, connections: "Connections") -> None:
        self._listener, self._connections = listener, connections
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Accept from now on."""
        self._loop.add_reader(self._listener, self._accept)

    def end(self) -> None:
        """Accept nobody any more; who waits to be accepted is hung up on."""
        self._loop.remove_reader(self._listener)
        if self._pause is not None:
            self._pause.cancel()
        for plug in self._waiting():
            plug.close()

    def _accept(self) -> None:
        for plug in self._waiting():
            self._connections.accept(plug)

    def _waiting(self) -> Iterator[socket.socket]:
        for _ in range(AT_ONCE):
            try:
                plug, _address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                log.error("no connection can be accepted for now: %s", error.strerror)
                self._connections.make_room()
                self._loop.remove_reader(self._listener)
                self._pause = self._loop.call_later(UNTIL_THERE_IS_ROOM, self.begin)
                return
            plug.setblocking(False)
            yield plug


class Connections:
    """The connections that are open: those that have sent something, each with the task that serves it, those
    that have not, and those that are being told why they are not served.

    There is always a place for root.  Who has too many loses the one that has been without a request for
    longest, as HTTP allows; who waits for answers on all of them gets no more.
    """

    def __init__(self, dispatch: Dispatch, admits: Admits, limits: Limits) -> None:
        self._dispatch = dispatch
        self._admits = admits
        self._limits = limits
        self._served: dict[asyncio.Task[None], Connection] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._shares: dict[int, Share] = {}
        self._count: Counter[int] = Counter()
        self._silent: dict[socket.socket, tuple[Caller, asyncio.TimerHandle]] = {}
        self._turned_away: dict[socket.socket, asyncio.TimerHandle] = {}
        self._closed = False

    def accept(self, plug: socket.socket) -> None:
        """Serve one more client, or turn it away; without a word, where too many are being told why."""
        try:
            caller = caller_of(plug)
        except OSError:
            plug.close()
            return
        obstacle = self._obstacle(caller)
        if obstacle is None:
            self._receive(plug, caller)
        else:
            self._turn_away(plug, obstacle)

    def _receive(self, plug: socket.socket, caller: Caller) -> None:
        """Wait for the first byte: most of those that connect without end never send one."""
        try:
            has_sent = bool(plug.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            loop = asyncio.get_running_loop()
            loop.add_reader(plug.fileno(), self._begin, plug, caller)
            self._silent[plug] = caller, loop.call_later(self._limits.idle_seconds, self._forget, plug)
            self._count[caller.uid] += 1
            return
        except OSError:
            has_sent = False
        if has_sent:
            self._serve(plug, caller)
        else:
            plug.close()

    def _begin(self, plug: socket.socket, caller: Caller) -> None:
        self._let_go(plug)
        self._receive(plug, caller)

    def _serve(self, plug: socket.socket, caller: Caller) -> None:
        share = self._shares.setdefault(caller.uid, Share(self._limits.bytes_of(caller.uid)))
        client = Client(caller, asyncio.Event(), share)
        connection = Connection(plug, client, self._dispatch, self._limits)
        task = asyncio.create_task(connection.run())
        self._served[task] = connection
        self._count[caller.uid] += 1
        # Not at the end of the work, which a task that is cancelled before its first step never reaches.
        task.add_done_callback(partial(self._ended, connection))

    async def close(self) -> None:
        """Close those that wait for a request; wait for those that are being answered."""
        self._closed = True
        for task, connection in self._served.items():
            connection.end()
            if not connection.busy:
                task.cancel()
        for plug in (*self._turned_away, *self._silent):
            self._forget(plug)
        await asyncio.gather(*self._served, *self._leaving, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the loop's next turn

    def make_room(self) -> None:
        """Close what nobody is waiting for, on either side."""
        for plug in (*self._turned_away, *self._silent):
            self._forget(plug)
        self._close_idle(None)

    def _obstacle(self, caller: Caller) -> Answer | None:
        """Why a client is turned away, if it is."""
        uid, limits = caller.uid, self._limits
        if not self._admits(caller):
            return plain_answer(403, f"user {uid} is not allowed to use pifd")
        if self._closed:
            return plain_answer(503, "pifd is about to end")
        if self._count[uid] >= limits.connections_of(uid) and not self._close_idle(uid):
            return plain_answer(503, f"too many connections of user {uid}")
        others = {other: number for other, number in self._count.items() if not is_root(other)}
        if is_root(uid) or sum(others.values()) < limits.connections:
            return None
        greediest = max(others, key=lambda other: others[other])
        return None if self._close_idle(greediest) else plain_answer(503, "too many connections")

    def _close_idle(self, uid: int | None) -> bool:
        """Close the connection of a user, or of anybody, that has been without a request for longest.

        Those that have never had one are the first.
        """
        for plug, (caller, _) in self._silent.items():
            if uid in (None, caller.uid):
                self._forget(plug)
                return True
        idle = (
            task
            for task, connection in self._served.items()
            if uid in (None, connection.client.caller.uid) and not connection.busy
        )
        task = min(idle, key=lambda task: self._served[task].last_used, default=None)
        if task is None:
            return False
        self._leaving.add(task)
        self._leave(task)
        task.cancel()
        return True

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._count[self._served.pop(task).client.caller.uid] -= 1

    def _ended(self, connection: Connection, task: asyncio.Task[None]) -> None:
        connection.abort()
        if task in self._served:
            self._leave(task)
        self._leaving.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection failed", exc_info=error)

    def _turn_away(self, plug: socket.socket, answer: Answer) -> None:
        """Send the answer; throw away for a while what comes: who writes to a closed socket reads none."""
        if self._closed or len(self._turned_away) >= self._limits.turned_away:
            plug.close()
            return
        loop = asyncio.get_running_loop()
        self._turned_away[plug] = loop.call_later(self._limits.linger_seconds, self._forget, plug)
        try:
            plug.send(as_bytes(answer))
            plug.shutdown(socket.SHUT_WR)
            loop.add_reader(plug.fileno(), partial(self._throw_away, plug))
        except OSError:
            self._forget(plug)

    def _throw_away(self, plug: socket.socket) -> None:
        try:
            if plug.recv(TRASH):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._forget(plug)

    def _forget(self, plug: socket.socket) -> None:
        self._let_go(plug)
        plug.close()

    def _let_go(self, plug: socket.socket) -> None:
        if plug in self._silent:
            caller, timer = self._silent.pop(plug)
            self._count[caller.uid] -= 1
        else:
            timer = self._turned_away.pop(plug)
        timer.cancel()
        asyncio.get_running_loop().remove_reader(plug.fileno())
