"""JSONFile: a small file of what is good to know, and that no network depends on.

It is no part of the store: it may change twenty times a second, it need not be as new as the model, and where
it is damaged or can't be written only what is in it is lost.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger("pifd.store")

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
MODE = 0o600


class JSONFile:
    """A path, and whether it was said what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path, self._trouble = path, ""

    def read(self) -> Any:
        """What was written last; None where there is nothing that can be read."""
        try:
            return json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("%s can't be read, and begins anew: %s", self._path, error)
            return None

    def write(self, value: Any) -> None:
        """Replace the file in one moment."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            descriptor = os.open(fresh, FLAGS, MODE)
            with open(descriptor, "w") as file:  # noqa: PTH123 (of a descriptor)
                json.dump(value, file)
                file.flush()
                os.fsync(descriptor)
            fresh.replace(self._path)
        except OSError as error:
            if str(error) != self._trouble:
                log.error("%s can't be written: %s", self._path, error)
            self._trouble = str(error)
