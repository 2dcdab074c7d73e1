"""The method table over the socket: every method's checks, generated from the table."""

import inspect
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import pytest

from agent.api.calls.declared import CHANGING
from agent.api.calls.methods import Method, table
from agent.model.records import CLASSES
from tests.api.test_records import FIELDS
from tests.api.world import NOWHERE, Caller, EngineInMemory

WAYS = ("DryRun.", "Async.", "InternalAsync.")
METHODS = [table()[name] for name in sorted(table()) if not name.startswith(WAYS)]
OF_CLASS = {name: list(some) for name, some in groupby(METHODS, lambda method: method.name.partition(".")[0])}
every_method = pytest.mark.parametrize("class_name", OF_CLASS)
every_change = pytest.mark.parametrize("name", [n for n in table() if f"DryRun.{n}" in table()])

OF_TASKS = {f"task.set_{field}" for field in ("status", "progress", "result", "error_info")}
SETTERS = """
pool.set_name_label pool.set_name_description
pool.set_other_config pool.add_to_other_config pool.remove_from_other_config
host.set_name_label host.set_name_description
host.set_other_config host.add_to_other_config host.remove_from_other_config
network.set_name_label network.set_name_description network.set_MTU
network.set_other_config network.add_to_other_config network.remove_from_other_config
network.set_tags network.add_tags network.remove_tags
PIF.set_other_config PIF.add_to_other_config PIF.remove_from_other_config
Bond.set_other_config Bond.add_to_other_config Bond.remove_from_other_config
VLAN.set_other_config VLAN.add_to_other_config VLAN.remove_from_other_config
tunnel.set_other_config tunnel.add_to_other_config tunnel.remove_from_other_config
VM.set_name_label VM.set_name_description VM.set_affinity VM.set_is_a_template
VM.set_possible_hosts VM.add_possible_hosts VM.remove_possible_hosts
VM.set_other_config VM.add_to_other_config VM.remove_from_other_config
VM_guest_metrics.set_other_config VM_guest_metrics.add_to_other_config
VM_guest_metrics.remove_from_other_config
VIF.set_other_config VIF.add_to_other_config VIF.remove_from_other_config
session.set_other_config session.add_to_other_config session.remove_from_other_config
task.set_other_config task.add_to_other_config task.remove_from_other_config
Bond.put_in_other_config PIF.put_in_other_config VIF.put_in_other_config VLAN.put_in_other_config
VM.put_in_other_config VM_guest_metrics.put_in_other_config host.put_in_other_config
network.put_in_other_config pool.put_in_other_config session.put_in_other_config
task.put_in_other_config tunnel.put_in_other_config
"""

# No parameter takes an array that holds a number: neither a scalar, a struct nor a set of strings does.
WRONG_FOR_ALL = [5]


# The class that a parameter of this name, or the value that a message of this name takes, leads to.
LEADS_TO = {
    "members": "PIF",
    "pif": "PIF",
    "tagged_PIF": "PIF",
    "transport_PIF": "PIF",
    "network": "network",
    "host": "host",
    "vm": "VM",
    "add_member": "PIF",
    "remove_member": "PIF",
    "set_primary_slave": "PIF",
    "set_active_slave": "PIF",
    "set_affinity": "host",
    "set_possible_hosts": "host",
    "add_possible_hosts": "host",
    "remove_possible_hosts": "host",
}
OTHERS: Mapping[str, Any] = {
    "set_progress": 0.5,
    "set_error_info": ["x"],
    "properties": {},
    "devices": ["x"],
    "record": {},
    "managed": True,
    "tag": 5,
    "VLAN": 5,
    "start_paused": True,
    "force": True,
    "set_disallow_unplug": True,
    "set_PV_drivers_detected": True,
    "set_is_a_template": True,
    "set_MTU": 1500,
    "set_domid": 5,
    "set_other_config": {},
    "put_in_other_config": {},
    "set_tags": ["x"],
    "set_purpose": [],
    "set_trunks": [],
    "add_trunks": 42,
    "remove_trunks": 42,
    "set_qos_algorithm_params": {},
    "put_in_qos_algorithm_params": {},
    "set_ipv4_allowed": [],
    "set_ipv6_allowed": [],
    "classes": ["pif"],
    "timeout": 0.5,
    "priority": 3,
    "since": "20260821T10:00:00Z",
}


def kind_of(method: Method, parameter: str) -> str:
    """What a parameter's type follows from: its name, or for a value the message that takes it."""
    return method.name.rpartition(".")[2] if parameter == "value" else parameter


def samples(method: Method) -> list[Any]:
    """Values of the right types; references lead nowhere."""
    return [sample(kind_of(method, parameter.name)) for parameter in method.parameters]


def sample(kind: str) -> Any:
    if kind in ("members", "messages", "set_possible_hosts"):
        return [NOWHERE]
    return NOWHERE if kind == "self" or kind in LEADS_TO else OTHERS.get(kind, "x")


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
        assert [(p.name, p.default) for p in table()[name].parameters] == [
            (p.name, p.default) for p in of_rule
        ]


def test_a_dry_run_and_a_task_take_what_the_change_takes() -> None:
    for name, method in table().items():
        if name.startswith(WAYS):
            assert method.parameters == table()[name.partition(".")[2]].parameters


def test_every_field_that_may_be_written_has_its_setters() -> None:
    setters = {
        name
        for name in table()
        if name.partition(".")[2].startswith(("set_", "add_", "put_in_", "remove_")) and name not in CHANGING
    }
    assert setters - OF_TASKS == set(SETTERS.split())


async def test_listMethods_names_them_all_with_a_session_and_without(api: Caller) -> None:
    assert await api("system.listMethods") == sorted(table())
    assert (await api.raw("system.listMethods"))["result"] == sorted(table())


async def test_isAlive_is_answered_with_a_session_and_without(api: Caller) -> None:
    assert await api("system.isAlive") is True
    assert (await api.raw("system.isAlive"))["result"] is True


@every_method
async def test_a_parameter_too_few_is_refused(api: Caller, class_name: str) -> None:
    for method in OF_CLASS[class_name]:
        least, _ = counts(method)
        if least == 0:
            continue
        params = [api.session, *samples(method)] if method.takes_session else samples(method)
        answer = await api.raw(method.name, *params[: least - 1])
        assert answer["error"]["message"] == "MESSAGE_PARAMETER_COUNT_MISMATCH"
        assert answer["error"]["data"] == [method.name, str(least), str(least - 1)]


@every_method
async def test_a_parameter_too_many_is_refused(api: Caller, class_name: str) -> None:
    for method in OF_CLASS[class_name]:
        _, most = counts(method)
        session = [api.session] if method.takes_session else []
        answer = await api.raw(method.name, *session, *samples(method), "extra")
        assert answer["error"]["message"] == "MESSAGE_PARAMETER_COUNT_MISMATCH"
        assert answer["error"]["data"] == [method.name, str(most), str(most + 1)]


@pytest.mark.parametrize("session", ["", "OpaqueRef:NULL", NOWHERE, 5, None, ["x"]])
async def test_every_method_but_login_refuses_a_session_that_was_not_given_out(
    api: Caller, session: Any
) -> None:
    for method in METHODS:
        if not method.name.startswith(("session.login", "session.slave_local_login", "system.")):
            rest = samples(method) if method.takes_session else []
            answer = await api.raw(method.name, session, *rest)
            assert (method.name, answer["error"]["message"]) == (method.name, "SESSION_INVALID")
            assert answer["error"]["data"] == [str(session)]


@every_method
async def test_a_parameter_of_the_wrong_type_is_refused_by_its_name(
    api: Caller, engine: EngineInMemory, class_name: str
) -> None:
    before = engine.model
    every = [(method, n) for method in OF_CLASS[class_name] for n in range(len(method.parameters))]
    for method, position in every:
        parameter, params = method.parameters[position], samples(method)
        params[position] = [WRONG_FOR_ALL] if parameter.type == "int set" else WRONG_FOR_ALL
        answer = await api.raw(method.name, *([api.session] if method.takes_session else []), *params)
        is_checked = parameter.name == "session" and parameter.required
        wanted = "SESSION_INVALID" if is_checked else "FIELD_TYPE_ERROR"
        assert answer["error"]["message"] == wanted
        assert answer["error"]["data"][0] == (parameter.name if wanted == "FIELD_TYPE_ERROR" else "[5]")
    assert engine.model is before


@every_method
async def test_a_string_that_is_no_reference_is_refused_with_the_class_that_was_wanted(
    api: Caller, class_name: str
) -> None:
    every = [(method, n) for method in OF_CLASS[class_name] for n in range(len(method.parameters))]
    for method, position in every:
        params = samples(method)
        if params[position] in (NOWHERE, [NOWHERE]):
            params[position] = ["zz"] if params[position] == [NOWHERE] else "zz"
            wanted = LEADS_TO.get(kind_of(method, method.parameters[position].name), class_name)
            assert await api(method.name, *params) == ["HANDLE_INVALID", wanted, "zz"]


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
        ("network.create", [{"MTU": "15e2"}], "MTU", 'expected an integer, got "15e2"'),
        ("network.create", [{"MTU": True}], "MTU", "expected an integer, got true"),
        ("network.create", [{"name_label": 1}], "name_label", "expected a string, got 1"),
        ("network.create", [{"tags": "a"}], "tags", 'expected an array, got "a"'),
        ("network.create", [{"managed": "no"}], "managed", 'expected a boolean, got "no"'),
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
    "name", ["PIF.fly", "", "PIF", "PIF.", ".plug", "Async.PIF.fly", "pif.plug", "PIF.plug "]
)
async def test_an_unknown_method_is_refused_by_its_name(api: Caller, name: str) -> None:
    assert await api(name) == ["MESSAGE_METHOD_UNKNOWN", name]


async def test_an_underscore_may_stand_for_the_dot(api: Caller, engine: EngineInMemory) -> None:
    assert await api("PIF_get_device", engine.pif("eth1").ref) == "eth1"
    assert await api("PIF_set_disallow_unplug", engine.pif("eth1").ref, True) == ""
    assert engine.pif("eth1").disallow_unplug
