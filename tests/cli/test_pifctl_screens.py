"""Screens: the topology and the help pages."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from agent.cli.__main__ import outcome_of
from agent.cli.commands import COMMANDS
from agent.cli.terminal import Screen, screen_of
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import TOPOLOGY

IN_BOXES = """\
host ant                       state       MAC                  MTU
├─ network Management network  up                              1500
│  └─ bridge xenbr0            up          00:16:3e:00:00:0a   1500
│     │  ● management  192.0.2.10/24
│     │  default route via 192.0.2.1
│     └─ NIC eth0              no carrier  00:16:3e:00:00:0a   1500
└─ network storage             unplugged                       9000
      mode active-backup
"""

IN_ASCII = """\
host ant                       state       MAC                  MTU
|- network Management network  up                              1500
|  `- bridge xenbr0            up          00:16:3e:00:00:0a   1500
|     |  * management  192.0.2.10/24
|     |  default route via 192.0.2.1
|     `- NIC eth0              no carrier  00:16:3e:00:00:0a   1500
`- network storage             unplugged                       9000
      mode active-backup
"""


def test_the_topology_is_a_tree_of_boxes(run: Run) -> None:
    assert run("topology") == (0, IN_BOXES, "")


def test_the_topology_is_ascii_where_boxes_cannot_be_written(run: Run) -> None:
    assert run("topology", screen=Screen(width=80, has_boxes=False)) == (0, IN_ASCII, "")


def test_a_name_that_is_too_long_is_cut_off(run: Run) -> None:
    lines = run("topology", screen=Screen(width=60)).output.splitlines()
    assert lines[1] == "├─ network Management…  up                              1500"
    assert max(map(len, lines)) == 60


def test_colours_make_management_easy_to_spot(run: Run) -> None:
    lines = run("topology", screen=Screen(width=80, has_colour=True)).output.splitlines()
    assert lines[3] == "│     │  \x1b[1;36m● management  192.0.2.10/24\x1b[0m"
    assert lines[5].startswith("│     └─ NIC eth0              \x1b[31mno carrier\x1b[0m  00:16")


def test_the_topology_as_json_is_what_the_daemon_said(run: Run) -> None:
    assert json.loads(run("topology", "--json").output) == TOPOLOGY


def test_VLANs_tunnels_and_VIFs_are_drawn_as_the_daemon_tells_of_them(run: Run, daemon: Daemon) -> None:
    def node(kind: str, name: str, *children: Any, state: str = "up", notes: Sequence[str] = ()) -> Any:
        plain = {"uuid": "", "state": state, "MAC": "", "MTU": 1500, "addresses": [], "notes": notes}
        return {"kind": kind, "name": name, "children": children, **plain}

    vlan = node("VLAN", "eth0.5", notes=["tag 5 on eth0"])
    tunnel = node("tunnel", "tunnel0", state="no carrier", notes=["gre, key 1, to 192.0.2.7"])
    bridge = node("bridge", "xapi5", vlan, tunnel, node("VIF", "vif7.0", notes=["web"]))
    daemon.results["pifd.topology"] = TOPOLOGY | {"trees": [bridge]}
    expected = """\
host ant              state       MAC                  MTU
└─ bridge xapi5       up                              1500
   ├─ VLAN eth0.5     up                              1500
   │     tag 5 on eth0
   ├─ tunnel tunnel0  no carrier                      1500
   │     gre, key 1, to 192.0.2.7
   └─ VIF vif7.0      up                              1500
         web
"""
    assert run("topology").output == expected


class Terminal(io.StringIO):
    """A terminal that is 1000 columns wide only in COLUMNS."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_only_a_terminal_gets_colours_and_none_with_no_color() -> None:
    assert screen_of(Terminal(), {"COLUMNS": "90"}) == Screen(90, has_boxes=True, has_colour=True)
    quiet = {"COLUMNS": "90", "NO_COLOR": "1"}
    assert screen_of(Terminal(), quiet) == Screen(90, has_boxes=True, has_colour=False)
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert screen_of(pipe, {"COLUMNS": "90"}) == Screen(90, has_boxes=False, has_colour=False)
    assert screen_of(pipe, {}) == Screen(100, has_boxes=False, has_colour=False)


LISTED = [name for name, command in COMMANDS.items() if not command.is_hidden]
BOND_DESTROY = """\
Take a bond apart.
Its IP configuration and management go back to its primary member.  The VLANs and tunnels on it
move there as well, and so do the VIFs on its network, of VMs that run, are paused or suspended
on this host, or can start nowhere else; a running VM is asked to give up its VIF and to take it
again.

Usage:
  pifctl bond-destroy uuid= [--dry-run] [--json]

Parameters:
  uuid=      The Bond: its uuid, the beginning of it, or its device, such as bond0.
  --dry-run  Change nothing; print what would change and the steps in the kernel, in order.
  --json     Print JSON.

Prints nothing.

Examples:
  pifctl bond-destroy uuid=bond0

Errors, among others:
  VM_MISSING_PV_DRIVERS: You attempted an operation on a VM which requires PV drivers to be
      installed but the drivers were not detected.
  UUID_INVALID: The uuid you supplied was invalid.
"""


@pytest.mark.parametrize(
    "line", ["help bond-destroy", "bond-destroy --help", "--help bond-destroy", "bond-destroy -h"]
)
def test_help_about_a_command_needs_no_daemon(line: str) -> None:
    assert outcome_of(line.split(), {}, Screen()) == (0, BOND_DESTROY, "")


@pytest.mark.parametrize("name", [*COMMANDS, "", "--all"])
def test_every_help_page_fits_on_100_columns(name: str) -> None:
    outcome = outcome_of(["help", name] if name else ["help"], {}, Screen())
    assert outcome.status == 0
    assert [line for line in outcome.output.splitlines() if len(line) > 100] == []


def test_help_lists_every_changing_command_and_all_lists_every_command() -> None:
    assert "\n  bond-create " in outcome_of(["--help"], {}, Screen()).output
    everything = outcome_of(["help", "--all"], {}, Screen()).output
    assert [name for name in LISTED if f"\npifctl {name} " not in everything] == []


def test_a_hidden_command_is_not_listed_and_has_a_page_all_the_same() -> None:
    hidden = {name for name, command in COMMANDS.items() if command.is_hidden}
    assert "network-attach" in hidden
    listed = outcome_of(["help"], {}, Screen()).output + outcome_of(["help", "--all"], {}, Screen()).output
    assert [name for name in hidden if name in listed] == []
    assert outcome_of(["help", "network-attach"], {}, Screen()).output.startswith("Bring a network up")


def test_help_about_an_unknown_command_suggests_one() -> None:
    error = "Unknown command: pif-lst\nDid you mean pif-list?\nFor usage run: 'pifctl help'\n"
    assert outcome_of(["help", "pif-lst"], {}, Screen()) == (1, "", error)
