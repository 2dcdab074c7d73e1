"""pifctl on a real terminal: what others have named does it no harm, and it says what it waits for."""

import io
import json
import socket
import threading
from pathlib import Path

import pytest

from agent.cli import connection
from agent.cli.__main__ import run
from agent.cli.classes import CLASSES
from agent.cli.event_lines import ObjectEvent, json_line, line
from agent.cli.session import Session
from agent.cli.terminal import Screen
from agent.cli.topology import drawn
from tests.cli.test_pifctl_with_the_api import Pifctl
from tests.cli.test_pifctl_with_the_api import pifctl as run_pifctl  # noqa: F401 (a fixture)

EVIL = "x\x1b[31m\u202etxt\x9b\x07"
SHOWN = r"x\x1b[31m\u202etxt\x9b\x07"
WORDS = (
    f"network-list name-label={EVIL}",
    f"network-list name-label={EVIL} params=all",
    f"network-param-list uuid={EVIL}",
    f"network-param-get uuid={EVIL} param-name=name-label",
    f"network-param-get uuid={EVIL} param-name=other-config",
    f"network-param-get uuid={EVIL} param-name=other-config param-key={EVIL}",
    "network-list params=name-label --minimal",
    f"network-param-set uuid={EVIL} name-description={EVIL} --dry-run",
    "topology",
)


@pytest.fixture
def pifctl(run_pifctl: Pifctl) -> Pifctl:  # noqa: F811
    run_pifctl(f"network-create name-label={EVIL} other-config:{EVIL}={EVIL}")
    run_pifctl(f"vlan-create pif-uuid=eth1 vlan=5 network-uuid={EVIL}")
    return run_pifctl


def test_a_label_is_escaped_where_people_look(pifctl: Pifctl) -> None:
    for words in WORDS:
        printed = pifctl(words)
        assert not set(EVIL) - set("x[31mtxt") & set(printed), words
        assert words == "topology" or SHOWN in printed, words


@pytest.mark.parametrize("words", [f"list name-label={EVIL}", f"param-list uuid={EVIL}"])
def test_a_label_is_as_it_is_in_json(pifctl: Pifctl, words: str) -> None:
    found = json.loads(pifctl(f"network-{words} --json"))
    record = found[0] if isinstance(found, list) else found
    assert (record["name-label"], record["other-config"]) == (EVIL, {EVIL: EVIL})


def test_an_error_and_an_event_show_no_label_raw() -> None:
    stderr = io.StringIO()
    assert run(["pif-plug", f"uuid={EVIL}", EVIL], {}, io.StringIO(), stderr) == 1
    assert EVIL not in stderr.getvalue()
    assert SHOWN in stderr.getvalue()
    before, after = {"name-label": ""}, {"name-label": f"{EVIL}\n"}
    event = ObjectEvent(CLASSES["network"], "mod", "uuid", EVIL, before, after)
    assert line(event).count(SHOWN) == 2
    assert line(event).count("\n") == 1
    assert json.loads(json_line(event))["name"] == EVIL


def test_the_drawing_has_its_own_colours_and_no_others() -> None:
    node = {"kind": "network", "name": EVIL, "state": "up", "MAC": "", "MTU": 1500, "addresses": [],
            "notes": [EVIL], "children": []}  # fmt: skip
    picture = drawn({"name_label": EVIL, "uuid": ""}, [node], Screen(has_colour=True))
    assert "\x1b[31m" not in picture
    assert "\x1b[32mup" in picture
    assert picture.count(SHOWN) == 3


def test_a_daemon_that_does_not_answer_is_said_to_be_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SECONDS_OF_PATIENCE", 0.1)
    monkeypatch.setattr(connection, "SECONDS_FOR_AN_ANSWER", 0.5)
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(tmp_path / "s"))
        stuck.listen(8)
        for words, waits in (("pif-list", True), ("pif-list --json", False)):
            stderr = io.StringIO()
            status = run(words.split(), {"PIFD_SOCKET": str(tmp_path / "s")}, io.StringIO(), stderr)
            said = "Still waiting for pifd to answer session.login_with_password.  "
            assert (status, stderr.getvalue().startswith(said)) == (1, waits)
            assert waits or "gave no answer within" in json.loads(stderr.getvalue())["error"]["message"]


@pytest.mark.parametrize(("seconds", "doing"), [(0.25, "answer event.from"), (3600.0, "")])
def test_who_waits_for_an_event_is_not_told_that_he_waits(
    monkeypatch: pytest.MonkeyPatch, seconds: float, doing: str
) -> None:
    asked: list[str] = []

    class Mute:
        def __init__(self, *_: object) -> None: ...

        def post(self, body: bytes, doing: str) -> bytes:
            asked.append(doing)
            return json.dumps({"id": json.loads(body)["id"], "result": ""}).encode()

    monkeypatch.setattr("agent.cli.session.Connection", Mute)
    Session("/nowhere").ask("event.from", ["task"], "", seconds, shape=str)
    assert asked == ["answer session.login_with_password", doing]


def test_a_daemon_that_accepts_nobody_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SECONDS_OF_PATIENCE", 0.1)
    told: list[str] = []
    with socket.socket(socket.AF_UNIX) as full, socket.socket(socket.AF_UNIX) as other:
        full.bind(str(tmp_path / "s"))
        full.listen(0)
        other.connect(str(tmp_path / "s"))
        later = threading.Timer(0.3, accept_one, (full,))
        later.start()
        connection.connected(str(tmp_path / "s"), told.append).close()
        later.join()
    assert [text.split(".")[0] for text in told] == ["Still waiting for pifd to accept the connection"]


def accept_one(listener: socket.socket) -> None:
    listener.accept()[0].close()
