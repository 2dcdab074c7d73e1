"""The daemon: settings, logging, the doors, the engine, the API, readiness, and an orderly end."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from agent import logs
from agent.api.audit.audit import audit_of
from agent.api.calls.call import Agent, agent_of
from agent.api.calls.refresh import caught_up
from agent.api.calls.requested import begin, door_to, end
from agent.api.calls.routing import with_pool
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.http.socketfile import SocketUnavailable, check_usable
from agent.api.sessions.roles import roles_of
from agent.desired.nics import can_be_lent
from agent.engine.engine import Engine
from agent.engine.kernel import Kernel
from agent.engine.progress import Stoppable
from agent.errors import ConfiguredByOther, Failure, LeftBehind
from agent.hotplug.builtin import BuiltIn
from agent.hotplug.request import Hotplug
from agent.hotplug.script import Script
from agent.model.records import BondMode
from agent.netlink import Netlink
from agent.network_managers import at_work_on, managers_of
from agent.pool.etcd import Access, Etcd
from agent.pool.session import Session
from agent.pool.trials import Trials
from agent.printable import printable
from agent.sd_notify import notify
from agent.settings import CHECK, Settings, SettingsError, check_script, read_settings
from agent.store.guarded import GuardedStore
from agent.store.json_file import JSONFile
from agent.store.sqlite import StoreError

log = logging.getLogger("pifd")

STORE, LINKS, PARTS = "pifd.sqlite", "links.json", "parts.json"
SWITCH_SECONDS = 0.0005
GARBAGE_THRESHOLDS = 700, 10, 100
"""Python's own but for the last: the objects that are old are looked at ten times less often."""
UMASK = 0o022
"""So that what is made is as it is meant to be, whoever starts pifd."""


def main() -> int:
    """Run until a signal; the exit status is 2 for unusable settings, else 1, with a line that says why."""
    os.umask(UMASK)
    writer = None
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        check_script(sys.argv[1:], os.environ)
        writer = logs.begin(settings.log_level)
        start = check if f"--{CHECK}" in sys.argv[1:] else run
        asyncio.run(start(settings, partial(real_kernel, settings)))
    except (SettingsError, StoreError, SocketUnavailable, Failure, OSError) as error:
        if writer is not None:
            writer.drain()
        for line in sentence(error).split("\n"):
            print(f"pifd: {printable(line)}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    writer.drain()
    return 0


async def run(settings: Settings, open_kernel: Callable[[], Kernel]) -> None:
    """Serve until a signal.  The network is left as it is then: a host outlives its daemon."""
    stop = stop_signal()
    let_readers_in()
    check_usable(settings.socket)
    store = GuardedStore(settings.state_dir / STORE)
    try:
        engine = engine_of(settings, open_kernel(), store)
        await serve_until(stop, settings, engine, pool_of(settings, engine))
    finally:
        store.close()


def let_readers_in() -> None:
    """What works in a thread makes room for the event loop within a fraction of a millisecond.

    It asks for the interpreter several times a request, and waits each time.  And thousands of records are
    gone through for garbage seldom: there is little in them that refers to itself.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def real_kernel(settings: Settings) -> Netlink:
    """The door to the kernel, as the settings want it."""
    is_nic = partial(can_be_lent, patterns=settings.nics)
    return Netlink(settings.resolv_conf, settings.carrier_wait, is_nic=is_nic)


async def check(settings: Settings, open_kernel: Callable[[], Kernel]) -> None:
    """Print what a start would do, line by line.  A store that is not there is not made."""
    with tempfile.TemporaryDirectory() as empty:
        file = settings.state_dir / STORE
        store = GuardedStore(file if file.exists() else Path(empty) / STORE)
        try:
            engine = engine_of(settings, open_kernel(), store)
            for line in await engine.foresee_start(socket.gethostname()):
                print(line)
        finally:
            store.close()


def pool_of(settings: Settings, engine: Engine) -> Session | None:
    """This host's part in a pool, if one is configured."""
    if not settings.pool_endpoints:
        return None
    access = Access(
        settings.pool_endpoints,
        settings.pool_prefix,
        settings.pool_user,
        settings.pool_password_file,
        settings.pool_ca,
        settings.pool_certificate,
        settings.pool_key,
        settings.pool_timeout,
    )
    session = Session(
        Etcd(access),
        engine,
        lease=settings.pool_lease,
        by=settings.pool_nics,
        follows=settings.pool_follow,
    )
    engine.share(session.entries)
    return session


def engine_of(settings: Settings, kernel: Kernel, store: GuardedStore) -> Engine:
    """The engine as the settings want it."""
    mode = BondMode(settings.default_bond_mode)
    script, spares = hotplug(settings), settings.plug_spares
    return Engine(
        kernel,
        store,
        script,
        settings.nics,
        managers_of,
        mode,
        plug_spares=spares,
        at_work_on=at_work_on,
        notes=JSONFile(settings.state_dir / LINKS),
    )


def hotplug(settings: Settings) -> Hotplug:
    """Who asks VMs: the operator's script, if there is one."""
    if settings.hotplug_script is None:
        return BuiltIn()
    return Script(settings.hotplug_script, settings.hotplug_timeout)


async def serve_until(
    stop: asyncio.Event, settings: Settings, engine: Engine, pool: Session | None = None
) -> None:
    """Start the engine, serve the API, and tell the service manager that it can be used.

    A PIF that can't come up, say of a NIC that is gone, must not keep the service from being up: the manager
    would end it for being late, over and over.
    """
    looking_up = asyncio.create_task(roles_of(settings.operators, settings.readers))
    audit = audit_of(settings.audit_log)
    parts = Trials(JSONFile(settings.state_dir / PARTS))
    try:
        if not await started(engine, stop):
            return
        agent = agent_of(engine, await looking_up, audit, pool and door_to(pool, parts))
        try:
            await serve_agent(stop, settings, agent)
        finally:
            await end(agent)
            await agent.tasks.close()
    finally:
        looking_up.cancel()
        audit.close()
        await engine.close()


async def serve_agent(stop: asyncio.Event, settings: Settings, agent: Agent) -> None:
    """Serve until a signal."""
    engine, roles = agent.engine, agent.roles
    await caught_up(agent)
    gc.collect()
    gc.freeze()  # what there is now stays: to look at it over and over would hold up everybody
    async with serve(
        settings.socket,
        dispatcher(agent),
        mode=roles.socket_mode,
        group=roles.operators,
        admits=roles.admits,
    ):
        begin(agent)
        log.info("ready: %s", engine.words)
        notify(f"READY=1\nSTATUS={printable(engine.words)}")
        reporting = asyncio.create_task(report_status(agent))
        await stop.wait()
        reporting.cancel()
        notify("STOPPING=1")


async def started(engine: Engine, stop: asyncio.Event) -> bool:
    """Start the engine; False when a signal came first, which is heeded between two steps.

    Where devices were left behind by a pifd whose store is gone, or another program would undo what is done,
    the network stays as it is, and is shown.
    """
    hostname = socket.gethostname()
    try:
        await engine.start(hostname, Stoppable(stop))
    except (LeftBehind, ConfiguredByOther) as obstacle:
        log.error("%s", sentence(obstacle))
        engine.watch_over(hostname, obstacle)
    except (asyncio.CancelledError, Failure) as error:
        if not stop.is_set():
            raise
        log.info("stopped in the middle of the start: the next one goes on (%s)", error)
        return False
    return True


async def report_status(agent: Agent) -> None:
    """The service manager shows how the network is now, and what is wrong with the pool."""
    said = agent.engine.words
    while True:
        changed = agent.engine.notifier.next()
        words = with_pool(agent, agent.engine.words)
        if words != said:
            said = words
            notify(f"STATUS={printable(said)}")
        await changed.wait()


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def sentence(error: Exception) -> str:
    """What a person reads: a Failure's sentence with its parameters, else the error's own text."""
    if isinstance(error, Failure):
        return f"{error.__doc__} {', '.join(error.parameters)}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
