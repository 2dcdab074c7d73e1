"""Telling systemd that the daemon is ready (sd_notify(3))."""

import os
import socket


def notify(state: str) -> None:
    """Send `READY=1` or another state to the service manager; nothing where there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.sendto(state.encode(), address)
