"""A script of xe's commands, run as a process: what it prints, and how it ends."""

import re
import subprocess
import sys
from pathlib import Path

from tests.clients.daemon import Daemon

SCRIPT = Path(__file__).with_name("xe-script.sh")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PRINTED = """\
# NICs
eth0,eth1,eth2,eth3,eth4,eth5
device ( RO)                : eth1
                   MAC ( RO): 02:00:00:00:00:01
    currently-attached ( RO): true
            management ( RO): false


# a network
9000
storage, fast
name-label ( RW)          : Bond network
    name-description ( RW): for two
                 MTU ( RW): 9000
                tags (SRW): red


# a bond
mode ( RO)        : active-backup
    links-up ( RO): 2


eth1
eth2
its master is found by it
# a VLAN
device ( RO)                : bond0
                  VLAN ( RO): 42
    network-name-label ( RO): storage


its upper PIF was printed
# refusals
This PIF is a bond member and cannot be plugged.
PIF: <uuid> (eth1)
code: CANNOT_PLUG_BOND_SLAVE
status 1
You tried to create a PIF, but the network you tried to attach it to is already attached to some other \
PIF, and so the creation failed.
network: <uuid> (Bond network)
connected PIF: <uuid> (bond0)
code: NETWORK_ALREADY_CONNECTED
status 1
Required parameter not found: uuid
For usage run: 'xe help pif-plug'
status 1
Unknown command: no-such-command
For usage run: 'xe help'
status 1
The uuid you supplied was invalid.
type: PIF
uuid: <uuid>
code: UUID_INVALID
status 1
# the end

true
"""

TOLD = "The uuid you supplied was invalid.\ntype: network\nuuid: <uuid>\ncode: UUID_INVALID\n"
"""The last of the script's commands names a network that is gone, and ends it."""


def test_a_script_of_xes_runs_unchanged(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "xe").symlink_to(Path(sys.executable).with_name("pifctl"))
    surroundings = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "PIFD_SOCKET": str(daemon.path),
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    ended = subprocess.run(["bash", SCRIPT], env=surroundings, capture_output=True, text=True, timeout=60)
    printed, told = (UUID.sub("<uuid>", text) for text in (ended.stdout, ended.stderr))
    assert printed == PRINTED
    assert (told, ended.returncode) == (TOLD, 1)
