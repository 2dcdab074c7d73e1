"""etcd, the pool's store, behind one door: keys with revisions, guarded transactions, a watch, a lease.

Only a configured pool has aetcd imported.  Whatever goes wrong is Unavailable, with a reason for people: the
caller closes the door then, and opens it again, at the next endpoint.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

MOST_OPERATIONS = 100
"""In one transaction (etcd's own default limit is 128)."""
NO_SUCH_KEY = 0
"""The revision of a key that is not there."""


class Unavailable(Exception):
    """etcd can't be used; the text says why, and which endpoint it is about."""


class Unanswered(Unavailable):
    """What it was asked for may have been done all the same."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where etcd is, and who asks it.  endpoints: `host:port`.  timeout: seconds for one answer."""

    endpoints: Sequence[str]
    prefix: str = "/pifd"
    user: str = ""
    password_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    timeout: float = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's value, and the revision in which it got it."""

    value: bytes
    revision: int


Changes = Mapping[str, Entry | None]
"""By key what is there now; None for nothing."""


class Etcd:
    """One connection at a time.  Keys are below the prefix, and are named without it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._prefix = f"{access.prefix.rstrip('/')}/"
        self._turns = count()
        self._open: Any = None
        self._lease: Any = None
        self.endpoint = ""

    async def open(self) -> None:
        """Connect to the next endpoint."""
        endpoints = self._access.endpoints
        self.endpoint = endpoints[next(self._turns) % len(endpoints)]
        try:
            self._open = client_of(self._access, self.endpoint)
        except (OSError, ValueError, ImportError) as error:
            raise Unavailable(f"{self.endpoint}: {error}") from error
        await self._answer(self._client.connect())

    async def close(self) -> None:
        client, self._open, self._lease = self._open, None, None
        if client is not None:
            with suppress(Exception):
                async with asyncio.timeout(self._access.timeout):
                    await client.channel.close()

    @property
    def _client(self) -> Any:
        if self._open is None:
            raise Unavailable(f"{self.endpoint}: the connection is closed")
        return self._open

    @property
    def _rpc(self) -> Any:
        from aetcd import rpc

        return rpc

    async def read(self) -> tuple[dict[str, Entry], int]:
        """Everything, and the revision in which it is so."""
        found = await self._answer(self._client.get_prefix(self._key("")))
        entries = {self._name(one.key): Entry(one.value, one.mod_revision) for one in found}
        return entries, found.header.revision

    async def changes(self, revision: int) -> AsyncIterator[Changes]:
        """What changes after a revision, in groups.  aetcd has a watch, too, which may hang at its end."""
        rpc, below = self._rpc, self._key("")
        asked = rpc.WatchCreateRequest(key=below, range_end=end_of(below), start_revision=revision + 1)
        stream = rpc.WatchStub(self._client.channel).Watch(metadata=self._client.metadata)
        try:
            await self._answer(stream.write(rpc.WatchRequest(create_request=asked)))
            while True:
                answer = await self._next(stream)
                if answer.events:
                    yield {self._name(one.kv.key): _entry(one) for one in answer.events}
        finally:
            stream.cancel()

    async def _next(self, stream: Any) -> Any:
        """The next answer of a watch, which may be long in coming."""
        try:
            answer = await stream.read()
        except asyncio.CancelledError as error:
            raise self._closed(error) from error
        except Exception as error:  # grpc's
            raise self._unavailable(error) from error
        if not hasattr(answer, "events") or answer.canceled or answer.compact_revision:
            raise Unavailable(f"{self.endpoint}: it tells of no more changes")
        return answer

    async def commit(
        self,
        guards: Mapping[str, int],
        puts: Mapping[str, bytes],
        gone: Collection[str] = (),
        *,
        leased: bool = False,
    ) -> int | None:
        """Change some keys if others have these revisions; the new revision, or None where they have not.

        leased: the keys go when this host is not heard of any more.
        """
        kinds = self._client.transactions
        lease = self._lease if leased else None
        compare = [kinds.mod(self._key(name)) == revision for name, revision in guards.items()]
        steps = [kinds.put(self._key(name), value, lease) for name, value in puts.items()]
        steps += [kinds.delete(self._key(name)) for name in gone]
        done, answers = await self._answer(self._client.transaction(compare, steps, []))
        if not done:
            return None
        return max((_revision_of(answer) for answer in answers), default=0)

    async def remove(self, below: str) -> None:
        """All keys below one go."""
        await self._answer(self._client.delete_prefix(self._key(below)))

    async def lease(self, seconds: int) -> None:
        """From now on leased keys stay as long as `stay` is called in time."""
        self._lease = await self._answer(self._client.lease(seconds))

    async def stay(self) -> None:
        """The lease is as long as it was; Unavailable when it is over."""
        if self._lease is None:
            raise Unavailable(f"{self.endpoint}: the connection is closed")
        answer = await self._answer(self._lease.refresh())
        if answer is None or answer.TTL <= 0:
            raise Unavailable(f"{self.endpoint}: it has not heard of this host for too long")

    async def _answer(self, asked: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._access.timeout + 1):  # wait_for may swallow a cancellation
                return await asked
        except asyncio.CancelledError as error:
            raise self._closed(error) from error
        except Exception as error:  # aetcd's own, grpc's, and what they let through
            raise self._unavailable(error) from error

    def _closed(self, error: asyncio.CancelledError) -> BaseException:
        """grpc cancels who waits for an answer on a connection that is closed; nobody has cancelled him."""
        task = asyncio.current_task()
        is_meant = task is not None and task.cancelling()
        return error if is_meant else Unanswered(f"{self.endpoint}: the connection was closed")

    def _unavailable(self, error: Exception) -> Unavailable:
        if isinstance(error, TimeoutError) or type(error).__name__ in TIMEOUTS:
            return Unanswered(f"{self.endpoint} does not answer within {self._access.timeout:g} s")
        details = getattr(error, "details", str)
        words = details() or str(error) or type(error).__name__
        hint = next((hint for sign, hint in HINTS.items() if sign in words), "")
        return Unavailable(f"{self.endpoint}: {hint}{words}")

    def _key(self, name: str) -> bytes:
        return f"{self._prefix}{name}".encode()

    def _name(self, key: bytes) -> str:
        return key.decode(errors="replace").removeprefix(self._prefix)


HINTS = {
    "certificate has expired": "etcd's certificate has expired: ",
    "CERTIFICATE_VERIFY_FAILED": "etcd's certificate is of no CA in pool_ca: ",
    "TSI_": "this host's certificate (pool_certificate) is refused, it may have expired: ",
    "invalid user ID or password": "etcd does not know pool_user by this password: ",
    "authentication failed": "etcd does not know pool_user by this password: ",
    "user name is empty": "etcd asks for a user (pool_user): ",
    "permission denied": "etcd does not let pool_user do that: ",
    "database space exceeded": "etcd is full, and can only be read: ",
}
"""What stands before a text of grpc's or etcd's in which a sign is found."""

TIMEOUTS = ("ConnectionTimeoutError", "WatchTimeoutError")
"""aetcd's errors for no answer, whose own text is about its insides."""


def _entry(event: Any) -> Entry | None:
    """What an event leaves: a key that is put has a version."""
    return Entry(event.kv.value, event.kv.mod_revision) if event.kv.version else None


def end_of(prefix: bytes) -> bytes:
    """The first key after all that begin so."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _revision_of(answer: Any) -> int:
    kind = answer.WhichOneof("response")
    return int(getattr(answer, kind).header.revision)


OPTIONS = {
    "grpc.keepalive_time_ms": 5000,
    "grpc.keepalive_timeout_ms": 3000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": 500,
    "grpc.max_reconnect_backoff_ms": 2000,
    "grpc.enable_http_proxy": 0,
}


def client_of(access: Access, endpoint: str) -> Any:
    """aetcd's client for one endpoint.  It knows no TLS by itself: such a channel is made here.

    Raises OSError for a file that can't be read, ImportError where the extra is not installed.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import aetcd
        import grpc
    except ImportError as error:
        raise ImportError(f"{error}: pools need the extra pifd[pool]") from error
    host, _, port = endpoint.rpartition(":")
    user = access.user or None
    password = access.password_file.read_text().strip() if access.password_file else None
    client = aetcd.Client(host, int(port), user, password, access.timeout, OPTIONS)
    files = (access.ca, access.key, access.certificate)
    if any(files):
        read = [None if file is None else file.read_bytes() for file in files]
        client.connect = partial(_connect, client, endpoint, grpc.ssl_channel_credentials(*read))
    return client


async def _connect(client: Any, endpoint: str, credentials: Any) -> None:
    """As aetcd's own `connect`, but by TLS."""
    from aetcd import rpc

    if client._connected.is_set():
        return
    channel = client.channel = rpc.secure_channel(endpoint, credentials, options=[*OPTIONS.items()])
    if client._username is not None:
        asked = rpc.AuthenticateRequest(name=client._username, password=client._password)
        answer = await rpc.AuthStub(channel).Authenticate(asked, timeout=client._timeout)
        client.metadata = (("token", answer.token),)
    client.kvstub, client.leasestub = rpc.KVStub(channel), rpc.LeaseStub(channel)
    client._connected.set()
