"""ResolvConf, the door to the resolver's file."""

import errno
import logging
import os
from pathlib import Path

from agent.kernel.steps import Refused, Step

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
MODE = 0o644
"""Of a new file: every program looks up names."""

log = logging.getLogger("pifd.kernel")


class ResolvConf:
    """resolv.conf, unless it is a symbolic link: then another program writes it."""

    def __init__(self, path: Path) -> None:
        self._path, self._trouble = path, ""

    def read(self) -> str | None:
        """The text; empty when there is no file, None when it is somebody else's, or can't be read."""
        if self._path.is_symlink():
            return None
        try:
            if self._path.is_fifo():
                raise OSError(errno.EINVAL, "a pipe")  # to open it would wait for somebody who writes
            return self._path.read_text(errors="surrogateescape")
        except FileNotFoundError:
            return ""
        except OSError as error:
            if str(error) != self._trouble:
                log.error(
                    "%s can't be read, and is left alone: %s", self._path, os.strerror(error.errno or 0)
                )
            self._trouble = str(error)
            return None

    def write(self, step: Step, text: str) -> None:
        """Replace the file in one moment; in place where it is a mount point and can't be replaced."""
        if self._path.is_symlink():
            raise Refused(step, f"{self._path} is a symbolic link: another program writes it")
        try:
            self._replace(text)
        except OSError as error:
            raise Refused(step, f"{self._path}: {os.strerror(error.errno or 0)}") from error

    def _replace(self, text: str) -> None:
        fresh = self._path.with_name(f"{self._path.name}.pifd")
        mode = self._path.stat().st_mode & 0o777 if self._path.exists() else MODE
        descriptor = os.open(fresh, FLAGS, mode)
        with open(descriptor, "w", errors="surrogateescape") as file:  # noqa: PTH123 (of a descriptor)
            os.fchmod(descriptor, mode)  # whatever the umask has left of it
            file.write(text)
        try:
            fresh.replace(self._path)
        except OSError as error:
            fresh.unlink()
            if error.errno != errno.EBUSY:
                raise
            self._path.write_text(text, errors="surrogateescape")
