"""Target: a daemon's API on real sockets, over an engine whose kernel and VMs are fake, in this process."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.api.calls.call import Agent, agent_of
from agent.api.calls.methods import call
from agent.api.calls.objects import EVERY_CLASS
from agent.api.calls.refresh import current_journal
from agent.api.events.journal import Journal
from agent.api.http.dispatch import dispatcher
from agent.api.http.messages import Limits
from agent.api.http.server import serve
from agent.api.sessions.caller import Caller, Client
from agent.errors import SessionInvalid
from agent.kernel.parts import differences
from agent.model.draft import Plan
from agent.model.facts import Facts
from agent.model.messages import Message, MessageClass
from agent.model.model import Model
from agent.model.records import PIF, VM, Ref
from agent.rules import reconfigure, tunnel, vif, vlan, vm
from tests.fuzz.answers import Wrong
from tests.fuzz.stand_ins import OF_SESSION, Meaning
from tests.worlds.world import World, host, nic

A_MESSAGE = Message(
    uuid="55000000-0000-4000-8000-000000000001",
    name="FULL",
    priority=3,
    cls=MessageClass.HOST,
    obj_uuid="x",
    timestamp=datetime(2026, 8, 21, tzinfo=UTC),
    body="The disk is full.",
)
SELF = Client(Caller(os.getuid(), os.getgid(), os.getpid()), asyncio.Event())
IMPATIENT = Limits(request_seconds=0.2, linger_seconds=0.1)


@asynccontextmanager
async def target(directory: Path) -> AsyncIterator["Target"]:
    """One that is served while inside."""
    world = World(
        directory, host(*map(nic, range(6))), " ".join(f"eth{n}" for n in range(6)), makes_devices=True
    )
    await world.start()
    await furnish(world)
    found = Target(world, directory, agent_of(world.engine))
    found.agent.events.journal = Journal(graves=100)  # it is to be full of them before memory is measured
    dispatch = dispatcher(found.agent)
    with told(found.logged):
        async with serve(found.patient, dispatch), serve(found.impatient, dispatch, limits=IMPATIENT):
            await found.tidy()
            yield found
        await found.agent.tasks.close()
    await world.stop()


async def furnish(world: World) -> None:
    """Objects of every class: a bond with VLANs, a VLAN and a tunnel, VMs that run and one that does not."""
    await world.create_bond("eth1", "eth2")
    lower = next(pif for pif in world.model.all(PIF) if pif.device == "bond0")
    for tag, below in ((5, lower), (6, lower), (7, world.pif("eth3"))):
        await world.do(vlan.create, below.ref, tag, await world.new_network(name_label=f"VLAN {tag}"))
    await world.do(tunnel.create, world.pif("eth0").ref, await world.new_network(name_label="tunnel"))
    await world.do(
        reconfigure.reconfigure_ip, world.pif("eth4").ref, "Static", "198.51.100.4", "255.255.255.0", "", ""
    )
    free = await world.new_network(name_label="free")
    await world.new_network(name_label="free, too")
    for name, device in (("one", "eth0"), ("two", "eth3")):
        await world.run_vm(name, Ref(world.pif(device).network))
    await world.do(vif.create, {"device": "1", "network": free, "VM": world.model.all(VM)[0].ref})
    halted = await world.do(vm.create, {"name_label": "three"})
    await world.do(vif.create, {"device": "0", "network": free, "VM": halted})
    for name, end in (("four", vm.pause), ("five", vm.suspend)):
        await world.run_vm(name, free)
        await world.do(end, world.model.all(VM)[-1].ref)


class Target:
    """baseline: the model that every input finds.  logged: what nobody should have had to log."""

    def __init__(self, world: World, directory: Path, agent: Agent) -> None:
        self.world, self.agent = world, agent
        self.patient, self.impatient = directory / "patient", directory / "impatient"
        self.logged: list[str] = []
        self.baseline: Model = world.model
        self._kernel, self._held = world.kernel.state, dict(world.hotplug.held)
        self.meaning: Meaning = {}
        self.tasks: list[str] = []

    def check(self) -> None:
        """Raises Wrong if something has changed, or was logged."""
        if self.world.model is not self.baseline:
            raise Wrong("the model has changed")
        if self.world.kernel.state is not self._kernel and self.world.kernel.state != self._kernel:
            raise Wrong(f"the kernel has changed: {differences(self.world.kernel.state, self._kernel)}")
        self.check_log()

    def check_log(self) -> None:
        if self.logged:
            raise Wrong("\n".join(self.logged))

    async def tidy(self) -> None:
        """What calls were meant to leave goes: their changes, tasks, sessions and registrations."""
        await self.agent.tasks.close()
        for ref in tuple(self.agent.tasks.records):
            self.agent.tasks.destroy(Ref(ref))
        if self.world.model is not self.baseline:
            await self._go_back()
        self.world.kernel.done.clear()
        self.world.hotplug.asked.clear()
        self.agent.tasks.create("a task", "")
        history = self.agent.engine.history
        history.drop_messages(tuple(history.messages))
        history.add_message(A_MESSAGE)
        self.agent.engine.notifier.notify()
        self.meaning = {
            **{n: self._refs(kind) for n, kind in enumerate(EVERY_CLASS)},
            OF_SESSION: [await self._session()],
        }

    async def _session(self) -> str:
        """The one before, or if that has ended a new one."""
        (known,) = self.meaning.get(OF_SESSION, [""])
        try:
            await call(self.agent, SELF, "PIF.get_all", (known,))
        except SessionInvalid:
            return str(await call(self.agent, SELF, "session.login_with_password", ("root", "")))
        return known

    def _refs(self, kind: Any) -> list[str]:
        return list(current_journal(self.agent).records(kind))

    async def _go_back(self) -> None:
        """The kernel as it was, and then the engine commits the model as it was, with nothing to be done."""
        baseline = self.baseline

        def back(model: Model, facts: Facts) -> Plan:
            return Plan(model, baseline)

        self.world.kernel.state = self._kernel
        self.world.hotplug.held = dict(self._held)
        await self.world.engine.change(back)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # the quickest way to count


def running() -> int:
    return len(asyncio.all_tasks())


class KeptRecords(logging.Handler):
    """Keeps what is logged as an error, with its traceback."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(logging.Formatter().format(record))


@contextmanager
def told(kept: list[str]) -> Iterator[None]:
    """Errors that are logged while inside are kept, and those that asyncio's loop has nobody to tell of."""
    handler = KeptRecords(kept)
    root, loop = logging.getLogger(), asyncio.get_running_loop()
    root.addHandler(handler)
    loop.set_exception_handler(lambda loop, context: kept.append(str(context)))
    try:
        yield
    finally:
        root.removeHandler(handler)
        loop.set_exception_handler(None)
