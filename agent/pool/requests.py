"""Requests: a call about another host's objects is carried out by that host's own daemon.

A request is a key; the host that takes it up removes it first, so that it is carried out once, or not at all.
What became of it comes back as another key.  Both go by themselves when the host that wrote them is lost.

A part of a call for all hosts says how it is undone.  The host undoes it by itself, unless it is told
that the part stays: when who has asked is lost, or when the part has cut the host off from etcd.  A daemon
that was killed meanwhile sees it through at its next start.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from agent.errors import Failure, HostDoesNotAnswer, InternalError, PoolUnavailable, by_code
from agent.logs import only_failing
from agent.model.records import Host, Ref
from agent.pool import layout
from agent.pool.etcd import Entry, Unavailable
from agent.pool.layout import uuid_of
from agent.pool.session import Session
from agent.pool.trials import Trials, Undo

log = logging.getLogger("pifd.pool")

TAKEN_UP = 5.0
"""Seconds in which a host that is alive takes a request up."""
LOOK = 0.25
"""Seconds between two looks at what is waited for."""
LOST = 15.0
"""Seconds after which a host that is not heard of is lost: it may have to find another way to etcd."""
GOODBYE = 1.0
"""Seconds in which answers go out when the daemon ends."""
STAYS, UNDO = b"stays", b"undo"
"""How a part is settled."""
CarryOut = Callable[[str, Mapping[str, Any], str], Awaitable[Any]]
"""Carries a call out here: its method, its parameters by name, and who has asked for it."""


class Requests:
    """carry_out: what does the work of a request to this host.  trials: the parts not settled yet."""

    def __init__(self, session: Session, trials: Trials | None = None) -> None:
        self._session, self._entries = session, session.entries
        self.trials = trials or Trials()
        self.carry_out: CarryOut | None = None
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._taken: dict[str, asyncio.Event] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._trials: dict[str, asyncio.Future[bytes]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        session.on_entry = self._hear

    # --- asking -------------------------------------------------------------------------------------

    async def ask(
        self,
        host: Ref[Host],
        method: str,
        arguments: Mapping[str, Any],
        by: str,
        undo: Undo | None = None,
        number: str = "",
    ) -> Any:
        """What the call gives on another host; the Failure that it raises there.

        Raises HOST_OFFLINE where the host does not answer; while it had not begun, nothing was done.
        """
        self.check_live(host)
        number, this = number or str(uuid4()), self._session.this.uuid
        key, back = f"{layout.REQUESTS}{uuid_of(host)}/{number}", f"{layout.ANSWERS}{this}/{number}"
        request = {"method": method, "arguments": arguments, "by": by, "from": this, "undo": undo}
        answer = self._answers[back] = asyncio.get_running_loop().create_future()
        taken, run = self._taken.setdefault(key, asyncio.Event()), self._session.liveness.run_of(host)
        try:
            await self._be_taken_up(host, key, json.dumps(request).encode(), taken)
            return await self._answer(host, run, answer)
        finally:
            del self._answers[back], self._taken[key]
            with suppress(Unavailable):
                await self._entries.store.commit({}, {}, [key, back])

    def check_live(self, host: Ref[Host]) -> None:
        """Raises HOST_OFFLINE where a host is not heard of."""
        self._entries.check()
        if not self._session.liveness.is_live(host):
            raise HostDoesNotAnswer(host, "it is not heard of; nothing was done")

    async def _be_taken_up(self, host: Ref[Host], key: str, request: bytes, taken: asyncio.Event) -> None:
        revision = await self._entries.asked(self._entries.store.commit({}, {key: request}, leased=True))
        with suppress(TimeoutError):
            async with asyncio.timeout(TAKEN_UP):
                await taken.wait()
            return
        try:
            gone = await self._entries.asked(self._entries.store.commit({key: revision}, {}, [key]))
        except PoolUnavailable as failure:
            raise HostDoesNotAnswer(host, f"etcd was lost while it was asked: {failure}") from failure
        if gone is not None:
            raise HostDoesNotAnswer(host, f"it does not take the call up in {TAKEN_UP:g} s; nothing was done")

    async def _answer(self, host: Ref[Host], run: bytes | None, answer: "asyncio.Future[Any]") -> Any:
        """Raises HOST_OFFLINE when the host is not heard of for some time, or is not the same any more."""
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while not answer.done():
            await asyncio.wait([answer], timeout=LOOK)
            now = self._session.liveness.run_of(host)
            if self._session.liveness.is_live(host) and now == run:
                heard = loop.time()
            elif not answer.done() and (loop.time() - heard > LOST or (now is not None and now != run)):
                raise HostDoesNotAnswer(host, "it was lost while it carried the call out")
        request = answer.result()
        if "error" in request:
            raise failure_of(request["error"])
        return request["result"]

    async def settle(self, parts: Collection[tuple[Ref[Host], str]], how: bytes) -> None:
        """Several hosts' parts, each by its number, stay, or are to be undone."""
        puts = {f"{layout.SETTLED}{uuid_of(host)}/{number}": how for host, number in parts}
        if puts:
            await self._entries.asked(self._entries.store.commit({}, puts, leased=True))

    async def is_settled(self, parts: Collection[tuple[Ref[Host], str]]) -> bool:
        """Whether all of the parts stay, by what is in etcd when it answers again."""
        try:
            await self.check_reached()
            known, _ = await self._entries.asked(self._entries.store.read())
        except PoolUnavailable:
            return False
        found = [known.get(f"{layout.SETTLED}{uuid_of(host)}/{number}") for host, number in parts]
        return all(entry is not None and entry.value == STAYS for entry in found)

    async def check_reached(self, seconds: float = LOST) -> None:
        """etcd answers this host, perhaps after a while; PIFD_POOL_UNAVAILABLE where it does not."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._entries.store.stay()
        self._entries.again.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.sleep(LOOK)
                await self._entries.is_open.wait()
                return None
        raise PoolUnavailable(self._entries.trouble or "it does not answer any more")

    # --- being asked --------------------------------------------------------------------------------

    def _hear(self, key: str, entry: Entry | None) -> None:
        if key in self._answers and entry is not None and not self._answers[key].done():
            self._answers[key].set_result(json.loads(entry.value))
        elif key in self._taken and entry is None:
            self._taken[key].set()
        elif key in self._trials and entry is not None:
            if not self._trials[key].done():
                self._trials[key].set_result(entry.value)
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
        except Unavailable as error:
            log.error("a request of another host's can't be taken up: %s", error)
            return
        request, number = json.loads(entry.value), key.rpartition("/")[2]
        request["run"] = self.run_of(request["from"])
        trial = self._trial(number)
        if request.get("undo"):
            await self.trials.note(number, request)
        request |= await self._done(request)
        if request.get("undo"):
            await self.trials.note(number, request)
        self._end(self._see_through(request, number, trial), number)

    def _trial(self, number: str) -> "asyncio.Future[bytes]":
        """What the part with a number is settled by, when it is heard."""
        settled = f"{layout.SETTLED}{self._session.this.uuid}/{number}"
        trial = self._trials[settled] = asyncio.get_running_loop().create_future()
        return trial

    def _end(self, work: Coroutine[Any, Any, None], number: str) -> None:
        """What is left to do of a request that is carried out."""
        settled = f"{layout.SETTLED}{self._session.this.uuid}/{number}"
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        task.add_done_callback(lambda _: self._trials.pop(settled, None))

    def run_of(self, uuid: str) -> str:
        """What a host, by its uuid, is heard of by now, until its daemon starts again."""
        return (self._session.liveness.run_of(Ref[Host](f"OpaqueRef:{uuid}")) or b"").decode()

    async def _see_through(
        self, request: Mapping[str, Any], number: str, trial: "asyncio.Future[bytes]"
    ) -> None:
        """Who has asked is told, and the part is undone where it does not stay."""
        back = f"{layout.ANSWERS}{request['from']}/{number}"
        done = {key: request[key] for key in ("result", "error") if key in request}
        if not request.get("undo") or "error" in request:
            await self.trials.forget(number)
            return await self._tell(back, done)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOST):
                await self._tell(back, done)
            if await self._stays(request, trial):
                return await self.trials.forget(number)
        await self._undone(request)
        await self.trials.forget(number)
        lost = HostDoesNotAnswer(self._session.this.ref, "it was cut off by it, and has undone it")
        return await self._tell(back, {"error": [lost.code, *lost.parameters]})

    async def _undone(self, request: Mapping[str, Any]) -> None:
        undo = Undo(*request["undo"])
        if undo.needs_result and "result" not in request:
            return log.warning("whether %s was done when this host was lost is not known", request["method"])
        log.warning("%s is undone: it could not be done on all hosts", request["method"])
        undo = undo.of(request.get("result"))
        outcome = await self._done({**request, "method": undo.method, "arguments": undo.arguments})
        if "error" in outcome:
            log.error("%s can't be undone: %s", request["method"], ", ".join(outcome["error"]))
        return None

    def resume(self) -> None:
        """See through what an earlier run of this daemon has begun."""
        for number, request in [*self.trials.left.items()]:
            self._end(self._resume(request, number, self._trial(number)), number)

    async def _resume(self, request: Mapping[str, Any], number: str, trial: "asyncio.Future[bytes]") -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOST):
                await self._entries.is_open.wait()
            if await self._stays(request, trial):
                return await self.trials.forget(number)
        await self._undone(request)
        return await self.trials.forget(number)

    async def _tell(self, key: str, answer: Mapping[str, Any]) -> None:
        """Tell who has asked, perhaps after a while: by another way to etcd."""
        while True:
            try:
                await self._entries.store.commit({}, {key: json.dumps(answer).encode()}, leased=True)
            except Unavailable as error:
                log.warning("a request of another host's is not answered yet: %s", error)
                self._entries.again.set()
            else:
                return
            await asyncio.sleep(LOOK)
            await self._entries.is_open.wait()

    async def _stays(self, request: Mapping[str, Any], trial: "asyncio.Future[bytes]") -> bool:
        """What who has asked says, as long as it is heard of and is the same."""
        loop = asyncio.get_running_loop()
        heard, run = loop.time(), request["run"]
        while not trial.done() and loop.time() - heard < LOST and run:
            await asyncio.wait([trial], timeout=LOOK)
            now = self.run_of(request["from"])
            if now == run and not self._entries.trouble:
                heard = loop.time()
            elif now not in (run, ""):
                break
        return trial.done() and trial.result() == STAYS

    async def _done(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            if self.carry_out is None:
                raise InternalError("this daemon carries out no requests")
            work = self.carry_out(request["method"], request["arguments"], request["by"])
            return {"result": await only_failing(log, "a request of another host's", work)}
        except Failure as failure:
            return {"error": [failure.code, *failure.parameters]}

    async def close(self) -> None:
        """Let what is being carried out come to its end."""
        await asyncio.gather(*self._work.values(), return_exceptions=True)
        if self._ending:
            await asyncio.wait(self._ending, timeout=GOODBYE)
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)


def failure_of(error: list[str]) -> Failure:
    """The Failure that another host's daemon has told of."""
    code, *parameters = error
    kind = by_code(code)
    if kind is None or len(kind.names) != len(parameters):
        return InternalError(f"{code}: {', '.join(parameters)}")
    return kind(*parameters)
