"""get_all_records_where: the language, its errors, and what it finds."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.api.calls.expression import (
    DEEPEST,
    MOST_TERMS,
    Chain,
    Constant,
    Equal,
    Expression,
    Field,
    Literal,
    Not,
    Operand,
    Unreadable,
    holds,
    parsed,
)
from agent.api.calls.where import text_of
from agent.errors import InvalidValue
from tests.api.direct import Direct, direct
from tests.api.world import EngineInMemory

A, B, C = (Equal(Field("f"), Literal(text)) for text in "abc")
TEXTS = {"a": 'field "f" = "a"', "b": 'field "f" = "b"', "c": 'field "f" = "c"'}


@pytest.fixture
async def api(engine: EngineInMemory) -> AsyncIterator[Direct]:
    async with direct(engine) as api:
        yield api


def written(expression: Expression) -> str:
    """The expression as text, with a parenthesis around each part."""
    if isinstance(expression, Constant):
        return "true" if expression.value else "false"
    if isinstance(expression, Equal):
        return f"{operand(expression.left)}={operand(expression.right)}"
    if isinstance(expression, Not):
        return f"not({written(expression.inner)})"
    rest = (f"{word}({written(inner)})" for word, inner in expression.rest)
    return f"({written(expression.first)}){''.join(rest)}"


def operand(side: Operand) -> str:
    text = side.text if isinstance(side, Literal) else side.name
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if isinstance(side, Literal) else f'field "{escaped}"'


OPERANDS = st.builds(Literal, st.text(max_size=5)) | st.builds(Field, st.text("ab_", max_size=3))
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.builds(Constant, st.booleans()) | st.builds(Equal, OPERANDS, OPERANDS),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(
            Chain,
            inner,
            st.lists(st.tuples(st.sampled_from(("and", "or")), inner), min_size=1, max_size=3).map(tuple),
        )
    ),
    max_leaves=8,
)


WORDS = ("field", "not", "and", "or", "(", ")", "=", "'x'", '"y"', "true", "'", "\\")


@settings(max_examples=300)
@given(EXPRESSIONS)
def test_what_is_written_is_read_as_it_was_meant(expression: Expression) -> None:
    assert parsed(written(expression)) == expression


@given(st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_an_expression_or_says_what_is_wrong(text: str) -> None:
    try:
        found = parsed(text)
    except Unreadable:
        return
    assert parsed(written(found)) == found


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a and b or c", Chain(A, (("and", B), ("or", C)))),
        ("a or b and c", Chain(A, (("or", B), ("and", C)))),
        ("a or (b and c)", Chain(A, (("or", Chain(B, (("and", C),))),))),
        ("not a and b", Not(Chain(A, (("and", B),)))),
        ("(not a) and b", Chain(Not(A), (("and", B),))),
        ("a and not b or c", Chain(A, (("and", Not(Chain(B, (("or", C),)))),))),
        ("not not a", Not(Not(A))),
    ],
)
def test_and_or_and_not_bind_as_in_XenAPI(text: str, expression: Expression) -> None:
    assert parsed(spelt(text)) == expression


def spelt(text: str) -> str:
    """The text with a, b and c in full."""
    words = text.replace("(", "( ").replace(")", " )").split()
    return " ".join(TEXTS.get(word, word) for word in words)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a and b", False), ("a or b", True), ("b or a and b", False), ("b and b or a", True),
        ("not b", True), ("not a or b", False), ("true and a", True), ("false or b", False),
    ],
)  # fmt: skip
def test_an_expression_holds_or_does_not(text: str, wanted: bool) -> None:
    assert holds(parsed(spelt(text)), {"f": "a"}) is wanted


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (r"'it\'s'", "it's"), ('"it\'s"', "it's"), (r'"a \"b\""', 'a "b"'), (r'"C:\\dir"', "C:\\dir"),
        (r'"C:\dir"', "C:\\dir"), (r"'end\\'", "end\\"), ("'two\nlines'", "two\nlines"), ("''", ""),
    ],
)  # fmt: skip
def test_texts_stand_in_either_quotes(text: str, literal: str) -> None:
    assert parsed(f"{text} = 'x'") == Equal(Literal(literal), Literal("x"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at character 1: expected 'true', 'false', 'not', '(', 'field' or a quoted text, got the end"),
        ("field name = 'x'", "at character 7: expected the field's name, in quotes, got 'name'"),
        ("field 'name'", "at character 13: expected '=', got the end"),
        ("'a' = ", "at character 7: expected 'field' or a quoted text, got the end"),
        ("true false", "at character 6: expected the end, got 'false'"),
        ("(true", "at character 6: expected ')', got the end"),
        ("true and 'x", "at character 10: this quoted text does not end"),
        ("true & true", "at character 6: '&' means nothing here"),
        (
            "True",
            "at character 1: expected 'true', 'false', 'not', '(', 'field' or a quoted text, got 'True'",
        ),
        ("(" * (DEEPEST + 1), f"it is nested deeper than {DEEPEST} levels"),
        ("not " * 100_000, f"it is nested deeper than {DEEPEST} levels"),
        ("true or " * 100_000, f"it has more than {MOST_TERMS} comparisons"),
        ("field 'nmae' = 'x'", "network has no field 'nmae'"),
    ],
)
async def test_what_is_wrong_is_said_with_its_place(api: Direct, text: str, why: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await api("network.get_all_records_where", text)
    assert refused.value.parameters == ("expr", why)


async def test_records_are_found_by_their_fields(api: Direct, engine: EngineInMemory) -> None:
    eth0, bridge = engine.pif("eth0").ref, engine.network("xenbr0").ref
    for kind, text, refs in (
        ("PIF", 'field "device" = "eth0"', [eth0]),
        ("PIF", '"eth0" = field "device"', [eth0]),
        ("PIF", f"field 'network' = '{bridge}'", [eth0]),
        ("PIF", f"field '_ref' = '{eth0}'", [eth0]),
        ("PIF", "field 'management' = 'true' and field 'VLAN' = '-1'", [eth0]),
        ("PIF", "field 'bond_slave_of' = 'OpaqueRef:NULL' and field 'gateway' = '10.0.0.1'", [eth0]),
        ("network", f"field 'PIFs' = \"('{eth0}')\"", [bridge]),
        ("network", "field 'tags' = '()' and field 'bridge' = 'xenbr0'", [bridge]),
        ("network", "false", []),
        ("network", "field 'MTU' = field 'bridge'", []),
    ):
        assert list(await api(f"{kind}.get_all_records_where", text)) == refs


async def test_all_records_are_those_for_which_true_holds(api: Direct) -> None:
    assert await api("PIF.get_all_records_where", "true") == await api("PIF.get_all_records")


async def test_XenAPIs_database_has_two_underscores_where_the_wire_has_one(api: Direct) -> None:
    made = await api("network.create", {"name_label": "storage"})
    assert list(await api("network.get_all_records_where", 'field "name__label" = "storage"')) == [made]
    assert list(await api("network.get_all_records_where", 'field "name_label" = "storage"')) == [made]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"), (-1, "-1"), (0.5, "0.5"), (1.0, "1."), (1e300, "1e+300"), ("x", "x"), ([], "()"),
        (["a", "it's"], r"('a' 'it\'s')"), ({"k": "v", "b": "\\"}, r"(('k' 'v') ('b' '\\'))"), ({}, "()"),
    ],
)  # fmt: skip
def test_values_are_printed_as_XenAPIs_database_does(value: object, text: str) -> None:
    assert text_of(value) == text  # type: ignore[arg-type]
