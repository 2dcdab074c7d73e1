"""Trials: parts of calls for all hosts that this host has begun, and that may have to be undone.

They are noted before they begin, so that a daemon that is killed before it hears whether a part stays still
knows of it at its next start.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from agent.store.json_file import JSONFile

RESULT = "$result"
"""In the arguments of what undoes a part: what the part has given."""


class Undo(NamedTuple):
    """What undoes a part of a call."""

    method: str
    arguments: Mapping[str, Any]

    def of(self, result: Any) -> "Undo":
        """With what the part has given."""
        given = {key: result if value == RESULT else value for key, value in self.arguments.items()}
        return Undo(self.method, given)

    @property
    def needs_result(self) -> bool:
        return RESULT in self.arguments.values()


class Trials:
    """left: by its number what is known of each part: method, by, from, run (of who asked), undo, result.

    file: where they are kept; None for nowhere.
    """

    def __init__(self, file: JSONFile | None = None) -> None:
        self._file, self._turn = file, asyncio.Lock()
        found = file.read() if file else None
        self.left: dict[str, dict[str, Any]] = dict(_whole(found)) if isinstance(found, dict) else {}

    async def note(self, number: str, told: Mapping[str, Any]) -> None:
        self.left[number] = dict(told)
        await self._write()

    async def forget(self, *numbers: str) -> None:
        if [self.left.pop(number) for number in numbers if number in self.left]:
            await self._write()

    async def _write(self) -> None:
        if self._file is None:
            return
        async with self._turn:
            await asyncio.to_thread(self._file.write, dict(self.left))


def _whole(found: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What can be made sense of, of a file that somebody else may have written."""
    for number, told in found.items():
        if isinstance(told, dict) and told.keys() >= NEEDED:
            yield number, told


NEEDED = {"method", "by", "from", "run", "undo"}
