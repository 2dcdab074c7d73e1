"""xe's client options: who logs in and where, on the command line, in XE_EXTRA_ARGS and in ~/.xe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli.client import Client, client_of, extra_words
from agent.cli.commands import COMMANDS
from agent.cli.errors import CommandError
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import ETH0, STORAGE

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TAKEN: list[tuple[str, Client, list[str]]] = [
    ("pif-list", Client(), ["pif-list"]),
    ("-s localhost -p 443 -u fred -pw x=y pif-list", Client("fred", "x=y"), ["pif-list"]),
    ("pif-list -u fred --minimal --nossl", Client("fred"), ["pif-list", "--minimal"]),
    ("pif-list server=127.0.0.1 username=fred password=x", Client("fred", "x"), ["pif-list"]),
    (f"pif-list --traceparent {TRACE}", Client(traceparent=TRACE), ["pif-list"]),
    ("--debug pif-list", Client(is_debugging=True), ["pif-list"]),
    ("pif-list debug=False", Client(), ["pif-list"]),
    ("pif-list --trace", Client(is_debugging=True), ["pif-list"]),
    ("-h", Client(), ["-h"]),
    ("-h pif-list", Client(), ["-h", "pif-list"]),
]


@pytest.mark.parametrize(("line", "client", "words"), TAKEN)
def test_the_clients_options_are_taken_off_the_command_line(
    line: str, client: Client, words: list[str]
) -> None:
    assert client_of(line.split(), {}) == (client, words)


def test_the_hosts_own_name_is_this_host() -> None:
    assert client_of(["-s", os.uname().nodename.upper(), "pif-list"], {}) == (Client(), ["pif-list"])


USAGE = "For usage run: 'pifctl help'\n"
WRONG = [
    (
        "pif-list -s pool1",
        "The server 'pool1' is not this host: pifctl talks to this host's pifd alone\n" + USAGE,
    ),
    (
        "pif-list server=192.0.2.1",
        "The server '192.0.2.1' is not this host: pifctl talks to this host's pifd alone\n" + USAGE,
    ),
    ("pif-list -p 70000", "Port number must be an integer (0-65535)\n" + USAGE),
    ("pif-list port=x", "Port number must be an integer (0-65535)\n" + USAGE),
    ("pif-list port=" + "9" * 5000, "Port number must be an integer (0-65535)\n" + USAGE),
    ("pif-list -u \udcff", "Syntax error: '\\udcff' is not valid UTF-8\n" + USAGE),
    ("pif-list -u", "Syntax error: -u needs a word after it\n" + USAGE),
    (
        "pif-list -pwf /nowhere/pw",
        "Error opening password file '/nowhere/pw': No such file or directory\n",
    ),
    (
        "pif-list -pwf /dev/null",
        "Error: password file format: expecting username on the first line, password on the second line\n",
    ),
    (
        "pif-list traceparent=a%0db",
        "Syntax error: 'a%0db' is no traceparent: it has hexadecimal digits and hyphens\n" + USAGE,
    ),
    (
        "pif-list debug=perhaps",
        "Error: Failed to parse parameter 'debug': expecting a boolean (true or false)\n",
    ),
]


@pytest.mark.parametrize(("line", "error"), WRONG)
def test_a_client_that_makes_no_sense_here_is_refused_and_nothing_is_sent(
    run: Run, daemon: Daemon, line: str, error: str
) -> None:
    assert run(*line.split()) == (1, "", error)
    assert daemon.calls == []


def test_the_name_and_the_password_are_sent_with_the_login(run: Run, daemon: Daemon, tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("fred\nsecret\n")
    daemon.user = ["fred", "secret"]
    assert run("pif-list", "--minimal", "-pwf", str(file), "device=eth0") == (0, f"{ETH0}\n", "")


def test_a_traceparent_travels_in_its_header(run: Run, daemon: Daemon) -> None:
    daemon.headers["traceparent"] = TRACE
    assert run("pif-list", "--minimal", "--traceparent", TRACE, "device=eth0") == (0, f"{ETH0}\n", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("server=localhost,port=443", ["server=localhost", "port=443"]),
        ("password=a\\,b,--minimal", ["password=a,b", "--minimal"]),
        (",,minimal=true,", ["minimal=true"]),
        ("password=a\\\\", ["password=a"]),
    ],
)
def test_extra_words_have_commas_in_between(text: str, words: list[str]) -> None:
    assert extra_words(text) == words


@pytest.fixture
def xe(daemon: Daemon, tmp_path: Path) -> "Xe":
    """xe as it is installed: a link to pifctl."""
    pifctl = tmp_path / "pifctl"
    pifctl.write_text(f"#!{sys.executable}\nfrom agent.cli.__main__ import main\nmain()\n")
    pifctl.chmod(0o755)
    (tmp_path / "xe").symlink_to("pifctl")
    return Xe(daemon, tmp_path)


class Xe:
    """Runs the programs, with a home of their own."""

    def __init__(self, daemon: Daemon, home: Path) -> None:
        self.home = home
        self.environment = {
            **os.environ,
            "PIFD_SOCKET": daemon.socket,
            "HOME": str(home),
            "PYTHONPATH": str(Path.cwd()),
        }

    def __call__(self, line: str, program: str = "xe", **more: str) -> tuple[int, str, str]:
        command = [str(self.home / program), *line.split()]
        ended = subprocess.run(
            command, env=self.environment | more, capture_output=True, timeout=10, text=True, check=False
        )
        return ended.returncode, ended.stdout, ended.stderr


def test_called_as_xe_it_calls_itself_so(xe: Xe) -> None:
    assert xe("pif-forget") == (
        1,
        "",
        "Required parameter not found: uuid\nFor usage run: 'xe help pif-forget'\n",
    )
    assert xe("--version")[1].startswith("xe ")
    assert "pifctl" not in xe("help")[1] + xe("help --all")[1] + xe("help pif-plug")[1]
    assert "'xe pif-list' shows what there is." in xe("pif-plug uuid=eth9")[2]


def test_called_as_xe_its_errors_begin_with_xes_sentences(xe: Xe) -> None:
    def first(line: str) -> list[str]:
        return xe(line)[2].splitlines()[:3]

    eth0 = f"uuid={ETH0}"
    unknown = ["The uuid you supplied was invalid.", "type: PIF", "uuid: eth9"]
    assert first("pif-param-get uuid=eth9 param-name=MAC") == unknown
    missing = ["Error code: Missing parameter", "Error parameters: colour"]
    assert first(f"pif-param-get {eth0} param-name=colour")[:2] == missing
    assert first(f"pif-param-clear {eth0} param-name=colour")[:2] == missing
    assert first("pif-list colour=red")[0] == "Error: Unknown field 'colour'"
    assert first(f"pif-param-set {eth0} colour=red")[0] == "Error: Unknown field 'colour'"
    assert first(f"pif-param-set {eth0} uuid=x MAC=y")[0] == "Syntax error: uuid is given twice"
    assert first(f"pif-param-set {eth0} MAC=y")[0] == "Error: Field 'MAC' is read-only."
    assert first(f"pif-param-get {eth0} param-name=other-config param-key=x") == [
        "Error: Key x not found in map"
    ]
    net = f"uuid={STORAGE}"
    gone = "network-param-remove param-key=x param-name"
    assert xe(f"{gone}=other-config {net}") == (1, "", "Error: Key x is not in map\n")
    assert xe(f"{gone}=tags {net}") == (1, "", "Error: Key x is not in the set\n")
    assert xe(f"{gone}=tags {net}", program="pifctl")[0] == 0
    way = "Error: Field 'other-config' is a map or set. use the 'name:key=value' syntax."
    assert first(f"network-param-set {net} other-config=x")[0] == way
    assert first(f"network-param-set {net} tags:x=y")[0] == "Error: Cannot param-set on set fields"
    assert first(f"network-param-set {net} MTU:x=9")[0] == "Error: Field 'MTU' is not a set or map"


def test_the_h_of_xe_names_a_server_and_asks_for_help_at_the_end(xe: Xe) -> None:
    assert xe("-h localhost pif-list device=eth0 --minimal") == (0, f"{ETH0}\n", "")
    assert xe("-h pool1 pif-list")[2].startswith("The server 'pool1' is not this host: xe talks to")
    assert xe("pif-plug -h")[1].startswith("command name            : pif-plug\n")


def test_the_help_of_xe_can_be_taken_apart_as_its_completion_does(xe: Xe) -> None:
    listed = xe("help --minimal --all")[1]
    assert listed == ",".join(sorted(COMMANDS)) + "\n"
    assert xe("help bond-create")[1] == (
        "command name            : bond-create\n"
        "        reqd params     : network-uuid, pif-uuids\n"
        "        optional params : mac, mode, properties:, dry-run, json\n"
        "        description     : Put NICs into a new bond.\n"
    )
    assert xe("help bond-create vlan-create")[1].count("reqd params") == 2
    common, full = xe("help")[1], xe("help --all")[1]
    assert "xe help --all\n\nCommon command list\n-------------------\n    bond-" in common
    assert "xe help <command>\n\nFull command list\n-----------------\n    host-" in full
    assert "\n    \n    vm-" in full
    lines = common.partition("----\n")[2].splitlines()
    assert [line for line in lines if line.endswith(",") or len(line) > 80] == []
    names = [name for line in full.partition("----\n")[2].split() for name in [line.removesuffix(",")]]
    assert sorted(names) == sorted(COMMANDS)
    assert xe("help no-such") == (1, "", "Unknown command 'no-such'\n")


def test_xes_settings_count_for_xe_the_command_line_first_and_the_file_last(xe: Xe, daemon: Daemon) -> None:
    (xe.home / ".xe").write_text("server=pool1\nusername=fred\npassword=x\n\nparams=MAC\n")
    assert xe("pif-list")[2].startswith("The server 'pool1' is not this host")
    daemon.user = ["fred", "y"]
    extra = {"XE_EXTRA_ARGS": "server=localhost,password=y,--minimal"}
    assert xe("pif-list device=eth0", **extra) == (0, "00:16:3e:00:00:0a\n", "")
    assert xe("pif-list device=eth0 params=device", **extra) == (0, "eth0\n", "")


def test_to_pifctl_the_settings_of_xe_say_nothing(xe: Xe) -> None:
    (xe.home / ".xe").write_text("server=pool1\n")
    told = xe("pif-list device=eth0 --minimal", "pifctl", XE_EXTRA_ARGS="server=pool1")
    assert told == (0, f"{ETH0}\n", "")


def test_a_file_of_settings_that_is_none_is_refused(xe: Xe) -> None:
    (xe.home / ".xe").write_text("server\n")
    error = f"The file {xe.home}/.xe cannot be used: 'server' is not name=value\n"
    assert xe("pif-list") == (1, "", error)


def test_debugging_tells_of_each_call_but_of_no_secret(xe: Xe, daemon: Daemon) -> None:
    daemon.user = ["fred", "secret"]
    status, output, told = xe("pif-list --minimal device=eth0 --debug -u fred -pw secret")
    assert (status, output) == (0, f"{ETH0}\n")
    assert told.startswith("debug: PIF.get_all_records [], ")
    assert "secret" not in told
    assert "OpaqueRef:5e55" not in told
    assert xe("pif-list -u fred -pw secret --minimal device=eth0")[2] == ""


def test_a_traceparent_comes_from_the_environment_where_none_is_given() -> None:
    assert client_of(["pif-list"], {"TRACEPARENT": TRACE}) == (Client(traceparent=TRACE), ["pif-list"])
    with pytest.raises(CommandError):
        client_of(["pif-list"], {"TRACEPARENT": "a\r\nb: c"})
