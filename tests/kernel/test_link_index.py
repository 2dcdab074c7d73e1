"""Table is what a dict would be: whatever is made of which one, in which order, and asked when."""

from collections.abc import Hashable

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.kernel.link_index import Table

NAMES = st.sampled_from("abcd")
CHANGES = st.lists(st.tuples(st.integers(0, 20), NAMES, st.none() | st.integers(0, 5), NAMES), max_size=20)


def halves(value: int) -> tuple[Hashable, ...]:
    return ("half", value // 2), ("odd", value % 2)


@settings(max_examples=200)
@given(CHANGES)
def test_every_table_of_a_family_is_like_a_dict_that_was_copied(
    drawn: list[tuple[int, str, int | None, str]],
) -> None:
    family: list[tuple[Table[int], dict[str, int]]] = [(Table({"a": 1, "b": 2}, halves), {"a": 1, "b": 2})]
    for parent, name, value, asked in drawn:
        table, plain = family[parent % len(family)]
        assert table.get(asked) == plain.get(asked)
        assert table.having(("odd", 1)) == sorted(key for key, kept in plain.items() if kept % 2)
        if value is None:
            family.append((table.without(name), {k: v for k, v in plain.items() if k != name}))
        else:
            family.append((table.with_value(name, value), {**plain, name: value}))
    for table, plain in family:
        assert (list(table.items()), len(table)) == (list(plain.items()), len(plain))
        assert (list(table), table) == (list(plain), Table(plain, halves))
        assert [name for name in "abcd" if name in table] == [name for name in "abcd" if name in plain]
        for half in range(3):
            assert table.having(("half", half)) == sorted(k for k, v in plain.items() if v // 2 == half)


def test_a_table_can_be_gone_through_while_the_next_ones_are_made() -> None:
    table = before = Table({"a": 1, "b": 2, "c": 3}, halves)
    for name in before:
        table = table.without(name)
    assert (dict(table), dict(before)) == ({}, {"a": 1, "b": 2, "c": 3})
