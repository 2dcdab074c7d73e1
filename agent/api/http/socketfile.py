"""The socket's file: made where nothing is, or where a dead daemon left one; all else is left alone."""

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ANSWER_SECONDS = 1.0
BACKLOG = 512
"""Connections that wait to be accepted, in their order: with more of them, the last one waits for longer."""
LONGEST_PATH = 107
"""Bytes (sun_path of unix(7), less one)."""
BESIDE = ".new"
LOCK = ".lock"


class SocketUnavailable(Exception):
    """The path cannot be listened on; the text says why, for whoever starts the daemon."""


@contextmanager
def listening_socket(path: Path, mode: int, group: int | None = None) -> Iterator[socket.socket]:
    """A socket that listens on the path, with these permissions from the moment it is there.

    group: the id of the one that owns the file, by default the process's.  Raises SocketUnavailable, or
    OSError when the directory or the group does not allow it.  The file is removed at exit.
    """
    with _alone_at(path):
        check_free(path)
        listener, inode = _bound(path, mode, group)
    try:
        yield listener
    finally:
        listener.close()
        _remove(path, inode)


def check_usable(path: Path) -> None:
    """The path can be listened on, as far as can be seen; raises SocketUnavailable, or OSError."""
    longest = LONGEST_PATH - len(BESIDE)
    if len(os.fsencode(path)) > longest:
        raise SocketUnavailable(f"{path} is too long for a socket: the kernel allows {longest} bytes")
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK):
        raise SocketUnavailable(f"{path.parent} can't be written to")
    with _alone_at(path):
        check_free(path)


def check_free(path: Path) -> None:
    """Nothing is at the path, or a socket that nobody listens on any more; raises SocketUnavailable."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise SocketUnavailable(f"{path} exists and is not a socket: it is left as it is")
    if _is_answered(path):
        raise SocketUnavailable(f"{path} is in use: another daemon listens on it")


def _is_answered(path: Path) -> bool:
    """Whether somebody listens: only a refused connection says that nobody does."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(ANSWER_SECONDS)
        try:
            caller.connect(str(path))
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
    return True


@contextmanager
def _alone_at(path: Path) -> Iterator[None]:
    """Two daemons that start at once must not both find the path free.

    The lock is on a file that nobody but this user can open: whoever may read a directory can lock that.
    """
    lock = path.with_name(f"{path.name}{LOCK}")
    descriptor = _locked(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(lock: Path) -> int:
    """A descriptor of the lock file, which is at its path still: whoever had it before has removed it."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise SocketUnavailable(f"{lock} is locked: another daemon is starting") from None
        if lock.exists() and os.path.samestat(lock.stat(), os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)


def _bound(path: Path, mode: int, group: int | None) -> tuple[socket.socket, int]:
    """Bound beside the path and moved there when ready: nobody can connect before the permissions are set."""
    beside = path.with_name(f"{path.name}{BESIDE}")
    beside.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(beside))
        if group is not None:
            os.chown(beside, -1, group)
        beside.chmod(mode)
        listener.listen(BACKLOG)
        beside.replace(path)
    except OSError:
        listener.close()
        beside.unlink(missing_ok=True)
        raise
    return listener, path.lstat().st_ino


def _remove(path: Path, inode: int) -> None:
    """The file goes if it is still the one that was made."""
    try:
        if path.lstat().st_ino == inode:
            path.unlink()
    except FileNotFoundError:
        pass
