"""LineFile: a file that whole lines are appended to, and that may be moved away meanwhile."""

import errno
import os
import stat
from pathlib import Path

FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not be waited for
MODE = 0o640


class LineFile:
    """The file at a path, opened when it is first written to, and anew when the path leads elsewhere.

    So whoever rotates it has nobody to tell.  For one thread at a time.  Our own, because logging's
    WatchedFileHandler leaves half a line on a full disk, and writes the rest of it later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def append(self, line: str) -> None:
        """Write a line.  Raises OSError, and then nothing of the line is in the file.

        The kernel has it then: it outlives the daemon, not a loss of power in the seconds after.
        """
        descriptor = self._opened()
        size = os.fstat(descriptor).st_size
        try:
            write_all(descriptor, line.encode() + b"\n")
        except OSError:
            os.ftruncate(descriptor, size)
            raise

    def check(self) -> None:
        """Raises OSError when no line could be written now."""
        self._opened()

    def close(self) -> None:
        """Let go of the file; the next line opens it anew."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is not None and not self._is_at_path(self._descriptor):
            self.close()
        if self._descriptor is None:
            self._descriptor = opened(self.path)
        return self._descriptor

    def _is_at_path(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False


def opened(path: Path) -> int:
    """A descriptor of the file, made if it is not there; raises OSError for what cannot keep lines."""
    try:
        descriptor = os.open(path, FLAGS | os.O_EXCL, MODE)
        os.fchmod(descriptor, MODE)  # whatever the umask has left of it
    except FileExistsError:
        descriptor = os.open(path, FLAGS, MODE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return descriptor


def write_all(descriptor: int, data: bytes) -> None:
    """Write until all is written; the kernel may take a part only, when space runs out."""
    while data:
        data = data[os.write(descriptor, data) :]
