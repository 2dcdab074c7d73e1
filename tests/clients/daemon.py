"""Daemon: pifd in a thread, the real API and engine on a fake kernel, behind a real Unix socket."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

from agent.api.calls.call import Agent, agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.messages import Limits
from agent.api.http.server import serve
from agent.kernel.steps import Step
from tests.fakes.fake_hotplug import FakeHotplug
from tests.fakes.fake_kernel import FakeKernel
from tests.worlds.world import World, host, nic

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds after which a test does not wait any longer for what should have happened at once."""

LIMITS = Limits(idle_seconds=3600)
"""A client of a fixture's may wait for others, and has to have the same connection then."""

NICS = tuple(f"eth{number}" for number in range(6))


class GatedKernel(FakeKernel):
    """A kernel that carries a step out when the gate is open.  waiting: a step has come to a closed one."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.gate, self.waiting = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def apply(self, step: Step) -> None:
        if not self.gate.is_set():
            self.waiting.set()
            await self.gate.wait()
        await super().apply(step)


class GatedWorld(World):
    """A host of six NICs, of which eth0 has an address and the default route; its kernel has a gate."""

    def __init__(self, directory: Path) -> None:
        state = host(*(nic(number) for number in range(len(NICS))))
        super().__init__(directory, state, " ".join(NICS))
        neighbours = self.kernel.neighbours
        self.gated = self.kernel = GatedKernel(self.kernel.state, self.nics, NICS)
        self.kernel.neighbours = neighbours
        self.hotplug = FakeHotplug(self.kernel)


class Daemon:
    """What runs in the thread, and how a test that does not reaches it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "xapi"
        self.world = GatedWorld(directory)
        self._over = asyncio.Event()
        self._thread = Thread(target=self._run)
        self._ready: Future[tuple[Agent, asyncio.AbstractEventLoop]] = Future()

    @property
    def agent(self) -> Agent:
        """The one that answers now."""
        return self._ready.result(PATIENCE)[0]

    def start(self) -> None:
        """Returns when clients can connect."""
        self._over, self._ready = asyncio.Event(), Future()
        self._thread = Thread(target=self._run)
        self._thread.start()
        self._ready.result(PATIENCE)

    def stop(self) -> None:
        """Returns when all of it has ended."""
        self.do(self.world.gated.gate.set)
        self.do(self._over.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def close(self) -> None:
        """Nothing of it is left, and nothing was written to that is somebody else's."""
        self.stop()
        assert not self.path.exists()
        assert self.world.kernel.trespasses == []

    def do(self, action: Callable[[], T]) -> T:
        """What an action comes to in the daemon's thread."""

        async def act() -> T:
            return action()

        return self.wait(act())

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine comes to in the daemon's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._ready.result(PATIENCE)[1]).result(PATIENCE)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        """As the main program does."""
        await self.world.start()
        agent = agent_of(self.world.engine)
        try:
            async with serve(self.path, dispatcher(agent), limits=LIMITS):
                self._ready.set_result((agent, asyncio.get_running_loop()))
                await self._over.wait()
        finally:
            await agent.tasks.close()
            agent.audit.close()
            await self.world.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}


@contextmanager
def running_daemon() -> Iterator[Daemon]:
    """A daemon on a fresh host; its socket's path has no underscore, which XenAPI's client would mistake."""
    directory = Path(f"/tmp/{uuid4().hex}")
    directory.mkdir(mode=0o700)
    daemon = Daemon(directory)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.close()
        shutil.rmtree(directory)
