"""Table: values by name, one of which is cheaply changed, and which are found by what they have in common.

A host has thousands of links, and the planner looks at the state after each of thousands of steps: to copy
all links for every step, and to go through all for every question, would take the square of their number.
"""

from collections.abc import Callable, Hashable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Any, Generic, TypeVar, cast

V = TypeVar("V")


class Table(Mapping[str, V], Generic[V]):
    """Immutable, like a dict that nobody writes to; and equal to a dict of the same values.

    Tables that were made from one another share one dict, which the newest has; an older one knows what the
    next one changed, and makes a dict of its own when it is asked after all.  A value that was taken out
    leaves None in its place, so that the order of the others is known when it is put back.
    """

    __slots__ = ("_gone", "_index", "_keys_of", "_newer", "_undo", "_values")

    def __init__(self, values: Mapping[str, V], keys_of: Callable[[V], tuple[Hashable, ...]]) -> None:
        self._keys_of = keys_of
        self._values: dict[str, V | None] | None = dict(values)
        self._gone = 0
        self._index: dict[Hashable, dict[str, None]] | None = None
        self._newer: Table[V] | None = None
        self._undo: tuple[str, V | None, bool] = ("", None, False)

    def having(self, key: Hashable) -> list[str]:
        """The names of the values that have a key, sorted."""
        if self._index is None:
            self._index = {}
            for name, value in self._there().items():
                _enter(self._index, name, self._keys_of(value))
        return sorted(self._index.get(key, ()))

    def with_value(self, name: str, value: V) -> "Table[V]":
        """The table with one value added, last of all, or another in its place."""
        values = self._own()
        if name in values and values[name] is None:
            return Table({**self._there(), name: value}, self._keys_of)
        return self._followed_by(name, value, self._gone)

    def without(self, name: str) -> "Table[V]":
        """The table with one value less."""
        return self._followed_by(name, None, self._gone + 1) if name in self else self

    def _followed_by(self, name: str, value: V | None, gone: int) -> "Table[V]":
        """The next table, which takes the dict and the index along."""
        values, after = self._own(), Table[V]({}, self._keys_of)
        self._undo = (name, values.get(name), name in values)
        values[name] = value
        after._values, after._index, after._gone = values, self._index, gone
        self._values, self._index, self._newer = None, None, after
        after._reindex(name, self._undo[1], value)
        return after

    def _own(self) -> dict[str, V | None]:
        """The dict, which is made from the newest table's where a newer one has taken it."""
        if self._values is None:
            self._values, self._newer = self._undone(), None
        return self._values

    def _undone(self) -> dict[str, V | None]:
        table, undo = self, []
        while table._values is None and table._newer is not None:
            undo.append(table._undo)
            table = table._newer
        values = dict(table._values or {})
        for name, old, was_there in reversed(undo):
            values[name] = old
            if not was_there:
                del values[name]
        return values

    def _there(self) -> dict[str, V]:
        """A dict of its own, without what is gone: to go through it while a newer table is made."""
        if not self._gone:
            return cast(dict[str, V], dict(self._own()))
        return {name: value for name, value in self._own().items() if value is not None}

    def _reindex(self, name: str, old: V | None, new: V | None) -> None:
        if self._index is None:
            return
        before = () if old is None else self._keys_of(old)
        after = () if new is None else self._keys_of(new)
        if before != after:
            for key in before:
                del self._index[key][name]
            _enter(self._index, name, after)

    def __getitem__(self, name: str) -> V:
        value = self._own()[name]
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        value = self._own().get(name)
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._own().get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._there())

    def __len__(self) -> int:
        return len(self._own()) - self._gone

    def items(self) -> ItemsView[str, V]:
        return self._there().items()

    def values(self) -> ValuesView[V]:
        return self._there().values()

    def __eq__(self, other: object) -> bool:
        return self._there() == (other._there() if isinstance(other, Table) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._there())


def _enter(index: dict[Hashable, dict[str, None]], name: str, keys: Iterable[Hashable]) -> None:
    for key in keys:
        index.setdefault(key, {})[name] = None
