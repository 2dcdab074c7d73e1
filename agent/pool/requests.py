"""Requests: a call about another host's objects is carried out by that host's own daemon.

A request is a key; the host that takes it up removes it first, so that it is carried out once, or not at all.
What became of it comes back as another key.  Both go by themselves when the host that wrote them is lost.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from agent.errors import Failure, HostDoesNotAnswer, InternalError, by_code
from agent.model.records import Host, Ref
from agent.pool import layout
from agent.pool.etcd import Entry, Unavailable
from agent.pool.layout import uuid_of
from agent.pool.session import Session

log = logging.getLogger("pifd.pool")

TAKEN_UP = 5.0
"""Seconds in which a host that is alive takes a request up."""
LOOK = 0.5
"""Seconds between two looks whether a host that carries something out is still alive."""

CarryOut = Callable[[str, Mapping[str, Any], str], Awaitable[Any]]
"""Carries a call out here: its method, its parameters by name, and who has asked for it."""


class Requests:
    """carry_out: what does the work of a request to this host."""

    def __init__(self, session: Session) -> None:
        self._session, self._entries = session, session.entries
        self.carry_out: CarryOut | None = None
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._taken: dict[str, asyncio.Event] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        session.on_entry = self._hear

    async def ask(self, host: Ref[Host], method: str, arguments: Mapping[str, Any], by: str) -> Any:
        """What the call gives on another host; the Failure that it raises there.

        Raises HOST_OFFLINE where the host does not answer; while it had not begun, nothing was done.
        """
        self._entries.check()
        if not self._session.is_live(host):
            raise HostDoesNotAnswer(host, "it is not heard of")
        number, this = str(uuid4()), self._session.this.uuid
        key, back = f"{layout.REQUESTS}{uuid_of(host)}/{number}", f"{layout.ANSWERS}{this}/{number}"
        told = {"method": method, "arguments": arguments, "by": by, "from": this}
        answer = self._answers[back] = asyncio.get_running_loop().create_future()
        taken = self._taken[key] = asyncio.Event()
        try:
            await self._entries.asked(
                self._entries.store.commit({}, {key: json.dumps(told).encode()}, leased=True)
            )
            await self._be_taken_up(host, key, taken)
            return await self._answer(host, answer)
        finally:
            del self._answers[back], self._taken[key]
            with suppress(Unavailable):
                await self._entries.store.commit({}, {}, [back])

    async def _be_taken_up(self, host: Ref[Host], key: str, taken: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(taken.wait(), TAKEN_UP)
            return
        revision = self._entries.revision(key)
        gone = await self._entries.asked(self._entries.store.commit({key: revision}, {}, [key]))
        if gone is not None:
            raise HostDoesNotAnswer(host, f"it does not take the call up in {TAKEN_UP:g} s; nothing was done")

    async def _answer(self, host: Ref[Host], answer: "asyncio.Future[Any]") -> Any:
        while not answer.done():
            await asyncio.wait([answer], timeout=LOOK)
            if not answer.done() and not self._session.is_live(host):
                raise HostDoesNotAnswer(host, "it was lost while it carried the call out")
        told = answer.result()
        if "error" in told:
            raise failure_of(told["error"])
        return told["result"]

    def _hear(self, key: str, entry: Entry | None) -> None:
        if key in self._answers and entry is not None and not self._answers[key].done():
            self._answers[key].set_result(json.loads(entry.value))
        elif key in self._taken and entry is None:
            self._taken[key].set()
        elif entry is not None and key.startswith(self._own) and key not in self._work:
            self._work[key] = asyncio.create_task(self._take_up(key, entry))
            self._work[key].add_done_callback(lambda _: self._work.pop(key, None))

    @property
    def _own(self) -> str:
        return f"{layout.REQUESTS}{self._session.this.uuid}/"

    async def _take_up(self, key: str, entry: Entry) -> None:
        try:
            if await self._entries.store.commit({key: entry.revision}, {}, [key]) is None:
                return  # who asked has given up
            told = json.loads(entry.value)
            answer = json.dumps(await self._done(told)).encode()
            back = f"{layout.ANSWERS}{told['from']}/{key.rpartition('/')[2]}"
            await self._entries.store.commit({}, {back: answer}, leased=True)
        except Unavailable as error:
            log.error("a request of another host's can't be answered: %s", error)

    async def _done(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            if self.carry_out is None:
                raise InternalError("this daemon carries out no requests")
            return {"result": await self.carry_out(told["method"], told["arguments"], told["by"])}
        except Failure as failure:
            return {"error": [failure.code, *failure.parameters]}
        except Exception as error:
            log.exception("a request of another host's failed")
            return {"error": [InternalError.code, f"{type(error).__name__}: {error}"]}

    async def close(self) -> None:
        """Let what is being carried out come to its end."""
        await asyncio.gather(*self._work.values(), return_exceptions=True)


def failure_of(error: list[str]) -> Failure:
    """The Failure that another host's daemon has told of."""
    code, *parameters = error
    kind = by_code(code)
    if kind is None or len(kind.names) != len(parameters):
        return InternalError(f"{code}: {', '.join(parameters)}")
    return kind(*parameters)
