"""Completion in bash, zsh and fish themselves: what Tab makes of a line that somebody types there."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.typing_shell import SHELLS, TypingShell
from tests.cli.world import BOND0, MADE, network, ref

ROOT = Path(__file__).parents[2]
HARD = '5$ `and\' "so" \\*'

LINES = {
    "pifctl bond-cr": "pifctl bond-create ",
    "pifctl pif-plug u": "pifctl pif-plug uuid=",
    "pifctl pif-plug uuid=bo": "pifctl pif-plug uuid=bond0 ",
    "pifctl pif-plug uuid=4d": f"pifctl pif-plug uuid={BOND0} ",
    "pifctl pif-plug uuid=e": "pifctl pif-plug uuid=eth",
    "pifctl pif-list MAC=fe:": "pifctl pif-list MAC=fe:ff:ff:ff:ff:ff ",
    "echo hi; pifctl pif-plug uuid=bo": "echo hi; pifctl pif-plug uuid=bond0 ",
    "pifctl bond-create network-uuid=Man": "pifctl bond-create network-uuid=Management\\ network ",
    "pifctl bond-create network-uuid=Management\\ n": "pifctl bond-create network-uuid=Management\\ network ",
    "pifctl pif-plug nonsense=x": "pifctl pif-plug nonsense=x",
}
# A quote that has been opened is closed, or written another way.
QUOTED = {
    "bash": 'network-uuid="Management network"',
    "zsh": "network-uuid=Management\\ network ",
    "fish": 'network-uuid="Management network" ',
}


def environment(daemon: Daemon, home: Path, name: str) -> dict[str, str]:
    """What a shell finds around it: the program by a name, and nobody's settings."""
    program = home / name
    program.write_text(f"#!{sys.executable}\nfrom agent.cli.__main__ import main\nmain()\n")
    program.chmod(0o755)
    path = f"{home}:{os.environ['PATH']}"
    plain = {"HOME": str(home), "PATH": path, "PIFD_SOCKET": daemon.socket, "PYTHONPATH": str(ROOT)}
    return plain | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "200"}


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_in_a_real_shell(host: Daemon, tmp_path: Path, shell: str) -> None:
    with TypingShell(shell, "pifctl", environment(host, tmp_path, "pifctl")) as typing:
        assert {line: typing.completed(line) for line in LINES} == LINES
        opened = typing.completed('pifctl bond-create network-uuid="Man')
    assert opened == f"pifctl bond-create {QUOTED[shell]}"


@pytest.mark.parametrize("shell", SHELLS)
def test_it_does_by_the_name_of_xe_too(daemon: Daemon, tmp_path: Path, shell: str) -> None:
    with TypingShell(shell, "xe", environment(daemon, tmp_path, "xe")) as typing:
        assert typing.completed("xe bond-destroy uuid=b") == "xe bond-destroy uuid=bond0 "


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_completed_comes_back_as_the_name(daemon: Daemon, tmp_path: Path, shell: str) -> None:
    daemon.records["network"][ref(MADE)] = network(MADE, HARD, "xapi9")
    around = environment(daemon, tmp_path, "pifctl")
    with TypingShell(shell, "pifctl", around) as typing:
        typing.execute(typing.completed("pifctl network-destroy uuid=5"))
        end = time.monotonic() + 20
        while ("Async.network.destroy", [ref(MADE)]) not in daemon.calls and time.monotonic() < end:
            time.sleep(0.01)
    assert ("Async.network.destroy", [ref(MADE)]) in daemon.calls


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_daemon_commands_and_parameters_are_completed_and_nothing_is_said(
    daemon: Daemon, tmp_path: Path, shell: str
) -> None:
    around = environment(daemon, tmp_path, "pifctl") | {"PIFD_SOCKET": str(tmp_path / "nothing")}
    with TypingShell(shell, "pifctl", around) as typing:
        assert typing.completed("pifctl bond-cr") == "pifctl bond-create "
        assert typing.completed("pifctl pif-plug u") == "pifctl pif-plug uuid="
        assert typing.completed("pifctl pif-plug uuid=bo") == "pifctl pif-plug uuid=bo"


def test_the_scripts_are_for_the_name_that_they_were_asked_by(
    run: Run, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/xe"])
    ends = {shell: run("completion", shell).output.splitlines()[-1] for shell in ("bash", "fish")}
    assert ends == {
        "bash": "complete -o nospace -F _xe xe",
        "fish": "complete -c xe -f -a '(xe __complete fish (commandline -cp) 2>/dev/null)'",
    }
    assert run("completion", "zsh").output.startswith("#compdef xe\n")
    assert daemon.calls == []
    tcsh = "Error: Invalid shell. Got tcsh\nKnown are: bash, zsh, fish\n"
    assert run("completion", "tcsh") == (1, "", tcsh)
