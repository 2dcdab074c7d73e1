"""The trees that copies of a Table share: a change makes the nodes on the way to it anew, and no others."""

from collections.abc import Hashable, Iterator
from typing import Any

Node = Any
"""A leaf, a dict; or a branch, a tuple of nodes, one for each value of the next bits of a key's hash."""

LEAF = 32
"""How many a leaf has at most, unless their hashes are all but the same."""
BITS = 4
MASK = (1 << BITS) - 1
DEEPEST = 60 // BITS

EMPTY: Node = {}


def found_in(node: Node, key: Hashable) -> Any:
    bits = hash(key)
    while type(node) is tuple:
        node, bits = node[bits & MASK], bits >> BITS
    return node.get(key)


def with_entry(node: Node, bits: int, key: Hashable, value: object, depth: int = 0) -> Node:
    if type(node) is tuple:
        at = bits & MASK
        return (*node[:at], with_entry(node[at], bits >> BITS, key, value, depth + 1), *node[at + 1 :])
    leaf = {**node, key: value}
    return leaf if len(leaf) <= LEAF else tree_of(leaf, depth)


def without_entry(node: Node, bits: int, key: Hashable) -> Node:
    if type(node) is tuple:
        at = bits & MASK
        return (*node[:at], without_entry(node[at], bits >> BITS, key), *node[at + 1 :])
    return {other: value for other, value in node.items() if other != key}


def tree_of(values: dict[Any, Any], depth: int = 0) -> Node:
    """A leaf, or a branch where there are too many for one."""
    if len(values) <= LEAF or depth > DEEPEST:
        return values
    parts: list[dict[Any, Any]] = [{} for _ in range(MASK + 1)]
    for key, value in values.items():
        parts[hash(key) >> (BITS * depth) & MASK][key] = value
    return tuple(tree_of(part, depth + 1) for part in parts)


def entries_of(node: Node) -> Iterator[tuple[Any, Any]]:
    if type(node) is tuple:
        for part in node:
            yield from entries_of(part)
    else:
        yield from node.items()


def size_of(node: Node) -> int:
    return sum(map(size_of, node)) if type(node) is tuple else len(node)


def add_differing(one: Node, other: Node, found: set[str]) -> None:
    if type(one) is tuple and type(other) is tuple:
        for part, twin in zip(one, other, strict=True):
            if part is not twin:
                add_differing(part, twin, found)
        return
    mine = one if type(one) is dict else dict(entries_of(one))
    theirs = other if type(other) is dict else dict(entries_of(other))
    if mine is theirs:
        return
    others = [name for name, entry in mine.items() if theirs.get(name) is not entry]
    others += [name for name in theirs if name not in mine]
    for name in others:
        left, right = mine.get(name), theirs.get(name)
        if left is None or right is None or left[1] is not right[1]:
            found.add(name)
