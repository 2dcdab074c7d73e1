"""Store, the model in a SQLite file: read at the start, written when a change has been carried out."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.model.model import Model
from agent.model.records import CLASSES, Record

APPLICATION_ID = 0x70696664
SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE record (
    ref TEXT PRIMARY KEY,
    class TEXT NOT NULL,
    fields TEXT NOT NULL  -- the record as JSON
) STRICT;
"""
MODE = 0o600
PRIMARY_CODE = 0xFF
"""What an extended result code of SQLite's has the plain one in."""
TROUBLE = (sqlite3.Error, UnicodeDecodeError)
"""Of a damaged file SQLite also tells in words of the file's, which need not be UTF-8."""
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

log = logging.getLogger("pifd.store")

ADAPTERS: Mapping[str, TypeAdapter[Any]] = {kind.class_name: TypeAdapter(kind) for kind in CLASSES}


class StoreError(OSError):
    """The store can't be used; the text says why and names the file."""


class StoreInUse(StoreError):
    """Another process has the store."""


class StoreOfAnother(StoreError):
    """A newer or an older pifd has made the store: what it means can't be known."""


class Store:
    """The file, which is this process's alone from here to close; it is whole, and can be written.

    Errors: StoreInUse; StoreError when it is not a store of pifd's, made by a newer pifd, or damaged.
    """

    trouble = ""
    is_known = is_whole = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_doubtful = False
        self._connect()

    def _connect(self) -> None:
        path = self._path
        try:
            with contextlib.suppress(OSError):  # SQLite has words for it
                made(path)
            self._database = sqlite3.connect(path, isolation_level=None, timeout=1, check_same_thread=False)
        except TROUBLE as error:
            raise StoreError(f"{path}: {told(error)}") from error
        try:
            self._open()
            self._files = self._identity()
        except TROUBLE as error:
            self.close()
            is_busy = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE in BUSY
            raise (StoreInUse if is_busy else StoreError)(f"{path}: {told(error)}") from error
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Give the file free."""
        self._database.close()

    def reopen(self) -> None:
        """It is open."""

    def load(self) -> Model:
        """The model as last committed; an empty one at the first start."""
        try:
            rows = self._database.execute("SELECT ref, class, fields FROM record ORDER BY rowid").fetchall()
        except TROUBLE as error:
            raise StoreError(f"{self._path}: {told(error)}") from error
        return Model({ref: record_of(self._path, ref, kind, fields) for ref, kind, fields in rows})

    def commit(self, before: Model, after: Model) -> None:
        """Make the difference between two models durable, all of it or nothing."""
        self.check(before)
        self._write(before, after)

    def check(self, model: Model) -> None:
        """StoreError, before anything else is done, when nothing can be committed.

        model: what is in the store.  A file that somebody has removed is made again, with all of it.
        """
        if self._is_doubtful:
            self._try()
        if self._identity() == self._files:
            return
        if self._path.exists() and self._identity()[0] != self._files[0]:
            reason = "another file has taken its place: put it back, or start pifd again"
            raise StoreError(f"{self._path}: {reason}")
        log.error("%s: somebody has removed it: it is made again", self._path)
        self._database.close()
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write_ahead_log.unlink(missing_ok=True)
        self._connect()
        there = self.load()
        if there != model:
            self._write(there, model)

    def _try(self) -> None:
        """After a commit that failed: a small one tells whether the next can be done."""
        try:
            self._lock()
        except TROUBLE as error:
            raise StoreError(f"{self._path}: {told(error)}") from error
        self._is_doubtful = False

    @property
    def _write_ahead_log(self) -> Path:
        return self._path.with_name(f"{self._path.name}-wal")

    def _identity(self) -> tuple[int, int]:
        """What tells the two files from others of their names; 0 for one that is not there."""
        return _inode(self._path), _inode(self._write_ahead_log)

    def _write(self, before: Model, after: Model) -> None:
        refs = before.table.differing(after.table)
        gone = [(ref,) for ref in refs if ref not in after.records]
        now = [(before.records.get(ref), after.records[ref]) for ref in after.table.in_order(refs)]
        new = [_row(record) for old, record in now if old != record]
        try:
            with self._transaction():
                self._database.executemany("DELETE FROM record WHERE ref = ?", gone)
                self._database.executemany(
                    "INSERT INTO record (ref, class, fields) VALUES (?, ?, ?)"
                    " ON CONFLICT (ref) DO UPDATE SET fields = excluded.fields",
                    new,
                )
        except TROUBLE as error:
            self._is_doubtful = True
            raise StoreError(f"{self._path}: {told(error)}") from error

    def keep_copy(self) -> Path:
        """Keep the file as it is beside itself, and say where."""
        copy = self._path.with_name(f"{self._path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
        made(copy)
        try:
            self._database.execute("VACUUM INTO ?", (str(copy),))
        except TROUBLE as error:
            copy.unlink(missing_ok=True)
            raise StoreError(f"{copy}: {told(error)}") from error
        return copy

    def _open(self) -> None:
        """Exclusive, so that a second daemon is refused.  A file that is not pifd's is left as it is."""
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        application, version = self._pragma("application_id"), self._pragma("user_version")
        tables = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        new = not tables and not application
        if not new and application != APPLICATION_ID:
            raise StoreError(f"{self._path}: this is not a store of pifd's")
        if not new and version != SCHEMA_VERSION:
            raise StoreOfAnother(
                f"{self._path}: written by another pifd (schema version {version};"
                f" this one knows {SCHEMA_VERSION}). Install that version again, or move the file away."
            )
        for name in ("", "-wal", "-journal"):  # who can read it can hold a lock on it
            file = self._path.with_name(f"{self._path.name}{name}")
            if file.exists() and file.stat().st_mode & 0o777 != MODE:
                with contextlib.suppress(OSError):
                    file.chmod(MODE)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):  # durable at each commit
            self._database.execute(f"PRAGMA {pragma}")
        if new:
            self._create()
        else:
            self._lock()

    def _create(self) -> None:
        with self._transaction():
            self._database.execute(SCHEMA)
            self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _lock(self) -> None:
        """Take the write lock, which exclusive mode keeps."""
        with self._transaction():
            self._database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._database)

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK, unless SQLite has rolled back by itself."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")


def record_of(path: Path, ref: str, kind: str, fields: str) -> Record:
    """One row; StoreError when it is no record."""
    if kind not in ADAPTERS:
        raise StoreError(f"{path}: {ref} is of a class that this pifd does not know, {kind}")
    try:
        record: Record = ADAPTERS[kind].validate_json(fields)
    except ValidationError as error:
        raise StoreError(f"{path}: {kind} {ref}: {error}") from error
    if record.ref != ref:
        raise StoreError(f"{path}: {kind} {ref} says that it is {record.ref}")
    return record


def made(path: Path) -> None:
    """A new file is there for its owner alone from the first moment on; one that is there stays as it is."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        os.fchmod(descriptor, MODE)  # whatever the umask has left of it
        os.close(descriptor)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _row(record: Record) -> tuple[str, str, str]:
    fields = ADAPTERS[record.class_name].dump_json(record).decode()
    return record.ref, record.class_name, fields


def told(error: Exception) -> str:
    """SQLite's words."""
    return error.object.decode(errors="replace") if isinstance(error, UnicodeDecodeError) else str(error)
