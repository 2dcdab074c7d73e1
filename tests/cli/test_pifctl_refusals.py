"""Refusals: what is wrong with a command line, what the daemon refuses, and connections that fail."""

import json
import re
import socket
from pathlib import Path

import pytest

from agent.cli.__main__ import Outcome, outcome_of
from agent.cli.connection import why_not
from agent.cli.terminal import Screen
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import ETH0, ETH1, MADE, STORAGE, ref

WRONG = [
    ("", "No command was given\nFor usage run: 'pifctl help'\n"),
    (
        "bond-craete",
        "Unknown command: bond-craete\nDid you mean bond-create?\nFor usage run: 'pifctl help'\n",
    ),
    (
        "bond-param-add",
        "Unknown command: bond-param-add\nDid you mean bond-param-set?\nFor usage run: 'pifctl help'\n",
    ),
    ("pif-list --socket", "Syntax error: --socket needs a path\nFor usage run: 'pifctl help'\n"),
    ("zzz", "Unknown command: zzz\nFor usage run: 'pifctl help'\n"),
    ("bond-destroy", "Required parameter not found: uuid\nFor usage run: 'pifctl help bond-destroy'\n"),
    (
        "bond-destroy uuid=x force=true",
        "Unknown parameter: force\nbond-destroy takes: uuid, dry-run, json\n"
        "For usage run: 'pifctl help bond-destroy'\n",
    ),
    (
        "bond-list colour=red",
        "Unknown parameter: colour\nbond-list takes: params, minimal, json\n"
        "and as filters the fields: uuid, master, slaves, mode, properties, primary-slave, links-up, "
        "auto-update-mac\nFor usage run: 'pifctl help bond-list'\n",
    ),
    (
        "bond-destroy bond0",
        "Syntax error: 'bond0' is not name=value or --flag\nFor usage run: 'pifctl help bond-destroy'\n",
    ),
    (
        "bond-destroy uuid=a UUID=b",
        "Syntax error: uuid is given twice\nFor usage run: 'pifctl help bond-destroy'\n",
    ),
    (
        "pif-param-set uuid=eth0 MAC=x",
        "Error: Field 'MAC' is read-only.\n"
        "These of a PIF can be set: properties, disallow-unplug, other-config\n"
        "For usage run: 'pifctl help pif-param-set'\n",
    ),
    (
        "bond-create network-uuid=a pif-uuids=b mode=fast",
        "Error: Invalid bond mode. Got fast\nKnown are: active-backup, lacp, balance-slb, "
        "balance-rr, balance-xor, broadcast, balance-tlb, balance-alb\n",
    ),
    (
        "pif-set-primary-address-type uuid=eth0 primary_address_type=IPX",
        "Error: Invalid primary address type. Got IPX\nKnown are: IPv4, IPv6\n",
    ),
    (
        "network-create name-label=a MTU=big",
        "Error: Failed to parse parameter 'MTU': expecting an integer\n",
    ),
    (
        "pif-param-set uuid=eth0 disallow-unplug=maybe",
        "Error: Failed to parse parameter 'disallow-unplug': expecting a boolean (true or false)\n",
    ),
]


@pytest.mark.parametrize(("line", "error"), WRONG)
def test_a_wrong_command_line_is_refused_and_nothing_is_sent(
    run: Run, daemon: Daemon, line: str, error: str
) -> None:
    assert run(*line.split()) == (1, "", error)
    assert daemon.calls == []


FAILURES = [
    (
        ("CANNOT_PLUG_BOND_SLAVE", [ref(ETH1)]),
        f"This PIF is a bond member and cannot be plugged.\nPIF: {ETH1} (eth1)\n"
        "code: CANNOT_PLUG_BOND_SLAVE\n",
    ),
    (
        ("NETWORK_UNMANAGED", [ref(STORAGE)]),
        f"The network is not managed by xapi.\nnetwork: {STORAGE} (storage)\ncode: NETWORK_UNMANAGED\n",
    ),
    (
        ("INVALID_VALUE", ["mode"]),
        "The value given is invalid\nfield: mode\nvalue: <unknown>\ncode: INVALID_VALUE\n",
    ),
    (
        ("PIF_UNMANAGED", [ref(MADE), "more"]),
        "The operation you requested cannot be performed because the specified PIF is not managed by xapi.\n"
        f"PIF: {ref(MADE)}\n<extra>: more\ncode: PIF_UNMANAGED\n",
    ),
    (("NEVER_HEARD_OF", ["a", "b"]), "Error code: NEVER_HEARD_OF\nError parameters: a, b\n"),
]


@pytest.mark.parametrize(("failure", "error"), FAILURES)
def test_a_failure_is_printed_as_xe_does_with_its_code(
    run: Run, daemon: Daemon, failure: tuple[str, list[str]], error: str
) -> None:
    daemon.failures["PIF.plug"] = failure
    assert run("pif-plug", "uuid=eth1") == (1, "", error)


def test_a_uuid_that_is_not_there_is_the_daemons_failure(run: Run) -> None:
    expected = f"The uuid you supplied was invalid.\ntype: PIF\nuuid: {MADE}\ncode: UUID_INVALID\n"
    assert run("pif-plug", f"uuid={MADE}") == (1, "", expected)


SENTENCES = {
    "PIF_BOND_MORE_THAN_ONE_IP": "Only one PIF on a bond is allowed to have an IP configuration.",
    "PIF_ALREADY_BONDED": "This operation cannot be performed because the pif is bonded.",
    "PIF_IS_MANAGEMENT_INTERFACE": "The operation you requested cannot be performed because the specified "
    "PIF is the management interface.",
    "PIF_DOES_NOT_ALLOW_UNPLUG": "The operation you requested cannot be performed because the specified PIF "
    "does not allow unplug.",
    "VLAN_TAG_INVALID": "The VLAN tag you gave was invalid -- it must be between 0 and 4094. The parameter "
    "echoes the VLAN tag you gave.",
    "PIF_VLAN_EXISTS": "You tried to create a PIF, but it already exists.",
    "VIF_IN_USE": "Network has active VIFs",
    "CANNOT_ADD_VLAN_TO_BOND_SLAVE": "This PIF is a bond member and cannot have a VLAN on it.",
    "TRANSPORT_PIF_NOT_CONFIGURED": "The tunnel transport PIF has no IP configuration set.",
    "PIF_BOND_NEEDS_MORE_MEMBERS": "A bond must consist of at least two member interfaces",
    "INCOMPATIBLE_PIF_PROPERTIES": "These PIFs cannot be bonded, because their properties are different.",
    "PIF_CONFIGURATION_ERROR": "An unknown error occurred while attempting to configure an interface.",
}


@pytest.mark.parametrize(("code", "sentence"), SENTENCES.items())
def test_the_sentence_of_an_error_is_xes_word_for_word(
    run: Run, daemon: Daemon, code: str, sentence: str
) -> None:
    daemon.failures["PIF.plug"] = (code, ["a", "b", "c"])
    lines = run("pif-plug", "uuid=eth1").error.splitlines()
    assert (lines[0], lines[-1]) == (sentence, f"code: {code}")


LOOK = "See how things are with 'pifctl topology' and 'pifctl pif-list params=all'."
BROKEN = [
    (b"", "The connection to pifd was lost: pifd closed it before it had answered."),
    (
        b"HTTP/1.1 200 OK\r\nContent-Le",
        "The connection to pifd was lost: pifd closed it before it had answered.",
    ),
    (b"HTTP/1.1 500 Oh\r\n\r\n", "pifd could not handle the request: it answered HTTP 500 Oh."),
    (b"SSH-2.0-x\r\n\r\n", "pifd's answer is not valid: it is not HTTP."),
    (b"HTTP/1.1 200 OK\r\n\r\n{}", "pifd's answer is not valid: it does not say how long it is."),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n<>", "pifd's answer is not valid: it is not JSON."),
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "pifd's answer is not valid: it is not a JSON object.",
    ),
    (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "pifd's answer is not valid: it is no JSON-RPC answer to this request.",
    ),
]


@pytest.mark.parametrize(("raw", "sentence"), BROKEN)
def test_after_a_broken_answer_nobody_knows_whether_the_change_was_made(
    run: Run, daemon: Daemon, raw: bytes, sentence: str
) -> None:
    daemon.raw["PIF.plug"] = raw
    error = f"{sentence}  Whether pif-plug was done is not known.  {LOOK}\n"
    assert run("pif-plug", "uuid=eth1") == (1, "", error)


def test_an_error_of_the_protocol_is_no_failure_of_the_api(run: Run, daemon: Daemon) -> None:
    body = b'{"jsonrpc":"2.0","id":3,"error":{"code":-32600,"message":"Invalid Request","data":[]}}'
    daemon.raw["PIF.plug"] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    error = "pifd did not accept the request: Invalid Request (JSON-RPC error -32600).\n"
    assert run("pif-plug", "uuid=eth1") == (1, "", error)


def test_a_broken_answer_to_a_question_leaves_no_doubt(run: Run, daemon: Daemon) -> None:
    daemon.raw["PIF.get_all_records"] = b""
    error = "The connection to pifd was lost: pifd closed it before it had answered.\n"
    assert run("pif-plug", "uuid=eth1") == (1, "", error)
    assert run("pif-list") == (1, "", error)


def test_a_result_of_the_wrong_shape_is_not_used(run: Run, daemon: Daemon) -> None:
    daemon.results["PIF.get_all_records"] = {ref(ETH0): {"device": "eth0"}}
    error = "pifd's answer is not valid: the result of PIF.get_all_records is not what it should be.\n"
    assert run("pif-list") == (1, "", error)


def plain(*arguments: str) -> Outcome:
    """Runs a command line without a daemon."""
    return outcome_of(arguments, {}, Screen())


def test_without_a_socket_the_daemon_does_not_run(tmp_path: Path) -> None:
    error = f"pifd cannot be reached: there is no socket {tmp_path}/none.  Is pifd running?\n"
    assert plain("pif-list", "--socket", f"{tmp_path}/none") == (1, "", error)


def test_a_socket_that_nobody_listens_on_is_reported(tmp_path: Path) -> None:
    path = f"{tmp_path}/xapi"
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(path)
    error = f"pifd cannot be reached: nothing answers on the socket {path}.  Is pifd running?\n"
    assert plain("pif-list", f"--socket={path}") == (1, "", error)


def test_a_path_that_is_too_long_is_reported() -> None:
    path = "/" + "x" * 200
    error = f"pifd cannot be reached: the socket {path} cannot be used: AF_UNIX path too long.\n"
    assert plain("pif-list", "--socket", path) == (1, "", error)


def test_every_error_that_help_names_has_a_sentence() -> None:
    from agent.cli.commands import COMMANDS
    from agent.errors import by_code

    named = {code for command in COMMANDS.values() for code in command.errors}
    assert {code for code in named if by_code(code) is None or not re.fullmatch("[A-Z_]+", code)} == set()


def test_who_is_turned_away_is_told_why_and_that_is_all(run: Run, daemon: Daemon) -> None:
    daemon.raw["session.login_with_password"] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    assert run("pif-plug", "uuid=eth1").error == (
        "pifd has turned you away: you are neither root nor in a group that may use it.\n"
    )
    assert "PIF.plug" not in [method for method, _ in daemon.calls]


def test_who_has_no_permission_to_use_the_socket_is_told_who_has() -> None:
    told = why_not("/run/pifd/xapi", PermissionError())
    assert told == (
        "pifd cannot be reached: you have no permission to use the socket /run/pifd/xapi.  "
        "Root may, and the group that owns it."
    )


def test_an_error_is_json_where_json_is_asked_for(run: Run) -> None:
    status, output, error = run("bond-destroy", "uuid=no-such", "--json")
    told = json.loads(error)["error"]
    assert (status, output, told["code"]) == (1, "", "UUID_INVALID")
    assert told["message"] == "There is no Bond whose uuid begins with 'no-such' or that has this name."
    refused = run("bond-destroy", "uuid=00000000-0000-0000-0000-000000000000", "--json").error
    told = json.loads(refused)["error"]
    assert (told["code"], told["parameters"][0]) == ("UUID_INVALID", "Bond")
    assert told["details"][-1] == "code: UUID_INVALID"


def test_an_address_with_its_prefix_length_stands_for_the_netmask_too(run: Run, daemon: Daemon) -> None:
    line = ["pif-reconfigure-ip", "uuid=eth1", "mode=static"]
    assert run(*line, "IP=10.0.0.3/20").error == ""
    assert daemon.made()[-1][1][2:4] == ["10.0.0.3", "255.255.240.0"]
    assert "is no prefix length" in run(*line, "IP=10.0.0.3/33").error
    assert "is another" in run(*line, "IP=10.0.0.3/24", "netmask=255.0.0.0").error
    assert "give netmask=" in run(*line, "IP=10.0.0.3").error
    assert "pif-reconfigure-ipv6 sets those of IPv6" in run(*line, "IP=2001:db8::3/64").error


@pytest.mark.parametrize(
    "line", ["pif-reconfigure-ip IP=10.0.0.3/24", "pif-reconfigure-ipv6 IPv6=fd00::3/64"]
)
def test_an_address_without_the_mode_that_has_one_is_not_dropped(run: Run, daemon: Daemon, line: str) -> None:
    name, address = line.split()
    told = run(name, "uuid=eth1", "mode=none", address, "DNS=10.0.0.1")
    wanted = f"Error: mode=None is without addresses: leave out {address.partition('=')[0]}, DNS\n"
    assert (told, daemon.made()) == ((1, "", wanted), [])
