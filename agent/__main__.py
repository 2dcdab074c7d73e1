"""The daemon: settings, logging, the doors, the engine, the API, readiness, and an orderly end."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable

from agent.api.dispatch import dispatcher
from agent.api.server import serve
from agent.api.socketfile import SocketUnavailable, check_free
from agent.engine import Engine, Kernel
from agent.errors import Failure
from agent.kernel.netlink import Netlink
from agent.readiness import notify
from agent.settings import Settings, SettingsError, read_settings
from agent.store import Store, StoreError

log = logging.getLogger("pifd")


def main() -> int:
    """Run until SIGTERM or SIGINT; exit status 1, with one line that says why, when it can't."""
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        logging.basicConfig(
            stream=sys.stderr,
            level=settings.log_level.upper(),
            format="%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s",
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
        engine = Engine(open_kernel(), store, settings.nics)
        await serve_until(stop, settings, engine)
    finally:
        store.close()


async def serve_until(stop: asyncio.Event, settings: Settings, engine: Engine) -> None:
    """Start the engine, serve the API, and tell the service manager once the host is in the model's state."""
    try:
        await engine.start(socket.gethostname())
        async with serve(settings.socket, dispatcher(engine)):
            ready = asyncio.create_task(tell_when_settled(engine))
            await stop.wait()
            ready.cancel()
            notify("STOPPING=1")
    finally:
        await engine.close()


async def tell_when_settled(engine: Engine) -> None:
    """READY, once the host's network is what the model says."""
    await engine.settled.wait()
    log.info("ready: the host's network is in the model's state")
    notify("READY=1")


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
