"""What is refused: the code and its parameters are the same whoever asks, and nothing has changed."""

from typing import Any

from agent.api.calls.declared import CHANGING
from agent.api.calls.methods import table
from tests.clients.asking import details, of_one_object, something
from tests.clients.conftest import Furnished
from tests.clients.daemon import Daemon
from tests.clients.refusals import NOWHERE, OTHERS, REFUSALS, names_on, resolved
from tests.clients.story import Teller, host_of
from tests.clients.voices import JSONRPC, XMLRPC, Voice

ELSEWHERE = {"host.management_disable"}
"""Refused only on another host than the story's: see the test of its name."""


def failed_task(voice: Voice, method: str, *params: Any) -> list[str]:
    """The error of a call that a task makes."""
    task = voice(f"Async.{method}", *params)
    token = ""
    while voice("task.get_status", task) == "pending":
        token = voice("event.from", [f"task/{task}"], token, 10.0)["token"]
    assert voice("task.get_status", task) == "failure"
    error: list[str] = voice("task.get_error_info", task)
    voice("task.destroy", task)
    return error


def test_every_declared_call_has_a_refusal_here() -> None:
    assert {one.method for one in REFUSALS} == CHANGING.keys() - ELSEWHERE


def test_every_encoding_the_dry_run_and_the_task_are_refused_alike(furnished: Furnished) -> None:
    before = furnished.daemon.do(furnished.daemon.world.everything)
    names = names_on(furnished.voices[0])
    wrong = []
    for method, given, because in REFUSALS:
        params, wanted = resolved(given, names), resolved(because, names)
        asked = [(voice, f"{prefix}{method}") for voice in furnished.voices for prefix in ("", "DryRun.")]
        found = [details(voice, name, *params) for voice, name in asked]
        found.append(failed_task(furnished.voices[0], method, *params))
        wrong += [(method, wanted, one) for one in found if one != wanted]
    assert wrong == []
    assert furnished.daemon.do(furnished.daemon.world.everything) == before


def test_the_other_calls_are_refused_alike(furnished: Furnished) -> None:
    names = names_on(furnished.voices[0])
    wrong = []
    for method, given, because in OTHERS:
        params, wanted = resolved(given, names), resolved(because, names)
        found = [details(voice, method, *params) for voice in furnished.voices]
        wrong += [(method, wanted, one) for one in found if one != wanted]
    assert wrong == []


def test_event_next_needs_a_registration(furnished: Furnished) -> None:
    for voice in furnished.voices:
        assert details(voice, "event.next") == ["SESSION_NOT_REGISTERED", voice.session]


def test_an_object_that_is_not_there_is_named_with_its_class_by_every_method(furnished: Furnished) -> None:
    voice = furnished.voices[2]
    wrong = []
    for name, method in table().items():
        if of_one_object(method) and "Async." not in name:
            params = [something(parameter.type) for parameter in method.parameters]
            class_name = method.parameters[0].type.removesuffix(" ref")
            found = details(voice, name, *params)
            wrong += [(name, found)] if found != ["HANDLE_INVALID", class_name, NOWHERE] else []
    assert wrong == []


def test_management_disable_takes_no_default_route_away(
    daemon: Daemon, voices: tuple[XMLRPC, JSONRPC, JSONRPC]
) -> None:
    daemon.world.kernel.neighbours |= {"198.51.100.1"}
    host = host_of(Teller(voices[0]).ask)
    eth2 = host.pifs["eth2"]
    voices[0]("PIF.reconfigure_ip", eth2, "Static", "198.51.100.2", "255.255.255.0", "198.51.100.1", "")
    voices[0]("PIF.plug", eth2)
    voices[0]("host.management_reconfigure", eth2)
    why = "the default route would go from eth2 to eth0: say by other_config:defaultroute=true whose it is"
    for voice in voices:
        assert details(voice, "host.management_disable") == ["OPERATION_NOT_ALLOWED", why]


def test_what_the_kernel_refuses_is_undone_and_told_by_the_PIF_and_the_kernels_words(
    daemon: Daemon, voices: tuple[XMLRPC, JSONRPC, JSONRPC]
) -> None:
    host = host_of(Teller(voices[0]).ask)
    before = daemon.do(daemon.world.everything)
    for voice in voices:
        daemon.do(lambda: daemon.world.kernel.expect(refuse=(1,)))
        code, pif, why = details(voice, "PIF.plug", host.pifs["eth1"])
        assert (code, pif) == ("PIF_CONFIGURATION_ERROR", host.pifs["eth1"])
        assert why.endswith(": Device or resource busy")
        daemon.do(daemon.world.kernel.expect)
        assert daemon.do(daemon.world.everything) == before
