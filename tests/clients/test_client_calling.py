"""How a call is made: its name, the number and the types of its parameters, its session."""

import xmlrpc.client
from typing import Any

import pytest
import XenAPI

from agent.api.calls.methods import Method, table
from tests.clients.asking import details, of_one_object, something
from tests.clients.conftest import Furnished
from tests.clients.daemon import Daemon
from tests.clients.refusals import NOWHERE
from tests.clients.voices import JSONRPC, LOGIN, XMLRPC

Voices = tuple[XMLRPC, JSONRPC, JSONRPC]

EACH = pytest.mark.parametrize("number", [0, 1, 2], ids=["XML-RPC", "JSON-RPC 1.0", "JSON-RPC 2.0"])


def methods(number: int) -> list[tuple[str, Method]]:
    """All methods in XML-RPC, and a part of them in JSON: the check is behind the encodings."""
    return list(table().items())[:: 7 if number else 1]


def least(method: Method) -> int:
    """The number of parameters that a call has at least, with the session."""
    return method.takes_session + sum(parameter.required for parameter in method.parameters)


@EACH
def test_every_method_says_how_many_parameters_it_takes(furnished: Furnished, number: int) -> None:
    voice, wrong = furnished.voices[number], []
    for name, method in methods(number):
        most = method.takes_session + len(method.parameters)
        counts = [(most, most + 1)] + ([(least(method), least(method) - 1)] if least(method) else [])
        for expected, received in counts:
            found = details(voice.bare, name, *["x"] * received)
            mismatch = ["MESSAGE_PARAMETER_COUNT_MISMATCH", name, str(expected), str(received)]
            wrong += [(found, mismatch)] if found != mismatch else []
    assert wrong == []


@EACH
def test_every_method_but_the_open_ones_needs_a_session(furnished: Furnished, number: int) -> None:
    voice, wrong = furnished.voices[number], []
    for name, method in methods(number):
        if method.takes_session:
            params = ["x"] * (least(method) - 1)
            found = details(voice.bare, name, NOWHERE, *params)
            wrong += [(name, found)] if found != ["SESSION_INVALID", NOWHERE] else []
    assert wrong == []


def test_trailing_optional_parameters_may_be_left_out_one_by_one(furnished: Furnished) -> None:
    voice, wrong, seen = furnished.voices[0], [], []
    for name, method in table().items():
        if of_one_object(method) and not name.startswith(("Async", "Internal")):
            params = [something(parameter.type) for parameter in method.parameters]
            for given in range(least(method) - 1, len(params)):
                seen.append(name)
                found = details(voice, name, *params[:given])
                wrong += [(name, given, found)] if found[0] != "HANDLE_INVALID" else []
    assert wrong == []
    assert {"Bond.create", "PIF.introduce", "tunnel.create", "VM.start", "DryRun.VM.resume_on"} <= {*seen}


def test_a_login_may_leave_out_its_version_and_originator(furnished: Furnished) -> None:
    voice = furnished.voices[0]
    for given in (2, 3, 4):
        session = voice.bare("session.login_with_password", *LOGIN[:given])
        originator = voice("session.get_originator", session)
        assert originator == (LOGIN[3] if given == 4 else "")
        assert voice.bare("session.logout", session) == ""


@EACH
def test_a_method_may_be_written_with_an_underscore(furnished: Furnished, number: int) -> None:
    voice = furnished.voices[number]
    assert voice("PIF_get_all") == voice("PIF.get_all")
    assert voice("event_from", ["pool"], "", 0.0)["events"][0]["class"] == "pool"
    assert voice.bare("system_isAlive") is True
    found = details(voice, "VIF_unplug_force", NOWHERE)
    assert found == ["HANDLE_INVALID", "VIF", NOWHERE]
    task = voice("Async_network_create", {"MTU": 1})
    voice("task.destroy", task)


@EACH
@pytest.mark.parametrize("name", ["PIF.fly", "toaster.get_all", "PIF", "pif.get_all", "Async.PIF.fly"])
def test_a_method_that_is_not_there_is_named(furnished: Furnished, number: int, name: str) -> None:
    found = details(furnished.voices[number].bare, name, "x")
    assert found == ["MESSAGE_METHOD_UNKNOWN", name]


def test_a_getter_has_no_async_mode(furnished: Furnished) -> None:
    in_XML, in_1, in_2 = furnished.voices
    sentence = "No async mode for this operation (rpc: Async.PIF.get_all)"
    with pytest.raises(xmlrpc.client.Fault) as caught:
        in_XML("Async.PIF.get_all")
    assert (caught.value.faultCode, caught.value.faultString) == (-32601, sentence)
    assert details(in_1, "Async.PIF.get_all") == ["INTERNAL_ERROR", sentence]
    answer = in_2.answer({"jsonrpc": "2.0", "method": "Async.PIF.get_all", "params": [], "id": "a"})
    assert answer["error"] == {"code": -32601, "message": sentence, "data": []}


def test_the_client_logs_in_again_when_its_session_was_dropped(daemon: Daemon, voices: Voices) -> None:
    in_XML, other, _ = voices
    before, pifs = in_XML.session, in_XML("PIF.get_all")
    assert other.bare("session.logout", before) == ""
    assert in_XML("PIF.get_all") == pifs
    assert in_XML.session != before
    assert in_XML("session.get_originator", in_XML.session) == LOGIN[3]


def test_the_client_goes_on_when_the_daemon_was_started_again(daemon: Daemon, voices: Voices) -> None:
    in_XML = voices[0]
    network = in_XML("network.create", {"name_label": "kept"})
    daemon.stop()
    daemon.start()
    assert in_XML("network.get_name_label", network) == "kept"
    assert in_XML("session.get_is_local_superuser", in_XML.session) is True


def test_a_script_logs_out_and_can_do_nothing_afterwards(daemon: Daemon) -> None:
    for login in ("login_with_password", "slave_local_login_with_password"):
        voice = XMLRPC(daemon.path)
        getattr(voice.client, login)("root", "")
        handle = voice.session
        voice.client.xenapi.session.logout()
        assert details(voice.bare, "PIF.get_all", handle) == [
            "SESSION_INVALID",
            handle,
        ]
        voice.close()


def test_the_client_finds_the_version_of_the_API(furnished: Furnished) -> None:
    assert furnished.voices[0].client.API_version == "2.21"


TYPES: tuple[tuple[str, tuple[Any, ...], list[str]], ...] = (
    ("network.set_name_label", (5,), ["value", "expected a string, got 5"]),
    ("network.set_name_label", (True,), ["value", "expected a string, got true"]),
    ("network.set_name_label", (["a"],), ["value", "expected a string, got an array"]),
    ("network.set_MTU", ("many",), ["value", 'expected an integer, got "many"']),
    ("network.set_MTU", (1.5,), ["value", "expected an integer, got 1.5"]),
    ("network.set_other_config", ("x",), ["value", 'expected an object, got "x"']),
    ("network.set_other_config", ({"a": ["b"]},), ["value", "a value: expected a string, got an array"]),
    ("network.set_tags", ("red",), ["value", 'expected an array, got "red"']),
    ("network.set_tags", ([{}],), ["value", "an element: expected a string, got an object"]),
    ("network.add_to_other_config", ("a", None), ["value", "expected a string, got null"]),
)


@EACH
def test_a_value_of_the_wrong_type_is_named(furnished: Furnished, number: int) -> None:
    voice = furnished.voices[number]
    network = voice("network.get_all")[0]
    for method, params, wanted in TYPES:
        session = voice.session
        with pytest.raises(XenAPI.Failure) as caught:
            raw(voice, method, session, network, *params)
        assert caught.value.details == ["FIELD_TYPE_ERROR", *wanted]


def raw(voice: XMLRPC | JSONRPC, method: str, *params: Any) -> Any:
    """A call whose integers stay integers in XML-RPC as well."""
    if isinstance(voice, JSONRPC):
        return voice.bare(method, *params)
    answer = getattr(voice.client, method)(*params)
    if answer["Status"] == "Failure":
        raise XenAPI.Failure(answer["ErrorDescription"])
    return answer["Value"]


@EACH
def test_numbers_may_be_written_in_every_way_that_clients_have(voices: Voices, number: int) -> None:
    voice = voices[number]
    network = voice("network.get_all")[0]
    for MTU in (1600, "1700", "+1800"):
        assert raw(voice, "network.set_MTU", voice.session, network, MTU) == ""
        assert int(voice("network.get_MTU", network)) == int(MTU)
    for timeout in (0, 0.0, -1.0):
        assert raw(voice, "event.from", voice.session, ["pool"], "", timeout)["events"] != []


def test_text_that_XML_cannot_carry_is_kept_and_shown_as_a_replacement(voices: Voices) -> None:
    in_XML, in_1, in_2 = voices
    network = in_XML("network.get_all")[0]
    text = "bell \x07 null \x00 \ufffe return \r end"
    in_2("network.set_name_label", network, text)
    assert in_1("network.get_name_label", network) == in_2("network.get_name_label", network) == text
    shown = "bell \ufffd null \ufffd \ufffd return \r end"
    assert in_XML("network.get_name_label", network) == shown
    assert in_XML("network.get_by_name_label", "bell") == []


def test_a_control_character_in_XML_is_refused_and_the_connection_goes_on(voices: Voices) -> None:
    in_XML = voices[0]
    network = in_XML("network.get_all")[0]
    before = in_XML("network.get_name_label", network)
    with pytest.raises(xmlrpc.client.Fault, match="the body is not XML") as caught:
        in_XML("network.set_name_label", network, "bell \x07")
    assert caught.value.faultCode == -32700
    assert in_XML("network.get_name_label", network) == before
