"""Table is what a dict would be: whatever is made of which one, in which order, and asked when."""

import sys
from collections.abc import Callable, Hashable

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.table import Table

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
        for other, values in family:
            assert table.differing(other) == {n for n in "abcd" if plain.get(n) != values.get(n)}
            assert (table == other) == (plain == values)
        assert table.in_order("abcd") == list(plain)
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


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 5)), max_size=300), st.booleans())
def test_a_large_table_is_like_a_dict_too(drawn: list[tuple[int, int | None]], asked: bool) -> None:
    plain = {str(number): number % 7 for number in range(100)}
    first = table = Table(plain, halves)
    before = dict(plain)
    for number, value in drawn:
        name = str(number)
        if value is None:
            table = table.without(name)
            plain.pop(name, None)
        else:
            table = table.with_value(name, value)
            plain[name] = value
        if asked:
            assert table.get(name) == plain.get(name)
    assert dict(first) == before
    assert table.differing(first) == {n for n in {*plain, *before} if plain.get(n) != before.get(n)}
    assert table.having(("odd", 1)) == sorted(name for name, value in plain.items() if value % 2)
    assert table == plain
    assert len(table) == len(plain)


@given(st.lists(st.dictionaries(NAMES, st.integers(0, 5), max_size=3), max_size=5), st.booleans())
def test_several_values_in_one_go_are_found_as_those_of_a_new_table(
    drawn: list[dict[str, int]], indexed: bool
) -> None:
    table, plain = Table({"b": 2, "a": 1}, halves), {"b": 2, "a": 1}
    for values in drawn:
        before, was = table, dict(plain)
        assert not indexed or table.has(("odd", 1)) == any(value % 2 for value in plain.values())
        table, plain = table.with_values(values), {**plain, **values}
        assert table.differing(before) == {name for name in plain if plain[name] != was.get(name)}
        for key in [("half", 0), ("half", 1), ("half", 2), ("odd", 0), ("odd", 1)]:
            having = {name: value for name, value in plain.items() if key in halves(value)}
            assert table.values_having(key) == list(having.values())
            assert sorted(table.each_having(key)) == table.having(key) == sorted(having)
            assert (table.has(key), table.number_having(key)) == (bool(having), len(having))


def test_what_has_all_but_the_same_hash_is_told_apart() -> None:
    class Name(str):
        def __hash__(self) -> int:
            return 7

    table = Table[int]({}, halves)
    for number in range(100):
        table = table.with_value(Name(number), number)
    for number in range(0, 100, 2):
        table = table.without(Name(number))
    assert sorted(table.values()) == list(range(1, 100, 2))


def test_a_changed_copy_costs_the_same_however_large_the_table_is() -> None:
    def work(number: int) -> int:
        table = Table({str(n): n for n in range(number)}, halves)
        table = table.with_value("0", 1)
        return calls_of(lambda: table.with_value("5", 9).without("7").differing(table))

    assert work(20_000) <= 2 * work(300)


def calls_of(action: Callable[[], object]) -> int:
    """How many functions are called, Python's and C's."""
    count = 0

    def count_it(frame: object, event: str, _: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_it)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count
