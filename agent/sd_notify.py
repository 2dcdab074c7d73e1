"""Telling systemd that the daemon is ready (sd_notify(3))."""

import logging
import os
import socket

log = logging.getLogger("pifd")


def notify(state: str) -> None:
    """Send `READY=1` or another state to the service manager; nothing where there is none.

    One that does not listen, say because the variable is another service's, is no reason to stop.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.setblocking(False)
            manager.sendto(state.encode(), address)
    except OSError as error:
        log.warning("the service manager could not be told at %s: %s", os.environ["NOTIFY_SOCKET"], error)
