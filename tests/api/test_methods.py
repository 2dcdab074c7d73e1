"""The method table over the socket: every method's checks, generated from the table."""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from agent.api.methods import CHANGING, Method, table
from agent.model import CLASSES
from tests.api.test_records import FIELDS
from tests.api.world import NOWHERE, Caller, EngineInMemory

METHODS = list(table().values())
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
every_change = pytest.mark.parametrize(
    "name", [n for change in CHANGING for n in (change, f"DryRun.{change}")]
)

# No parameter takes an array that holds a number: neither a scalar, a struct nor a set of strings does.
WRONG_FOR_ALL = [5]


def sample(name: str) -> Any:
    """A value of the type that a parameter of this name has; references lead nowhere."""
    if name in ("self", "host", "network", "pif"):
        return NOWHERE
    known: Mapping[str, Any] = {
        "members": [NOWHERE],
        "properties": {},
        "record": {},
        "value": True,
        "managed": True,
    }
    return known.get(name, "x")


def samples(method: Method) -> list[Any]:
    return [sample(parameter.name) for parameter in method.parameters]


def counts(method: Method) -> tuple[int, int]:
    """The least and the most parameters, with the session."""
    required = sum(parameter.required for parameter in method.parameters)
    return required + method.takes_session, len(method.parameters) + method.takes_session


async def test_the_table_has_every_getter_of_every_class() -> None:
    for kind in CLASSES:
        name, fields = kind.class_name, FIELDS[kind].split()
        wanted = {f"{name}.get_{field}" for field in fields}
        wanted |= {
            f"{name}.{message}" for message in ("get_all", "get_all_records", "get_record", "get_by_uuid")
        }
        if "name_label" in fields:
            wanted.add(f"{name}.get_by_name_label")
        wanted -= set(table())
        assert wanted == set()


async def test_the_table_says_what_the_rules_signatures_say() -> None:
    for name, rule in CHANGING.items():
        of_rule = [p for p in inspect.signature(rule).parameters.values() if p.kind is not p.KEYWORD_ONLY][1:]
        for method in (table()[name], table()[f"DryRun.{name}"]):
            assert [(p.name, p.default) for p in method.parameters] == [(p.name, p.default) for p in of_rule]


async def test_listMethods_names_them_all(api: Caller) -> None:
    assert await api("system.listMethods") == sorted(table())


@every_method
async def test_a_parameter_too_few_is_refused(api: Caller, method: Method) -> None:
    least, _ = counts(method)
    params = [api.session, *samples(method)] if method.takes_session else samples(method)
    answer = await api.raw(method.name, *params[: least - 1])
    assert answer["error"]["message"] == "MESSAGE_PARAMETER_COUNT_MISMATCH"
    assert answer["error"]["data"] == [method.name, str(least), str(least - 1)]


@every_method
async def test_a_parameter_too_many_is_refused(api: Caller, method: Method) -> None:
    _, most = counts(method)
    params = [api.session, *samples(method), "extra"] if method.takes_session else [*samples(method), "extra"]
    answer = await api.raw(method.name, *params)
    assert answer["error"]["message"] == "MESSAGE_PARAMETER_COUNT_MISMATCH"
    assert answer["error"]["data"] == [method.name, str(most), str(most + 1)]


@pytest.mark.parametrize("session", ["", "OpaqueRef:NULL", NOWHERE, 5, None, ["x"]])
async def test_every_method_but_login_refuses_a_session_that_was_not_given_out(
    api: Caller, session: Any
) -> None:
    for method in METHODS:
        if not method.name.startswith("session.login") and "local_login" not in method.name:
            rest = samples(method) if method.takes_session else []
            answer = await api.raw(method.name, session, *rest)
            assert (method.name, answer["error"]["message"]) == (method.name, "SESSION_INVALID")
            assert answer["error"]["data"] == [str(session)]


@every_method
async def test_a_parameter_of_the_wrong_type_is_refused_by_its_name(
    api: Caller, engine: EngineInMemory, method: Method
) -> None:
    before = engine.model
    for position, parameter in enumerate(method.parameters):
        params = samples(method)
        params[position] = WRONG_FOR_ALL
        answer = await api.raw(method.name, *([api.session] if method.takes_session else []), *params)
        wanted = "SESSION_INVALID" if parameter.name == "session" else "FIELD_TYPE_ERROR"
        assert answer["error"]["message"] == wanted
        assert answer["error"]["data"][0] == (parameter.name if wanted == "FIELD_TYPE_ERROR" else "[5]")
    assert engine.model is before


@every_method
async def test_a_string_that_is_no_reference_is_refused_with_the_class_that_was_wanted(
    api: Caller, method: Method
) -> None:
    classes = {"host": "host", "network": "network", "pif": "PIF", "members": "PIF"}
    own_class = method.name.removeprefix("DryRun.").partition(".")[0]
    for position, parameter in enumerate(method.parameters):
        params: list[Any] = samples(method)
        if params[position] in (NOWHERE, [NOWHERE]):
            params[position] = ["zz"] if parameter.name == "members" else "zz"
            assert await api(method.name, *params) == [
                "HANDLE_INVALID",
                classes.get(parameter.name, own_class),
                "zz",
            ]


@every_change
async def test_a_reference_that_leads_nowhere_is_refused(
    api: Caller, engine: EngineInMemory, name: str
) -> None:
    params = samples(table()[name])
    before = engine.model
    if NOWHERE in params:
        assert (await api(name, *params))[::2] == ["HANDLE_INVALID", NOWHERE]
        assert engine.model is before


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5, "5"), (True, "true"), (None, "null"), (1.5, "1.5"), ([], "an array"), ({}, "an object")],
)
async def test_a_type_error_says_what_was_expected_and_what_came(api: Caller, value: Any, shown: str) -> None:
    expected = ["FIELD_TYPE_ERROR", "label", f"expected a string, got {shown}"]
    assert await api("network.get_by_name_label", value) == expected


@pytest.mark.parametrize(
    ("method", "params", "field", "reason"),
    [
        ("PIF.set_disallow_unplug", [NOWHERE, "true"], "value", 'expected a boolean, got "true"'),
        ("PIF.set_disallow_unplug", [NOWHERE, 1], "value", "expected a boolean, got 1"),
        ("Bond.create", [NOWHERE, "x", ""], "members", 'expected an array, got "x"'),
        ("Bond.create", [NOWHERE, [5], ""], "members", "an element: expected a reference, got 5"),
        ("Bond.create", [5, [], ""], "network", "expected a reference, got 5"),
        ("Bond.create", [NOWHERE, [], "", "lacp", []], "properties", "expected an object, got an array"),
        ("Bond.create", [NOWHERE, [], "", "lacp", None], "properties", "expected an object, got null"),
        (
            "Bond.create",
            [NOWHERE, [], "", "lacp", {"k": 1}],
            "properties",
            "a value: expected a string, got 1",
        ),
        ("network.create", [5], "record", "expected an object, got 5"),
        ("network.create", [{"MTU": "1500"}], "MTU", 'expected an integer, got "1500"'),
        ("network.create", [{"MTU": True}], "MTU", "expected an integer, got true"),
        ("network.create", [{"name_label": 1}], "name_label", "expected a string, got 1"),
        ("network.create", [{"tags": "a"}], "tags", 'expected an array, got "a"'),
        ("network.create", [{"managed": "no"}], "managed", 'expected a boolean, got "no"'),
        ("network.create", [{"colour": "red"}], "colour", "is not for a client to give to network"),
        ("network.create", [{"uuid": "x"}], "uuid", "is not for a client to give to network"),
        ("network.create", [{"PIFs": []}], "PIFs", "is not for a client to give to network"),
    ],
)
async def test_a_type_error_names_the_field(
    api: Caller, method: str, params: list[Any], field: str, reason: str
) -> None:
    assert await api(method, *params) == ["FIELD_TYPE_ERROR", field, reason]


async def test_a_long_wrong_value_is_shown_in_part(api: Caller) -> None:
    answer = await api("PIF.set_disallow_unplug", NOWHERE, "x" * 100_000)
    assert answer == ["FIELD_TYPE_ERROR", "value", f'expected a boolean, got "{"x" * 99}…']


@pytest.mark.parametrize(
    "name", ["PIF.fly", "", "PIF", "PIF.", ".plug", "Async.PIF.plug", "pif.plug", "PIF.plug "]
)
async def test_an_unknown_method_is_refused_by_its_name(api: Caller, name: str) -> None:
    assert await api(name) == ["MESSAGE_METHOD_UNKNOWN", name]


async def test_an_underscore_may_stand_for_the_dot(api: Caller, engine: EngineInMemory) -> None:
    assert await api("PIF_get_device", engine.pif("eth1").ref) == "eth1"
    assert await api("PIF_set_disallow_unplug", engine.pif("eth1").ref, True) == ""
    assert engine.pif("eth1").disallow_unplug
