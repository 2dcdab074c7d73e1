"""Xen Orchestra's client, the npm package xen-api, used as it is over each of its transports."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.daemon import PATIENCE, Daemon

SCRIPT = Path(__file__).with_name("node") / "xen_api.mjs"
NODE = Path(sys.executable).with_name("node")
SEEN = {
    "devices": ["eth0", "eth1", "eth2", "eth3", "eth4", "eth5", "eth8", "eth9"],
    "master": "bond0",
    "slaves": ["eth1", "eth2"],
    "refused": ["CANNOT_PLUG_BOND_SLAVE", True],
    "note": "from node",
    "bonds": 0,
}


@pytest.mark.parametrize("transport", ["json-rpc", "xml-rpc", "auto"])
def test_a_bond_is_made_watched_and_taken_apart(daemon: Daemon, transport: str) -> None:
    command = [str(part) for part in (NODE, SCRIPT, daemon.path, transport)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == SEEN
