"""Network namespaces from within this process: a thread does in one what a program would be started for."""

import ctypes
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def enter(namespace: str) -> None:
    """Make a network namespace the calling thread's own."""
    with Path(f"/run/netns/{namespace}").open() as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def inside(namespace: str, do: Callable[[], T]) -> T:
    """What a function gives back that runs in a namespace.  The thread that entered it is gone afterwards."""

    def entered() -> T:
        enter(namespace)
        return do()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(entered).result()


def opened(namespace: str, family: int, kind: int, protocol: int) -> socket.socket:
    """A socket of a namespace.  It stays there, whoever uses it."""
    return inside(namespace, lambda: socket.socket(family, kind, protocol))


def set_sysctl(namespace: str, name: str, value: str) -> None:
    """Set `net.ipv4.conf.all.arp_ignore` and the like in a namespace."""
    path = Path("/proc/sys") / name.replace(".", "/")
    inside(namespace, lambda: path.write_text(value))
