"""Store, the model in a SQLite file: read at the start, written when a change has been carried out."""

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
ADAPTERS: Mapping[str, TypeAdapter[Any]] = {kind.class_name: TypeAdapter(kind) for kind in CLASSES}


class StoreError(OSError):
    """The store can't be used; the text says why and names the file."""


class Store:
    """The file, which is this process's alone from here to close.

    Errors: StoreError when it is in use, not a store of pifd's, made by a newer pifd, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(path, isolation_level=None, timeout=1, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        try:
            self._open()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"{path}: {error}") from error
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Give the file free."""
        self._database.close()

    def load(self) -> Model:
        """The model as last committed; an empty one at the first start."""
        try:
            rows = self._database.execute("SELECT ref, class, fields FROM record ORDER BY rowid").fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error
        return Model({ref: self._record(ref, kind, fields) for ref, kind, fields in rows})

    def commit(self, before: Model, after: Model) -> None:
        """Make the difference between two models durable, all of it or nothing."""
        gone = [(ref,) for ref in before.records if ref not in after.records]
        new = [_row(record) for ref, record in after.records.items() if before.records.get(ref) != record]
        try:
            with self._transaction():
                self._database.executemany("DELETE FROM record WHERE ref = ?", gone)
                self._database.executemany(
                    "INSERT INTO record (ref, class, fields) VALUES (?, ?, ?)"
                    " ON CONFLICT (ref) DO UPDATE SET fields = excluded.fields",
                    new,
                )
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def keep_copy(self) -> Path:
        """Keep the file as it is beside itself, and say where."""
        copy = self._path.with_name(f"{self._path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
        try:
            self._database.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.Error as error:
            raise StoreError(f"{copy}: {error}") from error
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
            raise StoreError(
                f"{self._path}: written by another pifd (schema version {version};"
                f" this one knows {SCHEMA_VERSION}). Install that version again, or move the file away."
            )
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

    def _record(self, ref: str, kind: str, fields: str) -> Record:
        if kind not in ADAPTERS:
            raise StoreError(f"{self._path}: {ref} is of a class that this pifd does not know, {kind}")
        try:
            record: Record = ADAPTERS[kind].validate_json(fields)
        except ValidationError as error:
            raise StoreError(f"{self._path}: {kind} {ref}: {error}") from error
        if record.ref != ref:
            raise StoreError(f"{self._path}: {kind} {ref} says that it is {record.ref}")
        return record


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


def _row(record: Record) -> tuple[str, str, str]:
    fields = ADAPTERS[record.class_name].dump_json(record).decode()
    return record.ref, record.class_name, fields
