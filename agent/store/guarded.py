"""GuardedStore: a store that may be damaged, gone, full or not to be written, and what can be read of it.

The host's network does not wait for its file.  What can be read is read; nothing is written to a file that is
not whole, and `check` says why, until it is whole again.
"""

import contextlib
import logging
import shutil
import sqlite3
import tempfile
from pathlib import Path

from agent.model.model import Model
from agent.model.records import PIF, Host, Record
from agent.store.sqlite import TROUBLE, Store, StoreError, StoreInUse, StoreOfAnother, record_of, told

log = logging.getLogger("pifd.store")

SCRATCH = (None, "/run", "/dev/shm")  # noqa: S108 (a directory with a random name is made in it)
"""Where a file that can't be opened in its place is read: the first of these that can be written to."""


class GuardedStore:
    """trouble: why nothing can be written, "" while all is well.  is_known: whether anything could be read.

    is_whole: whether that is all that was written.  Raises StoreInUse and StoreOfAnother.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._model = Model()
        self.trouble, self.is_known, self.is_whole = "", False, False
        self.reopen()

    def close(self) -> None:
        """Give the file free."""
        if self._store is not None:
            self._store.close()
        self._store = None

    def reopen(self) -> None:
        """Open the file, or read what can be read of it; `trouble` tells."""
        self.close()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._store = Store(self._path)
            self._model = self._store.load()
        except (StoreInUse, StoreOfAnother):
            raise
        except (OSError, *TROUBLE) as error:
            self.close()
            self._salvage(error)
        else:
            self.trouble, self.is_known, self.is_whole = "", True, True

    def load(self) -> Model:
        """The model as last committed, or what could be read of it."""
        return self._model if self._store is None else self._store.load()

    def check(self, model: Model) -> None:
        """StoreError when nothing can be written.  model: what is in the store."""
        if self._store is None:
            raise StoreError(self.trouble)
        self._store.check(model)

    def commit(self, before: Model, after: Model) -> None:
        """Make the difference durable."""
        if self._store is None:
            raise StoreError(self.trouble)
        self._store.commit(before, after)

    def keep_copy(self) -> Path:
        """Keep the file as it is beside itself, and say where."""
        if self._store is None:
            raise StoreError(self.trouble)
        return self._store.keep_copy()

    def _salvage(self, error: Exception) -> None:
        words = str(error) if str(self._path.parent) in str(error) else f"{self._path}: {error}"
        if words == self.trouble:
            return
        log.error("%s: nothing can be changed until it is put right", words)
        self.trouble = words
        found = salvaged(self._path)
        self.is_known, self.is_whole = found is not None, found is not None and found[1]
        self._model = found[0] if found is not None else Model()


def salvaged(path: Path) -> tuple[Model, bool] | None:
    """What can be read of a store that can't be used, and whether that is all; None where it is nothing.

    The file may be in need of recovery, for which it has to be written to: a copy is read.
    """
    for place in SCRATCH:
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=place, prefix="pifd-") as scratch:
            for name in (path.name, f"{path.name}-wal"):
                if (path.parent / name).exists():
                    shutil.copyfile(path.parent / name, Path(scratch) / name)
            records, is_whole = _records_in(Path(scratch) / path.name)
            return (Model(_with_hosts(records)), is_whole) if records else None
    return None


def _records_in(path: Path) -> tuple[dict[str, Record], bool]:
    found: dict[str, Record] = {}
    is_whole = True
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            for ref, kind, fields in database.execute("SELECT ref, class, fields FROM record ORDER BY rowid"):
                try:
                    found[ref] = record_of(path, ref, kind, fields)
                except StoreError as error:
                    is_whole = False
                    log.error("left out: %s", error)
    except TROUBLE as error:
        is_whole = False
        log.error("%s: %s", path.name, told(error))
    return found, is_whole


def _with_hosts(records: dict[str, Record]) -> dict[str, Record]:
    """PIFs are of a host: where that can't be read, one in its place keeps them."""
    refs = dict.fromkeys(record.host for record in records.values() if isinstance(record, PIF))
    missing = [Host(uuid=ref.removeprefix("OpaqueRef:")) for ref in refs if ref not in records]
    return {**{host.ref: host for host in missing}, **records}
