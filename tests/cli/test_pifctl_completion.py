"""Completion: what pifctl tells a shell that can come next on a line, with and without a daemon."""

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import (
    BOND,
    BOND0,
    ETH0,
    ETH1,
    ETH2,
    FIVE,
    MADE,
    MANAGEMENT,
    PRIVATE,
    STORAGE,
    network,
    ref,
)

BREAKS = " \t\n\"'@><=;|&(:"


def after(run: Run, line: str) -> list[str]:
    """What can stand on the line where its last word is, as fish is told."""
    status, output, error = run("__complete", "fish", f"pifctl {line}")
    assert (status, error) == (0, "")
    return [one.partition("\t")[0] for one in output.splitlines()]


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("pif-pl", ["pif-plug"]),
        ("help pif-pl", ["pif-plug"]),
        ("help --", ["--all"]),
        ("--ver", ["--version"]),
        ("pif-plug ", ["uuid=", "--dry-run", "--json"]),
        ("pif-plug uuid=eth0 --dry-run ", ["--json"]),
        ("pif-reconfigure-ip ip", ["IP="]),
        ("pif-reconfigure-ip mode=", ["mode=None", "mode=DHCP", "mode=Static"]),
        ("pif-reconfigure-ip mode=st", ["mode=Static"]),
        ("pif-introduce managed=", ["managed=true", "managed=false"]),
        ("bond-create properties:l", [f"properties:{key}=" for key in ("lacp-time", "lacp-aggregation-key")]),
        ("bond-create properties:lacp-time=", ["properties:lacp-time=slow", "properties:lacp-time=fast"]),
        ("bond-param-get param-name=l", ["param-name=links-up"]),
        ("pif-param-set disallow-unplug=t", ["disallow-unplug=true"]),
        (
            "network-param-add param-name=",
            ["param-name=other-config", "param-name=tags", "param-name=purpose"],
        ),
        ("vlan-list t", ["tagged-PIF=", "tag="]),
        ("vlan-list params=uuid,t", ["params=uuid,tagged-PIF", "params=uuid,tag"]),
        ("vlan-list params=al", ["params=all"]),
        ("network-list o", ["other-config:"]),
        ("network-list tags:", ["tags:contains="]),
        ("event-wait class=po", ["class=pool"]),
        ("event-watch class=pool,bo", ["class=pool,bond"]),
        ("event-wait class=vlan ta", ["tagged-PIF=", "tag="]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("-u root pif-pl", ["pif-plug"]),
        ("--socket ", []),
        ("nonsense ", []),
        ("nonsense x=", []),
        ("pif-plug uuid=", []),
        ("pif-plug nonsense=", []),
        ("event-wait class=nonsense ", ["timeout="]),
    ],
)
def test_commands_and_parameters_need_no_daemon(
    run: Run, daemon: Daemon, line: str, candidates: list[str]
) -> None:
    daemon.raw = dict.fromkeys(("session.login_with_password", "PIF.get_all_records"), b"")
    found = after(run, line)
    assert found[: len(candidates)] == candidates
    assert (line.startswith("bond-create"), len(found)) in ((True, len(found)), (False, len(candidates)))


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        (
            "pif-plug uuid=",
            [f"uuid={name}" for name in ("eth0", "eth1", "eth2", "bond0", "eth0.5", "tunnel0")],
        ),
        ("pif-plug uuid=4d", [f"uuid={BOND0}"]),
        ("pif-plug uuid=b", ["uuid=bond0"]),
        ("bond-destroy uuid=", ["uuid=bond0"]),
        ("vlan-destroy uuid=", ["uuid=eth0.5"]),
        ("vif-move uuid=we", ["uuid=web/0"]),
        ("vm-start uuid=web on=", ["on=ant"]),
        ("vm-param-set affinity=", ["affinity=ant"]),
        ("bond-create pif-uuids=eth0,eth", [f"pif-uuids=eth0,{name}" for name in ("eth1", "eth2", "eth0.5")]),
        (
            f"bond-create pif-uuids={ETH1},eth",
            [f"pif-uuids={ETH1},{name}" for name in ("eth0", "eth2", "eth0.5")],
        ),
        ("pif-list MAC=fe", ["MAC=fe:ff:ff:ff:ff:ff"]),
        ("pif-list uuid=4d", [f"uuid={BOND0}"]),
        ("pif-list bond-slave-of=5", [f"bond-slave-of={BOND}"]),
        ("pif-list network-name-label=s", ["network-name-label=storage"]),
        ("pif-list properties:", ["properties:gro="]),
        ("pif-list properties:gro=", ["properties:gro=on", "properties:gro=off"]),
        ("network-list tags:contains=", ["tags:contains=blue", "tags:contains=fast"]),
        ("event-wait class=bond links-up/=", ["links-up/=2"]),
        (
            "tunnel-param-get uuid=tunnel0 param-name=other-config param-key=",
            ["param-key=remote-ips", "param-key=colour"],
        ),
        ("tunnel-param-add uuid=tunnel0 param-name=other-config c", ["colour="]),
        ("network-param-remove uuid=five param-name=tags param-key=b", ["param-key=blue"]),
        ("network-param-remove uuid=nobody param-name=tags param-key=b", []),
    ],
)
def test_values_come_from_the_objects(run: Run, host: Daemon, line: str, candidates: list[str]) -> None:
    assert after(run, line) == candidates


def test_a_name_that_two_have_is_not_offered(run: Run, host: Daemon) -> None:
    host.records["network"][ref(MADE)] = network(MADE, "storage", "xapi9")
    offered = after(run, "network-destroy uuid=")
    assert offered == [f"uuid={name}" for name in ("Management network", "xapi0", "five", "private", "xapi9")]


def test_an_object_is_told_of_by_its_other_name(run: Run, host: Daemon) -> None:
    def told(line: str) -> str:
        return run("__complete", "fish", f"pifctl {line}").output

    assert told("bond-create network-uuid=sto") == f"network-uuid=storage\t{STORAGE}\n"
    assert told("bond-create network-uuid=3b") == f"network-uuid={STORAGE}\tstorage, xapi0\n"
    assert told("pif-list network-uuid=3c") == f"network-uuid={FIVE}\tfive\n"
    assert told("pif-plug u") == (
        "uuid=\tThe PIF: its uuid, the beginning of it, or its device, such as eth0 or eth0.5.\n"
    )


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("pif-plug uuid=b", "bond0 \n"),
        ("pif-plug u", "uuid=\n"),
        ("bond-create pif-uuids=eth0,bo", "eth0,bond0\n"),
        ("bond-create network-uuid=Man", "Management\\ network \n"),
        ("bond-create network-uuid=Management\\ n", "Management\\ network \n"),
        ('bond-create network-uuid="Management n', "Management network\n"),
        ("bond-create network-uuid='M", "Management network\n"),
        ("pif-list MAC=fe:f", "ff:ff:ff:ff:ff \n"),
        ("pif-list MAC=fe\\:f", "fe:ff:ff:ff:ff:ff \n"),
        (
            "bond-create network-uuid=3",
            f"{MANAGEMENT}  (Management network, xenbr0)\n{STORAGE}  (storage, xapi0)\n"
            f"{FIVE}  (five, xapi5)\n{PRIVATE}  (private, xapi6)\n",
        ),
        (
            "bond-create network-uuid=x",
            f"xenbr0  ({MANAGEMENT})\nxapi0  ({STORAGE})\nxapi5  ({FIVE})\nxapi6  ({PRIVATE})\n",
        ),
    ],
)
def test_bash_is_told_what_goes_in_place_of_the_last_part(
    run: Run, host: Daemon, line: str, answer: str
) -> None:
    assert run("__complete", "bash", f"pifctl {line}", "9", BREAKS) == (0, answer, "")


def test_what_bash_puts_into_the_line_as_it_is_has_nothing_behind_it(run: Run, daemon: Daemon) -> None:
    line = "pifctl pif-plug uuid=eth"
    listed = f"eth0  ({ETH0})\neth1  ({ETH1})\neth2  ({ETH2})\n"
    assert run("__complete", "bash", line, "63", BREAKS).output == listed
    assert run("__complete", "bash", line, "37", BREAKS).output == "eth0 \neth1 \neth2 \n"
    assert run("__complete", "bash", 'pifctl pif-plug uuid="eth', "9", BREAKS).output == "eth0\neth1\neth2\n"


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("5", '5$ \\`and\\\'\\ \\"so\\"\\ \\\\\\*'),
        ('"5', '5\\$ \\`and\' \\"so\\" \\\\*'),
        ("'5", "5$ `and'\\'' \"so\" \\*"),
    ],
)
def test_what_means_something_to_bash_is_quoted(run: Run, daemon: Daemon, written: str, quoted: str) -> None:
    daemon.records["network"][ref(MADE)] = network(MADE, '5$ `and\' "so" \\*', "xapi9")
    end = " " if written == "5" else ""
    quoted = quoted.replace("5$ \\`", "5\\$\\ \\`") if written == "5" else quoted
    line = f"pifctl network-destroy uuid={written}"
    assert run("__complete", "bash", line, "9", BREAKS).output == f"{quoted}{end}\n"


@pytest.mark.parametrize(
    ("line", "skipped"),
    [("uuid=", 5), ("uuid=M", 5), ('uuid="M', 6), ("'uuid=M", 6), ("u\\uid=M", 6)],
)
def test_zsh_is_told_how_much_of_the_word_stays(run: Run, daemon: Daemon, line: str, skipped: int) -> None:
    first, *candidates = run("__complete", "zsh", f"pifctl network-destroy {line}").output.splitlines()
    assert (first, candidates[0]) == (str(skipped), f".\tManagement network\t{MANAGEMENT}")
    assert run("__complete", "zsh", "pifctl network-destroy u").output.startswith("0\n+\tuuid=\tThe network")


def test_a_daemon_that_takes_too_long_is_not_waited_for(
    run: Run, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.cli.completion.SECONDS", 1)
    daemon.slow["PIF.get_all_records"] = 3.0
    assert after(run, "pif-plug uuid=") == []
    daemon.slow.clear()


@pytest.mark.parametrize("words", [(), ("bash",), ("tcsh", "pifctl "), ("fish", "")])
def test_whatever_a_shell_asks_there_is_no_error(run: Run, daemon: Daemon, words: tuple[str, ...]) -> None:
    status, _, error = run("__complete", *words)
    assert (status, error) == (0, "")
