"""Table: an immutable mapping of which a changed copy costs little, however many values it has.

A host has thousands of links and records.  The planner looks at the state after each of thousands of steps,
and a call changes three records among twelve thousand: to copy all for each change, or to go through all for
each question, would take the square of their number.  Copies share what they have in common, so what differs
between two of them is found by what they don't share; and any of them can be read while others are made, in
any thread.
"""

from collections.abc import Callable, Hashable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast

from agent.table.tree import (
    EMPTY,
    Node,
    add_differing,
    entries_of,
    found_in,
    size_of,
    tree_of,
    with_entry,
    without_entry,
)

V = TypeVar("V")

Keys = tuple[Hashable, ...]

FIRST = itemgetter(0)
REMADE = 4
"""The part of a table from which on it is made anew."""
FEW = 16
"""Values that are put into the index of a table that no copy was made of."""


class Table(Mapping[str, V], Generic[V]):
    """Like a dict that nobody writes to, in the order in which its names came.

    keys_of: what a value can be found by, beside its name.
    """

    __slots__ = ("_by_key", "_index", "_keys_of", "_next", "_places", "_plain", "_root", "_size")

    def __init__(self, values: Mapping[str, V], keys_of: Callable[[V], Keys] = lambda _: ()) -> None:
        self._keys_of = keys_of
        self._plain: dict[str, V] | None = dict(values)
        self._size = self._next = len(values)
        self._by_key: dict[Hashable, dict[str, V]] | None = None
        self._places: dict[str, int] | None = None
        """As long as no copy was made: by key what has it, and where each name is in the order."""
        self._root: Node = None
        """By name the value with its place in the order and its keys; None as long as no copy was made."""
        self._index: Node = None
        """By key the names."""

    def having(self, key: Hashable) -> list[str]:
        """The names of the values that have a key, sorted."""
        return sorted(self.each_having(key))

    def has(self, key: Hashable) -> bool:
        """Whether any value has a key."""
        return key in self._flat() if self._root is None else found_in(self._index, key) is not None

    def number_having(self, key: Hashable) -> int:
        """How many values have a key."""
        if self._root is None:
            return len(self._flat().get(key) or {})
        return size_of(found_in(self._index, key) or EMPTY)

    def values_having(self, key: Hashable) -> list[V]:
        """The values that have a key, in the order of the table."""
        if self._root is None:
            return list((self._flat().get(key) or {}).values())
        names = found_in(self._index, key)
        if names is None:
            return []
        if type(names) is dict and len(names) == 1:  # as most questions are answered
            (name,) = names
            return [found_in(self._root, name)[1]]
        places = [found_in(self._root, name) for name, _ in entries_of(names)]
        places.sort(key=FIRST)
        return [value for _, value, _ in places]

    def each_having(self, key: Hashable) -> Iterator[str]:
        """The names of the values that have a key in no order, for who stops at the first that will do."""
        if self._root is None:
            return iter(self._flat().get(key) or {})
        return (name for name, _ in entries_of(found_in(self._index, key) or EMPTY))

    def with_value(self, name: str, value: V) -> "Table[V]":
        """The table with one value added, last of all, or another in its place."""
        self._grow()
        old = found_in(self._root, name)
        if old is not None and old[1] is value:
            return self
        keys = self._keys_of(value)
        if old is None:
            root = with_entry(self._root, hash(name), name, (self._next, value, keys))
            return self._like(root, self._reindexed(name, (), keys), self._size + 1, self._next + 1)
        root = with_entry(self._root, hash(name), name, (old[0], value, keys))
        return self._like(root, self._reindexed(name, old[2], keys), self._size, self._next)

    def with_values(self, values: Mapping[str, V]) -> "Table[V]":
        """The table with several added, or others in their places.  Where they are many, all of it is made
        anew, which costs less a value."""
        if self._root is not None and len(values) * REMADE < self._size:
            table = self
            for name, value in values.items():
                table = table.with_value(name, value)
            return table
        after = Table({**self._there(), **values}, self._keys_of)
        if self._by_key is not None and len(values) <= FEW:
            after._by_key = self._flat_with(values, after._there())
        return after

    def without(self, name: str) -> "Table[V]":
        """The table with one value less."""
        self._grow()
        old = found_in(self._root, name)
        if old is None:
            return self
        root = without_entry(self._root, hash(name), name)
        return self._like(root, self._reindexed(name, old[2], ()), self._size - 1, self._next)

    def differing(self, other: "Table[V]") -> set[str]:
        """The names of what is not the very same value in both: a few, where one was made from the other."""
        if self is other:
            return set()
        if not self._size or not other._size or self._root is other._root is None:
            mine, theirs = self._there(), other._there()
            gone = {name for name in mine if name not in theirs}
            return gone | {name for name, value in theirs.items() if mine.get(name) is not value}
        self._grow()
        other._grow()
        found: set[str] = set()
        if self._root is not other._root:
            add_differing(self._root, other._root, found)
        return found

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are here, in the order of the table."""
        if self._root is None:
            at = self._places or {name: n for n, name in enumerate(self._there())}
            self._places = at
            return sorted((name for name in names if name in at), key=at.__getitem__)
        places = [(entry[0], name) for name in names if (entry := found_in(self._root, name)) is not None]
        return [name for _, name in sorted(places)]

    def _like(self, root: Node, index: Node, size: int, following: int) -> "Table[V]":
        after = Table[V].__new__(type(self))
        after._keys_of, after._plain, after._by_key, after._places = self._keys_of, None, None, None
        after._root, after._index, after._size, after._next = root, index, size, following
        return after

    def _flat(self) -> dict[Hashable, dict[str, V]]:
        """By key what has it, in the order of the table; made the first time that somebody asks."""
        by_key = self._by_key
        if by_key is None:
            by_key = {}
            for name, value in self._there().items():
                for key in self._keys_of(value):
                    by_key.setdefault(key, {})[name] = value
            self._by_key = by_key
        return by_key

    def _flat_with(self, values: Mapping[str, V], there: dict[str, V]) -> dict[Hashable, dict[str, V]]:
        """The same with a few others.  there: all of them."""
        by_key, plain = dict(self._flat()), self._there()
        for name, value in values.items():
            before = self._keys_of(plain[name]) if name in plain else ()
            after = self._keys_of(value)
            for key in {*before, *after}:
                found = by_key.get(key) or {}
                if key in before and key in after:
                    by_key[key] = {**found, name: value}
                    continue
                names = {*found, name} if key in after else found.keys() - {name}
                by_key.pop(key, None)
                if names:
                    by_key[key] = {one: there[one] for one in there if one in names}
        return by_key

    def _grow(self) -> None:
        """Have nodes to share; they are made in one go the first time that they are needed."""
        if self._root is not None:
            return
        by_key = self._flat()
        self._index = tree_of({key: tree_of(dict.fromkeys(found, True)) for key, found in by_key.items()})
        entries = enumerate(self._there().items())
        self._root = tree_of({name: (n, value, self._keys_of(value)) for n, (name, value) in entries})
        self._by_key = self._places = None

    def _reindexed(self, name: str, before: Keys, after: Keys) -> Node:
        index = self._index
        if before == after:
            return index
        for key in before:
            if key not in after:
                names = without_entry(found_in(index, key), hash(name), name)
                is_empty = next(entries_of(names), None) is None
                index = (
                    without_entry(index, hash(key), key)
                    if is_empty
                    else with_entry(index, hash(key), key, names)
                )
        for key in after:
            if key not in before:
                names = with_entry(found_in(index, key) or EMPTY, hash(name), name, True)
                index = with_entry(index, hash(key), key, names)
        return index

    def _there(self) -> dict[str, V]:
        """All of it, which is made when it is asked for the first time."""
        if self._plain is None:
            entries = sorted(entries_of(self._root), key=lambda entry: entry[1][0])
            self._plain = {name: entry[1] for name, entry in entries}
        return self._plain

    def __getitem__(self, name: str) -> V:
        if self._plain is not None:
            return self._plain[name]
        entry = found_in(self._root, name)
        if entry is None:
            raise KeyError(name)
        return cast(V, entry[1])

    def get(self, name: str, default: Any = None) -> Any:
        if self._plain is not None:
            return self._plain.get(name, default)
        entry = found_in(self._root, name)
        return default if entry is None else entry[1]

    def __contains__(self, name: object) -> bool:
        if self._plain is not None:
            return name in self._plain
        return found_in(self._root, cast(str, name)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._there())

    def __len__(self) -> int:
        return self._size

    def items(self) -> ItemsView[str, V]:
        return self._there().items()

    def values(self) -> ValuesView[V]:
        return self._there().values()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Table):
            return all(
                name in self and name in other and self[name] == other[name] for name in self.differing(other)
            )
        return self._there() == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._there())
