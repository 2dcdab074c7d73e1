"""Hangups: who of the clients has hung up, heard without reading what they have sent."""

import asyncio
import select
from collections.abc import Callable


class Hangups:
    """The kernel says when a Unix socket's other end is closed for good, and not only for writing.

    A client that has ended its sending still gets its answer.  So end-of-file says too little, and it is
    seen late: behind what was sent and not read yet.  A set of epoll's that asks for no event is told of
    hang-ups alone, and is itself a file that the loop can wait for: as long as nobody hangs up, nothing runs.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._tell: dict[int, Callable[[], object]] = {}
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._look)

    def watch(self, descriptor: int, tell: Callable[[], object]) -> None:
        """Call `tell`, once, when the other end of this socket is gone."""
        if not self._epoll.closed:  # as it is for who comes while the server ends
            self._tell[descriptor] = tell
            self._epoll.register(descriptor, 0)

    def forget(self, descriptor: int) -> None:
        """The socket is about to be closed."""
        if self._tell.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def close(self) -> None:
        """Watch no longer."""
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._tell.clear()
        self._epoll.close()

    def _look(self) -> None:
        for descriptor, _ in self._epoll.poll(0):
            tell = self._tell[descriptor]
            self.forget(descriptor)
            tell()


Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter, asyncio.Event], None]


class Line(asyncio.StreamReaderProtocol):
    """A stream on a Unix socket, and the event of its other end being gone, or of itself being closed."""

    def __init__(self, hangups: Hangups, accept: Accept) -> None:
        super().__init__(asyncio.StreamReader(), lambda reader, writer: accept(reader, writer, self._gone))
        self._hangups = hangups
        self._gone = asyncio.Event()
        self._descriptor = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Watched from the first moment."""
        self._descriptor = transport.get_extra_info("socket").fileno()
        self._hangups.watch(self._descriptor, self._gone.set)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is still open here, so that its number is nobody else's yet."""
        self._hangups.forget(self._descriptor)
        self._gone.set()
        super().connection_lost(exc)
