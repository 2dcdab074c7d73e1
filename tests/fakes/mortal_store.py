"""MortalStore, a store on disk that dies with the fake kernel's process, and can fail or kill it."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from agent.model.model import Model
from agent.store.sqlite import Store
from tests.fakes.fake_kernel import FakeKernel


class MortalStore(Store):
    """A store that dies with the kernel's process.

    Commits are counted from 0.  broken: what some of them raise.  kills: the one that is not done, because
    the process is killed before it.
    """

    def __init__(self, path: Path, kernel: FakeKernel) -> None:
        super().__init__(path)
        self._kernel = kernel
        self.commits = 0
        self.broken: Mapping[int, Exception] = {}
        self.kills = -1

    def expect(self, *, broken: Mapping[int, Exception] | None = None, kills: int = -1) -> None:
        """Count from 0 again, and fail or die at these commits."""
        self.commits, self.broken, self.kills = 0, broken or {}, kills

    def check(self, model: Model) -> None:
        if not self._kernel.dead:
            super().check(model)

    def commit(self, before: Model, after: Model) -> None:
        number, self.commits = self.commits, self.commits + 1
        self._kernel.dead |= number == self.kills
        self._kernel.check_alive()
        if number in self.broken:
            raise self.broken[number]
        super().commit(before, after)


def alter_store(path: Path, statement: str, *values: str) -> None:
    """Somebody writes to a store by hand."""
    database = sqlite3.connect(path)
    database.execute(statement, values)
    database.commit()
    database.close()
