"""The daemon: settings, logging, the doors, the engine, the API, readiness, and an orderly end."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable

from agent.api.audit.audit import audit_of
from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.server import serve
from agent.api.http.socketfile import SocketUnavailable, check_free
from agent.api.sessions.roles import roles_of
from agent.engine.engine import Engine, Kernel
from agent.errors import Failure
from agent.hotplug.builtin import BuiltIn
from agent.hotplug.provider import Hotplug
from agent.hotplug.script import Script
from agent.netlink import Netlink
from agent.sd_notify import notify
from agent.settings import Settings, SettingsError, read_settings
from agent.store.sqlite import Store, StoreError

log = logging.getLogger("pifd")

LOG_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
"""The time has milliseconds already."""


def main() -> int:
    """Run until SIGTERM or SIGINT; exit status 1, with one line that says why, when it can't."""
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        logging.basicConfig(
            stream=sys.stderr,
            level=settings.log_level.upper(),
            format=LOG_LINE,
        )
        asyncio.run(run(settings, lambda: Netlink(settings.resolv_conf, settings.carrier_wait)))
    except (SettingsError, StoreError, SocketUnavailable, Failure, OSError) as error:
        print(f"pifd: {sentence(error)}", file=sys.stderr)
        return 1
    return 0


async def run(settings: Settings, open_kernel: Callable[[], Kernel]) -> None:
    """Serve until a signal.  The network is left as it is then: a host outlives its daemon."""
    stop = stop_signal()
    check_free(settings.socket)
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.socket.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    store = Store(settings.state_dir / "pifd.sqlite")
    try:
        engine = Engine(open_kernel(), store, hotplug(settings), settings.nics)
        await serve_until(stop, settings, engine)
    finally:
        store.close()


def hotplug(settings: Settings) -> Hotplug:
    """Who asks VMs: the operator's script, if there is one."""
    if settings.hotplug_script is None:
        return BuiltIn()
    return Script(settings.hotplug_script, settings.hotplug_timeout)


async def serve_until(stop: asyncio.Event, settings: Settings, engine: Engine) -> None:
    """Start the engine, serve the API, and tell the service manager that it can be used.

    A PIF that can't be had, say of a NIC that is gone, must not keep the service from being up: the manager
    would end it for being late, over and over.
    """
    roles = roles_of(settings.operators, settings.readers)
    agent = agent_of(engine, roles, audit_of(settings.audit_log))
    try:
        await engine.start(socket.gethostname())
        async with serve(
            settings.socket,
            dispatcher(agent),
            mode=roles.socket_mode,
            group=roles.operators,
            admits=roles.admits,
        ):
            tell(engine)
            await stop.wait()
            notify("STOPPING=1")
    finally:
        await agent.tasks.close()
        agent.audit.close()
        await engine.close()


def tell(engine: Engine) -> None:
    """READY, with what there is to know of the host's network."""
    missing = len(engine.failures)
    status = (
        f"{missing} of the PIFs and VIFs are not up" if missing else "the network is in the model's state"
    )
    log.info("ready: %s", status)
    notify(f"READY=1\nSTATUS={status}")


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
