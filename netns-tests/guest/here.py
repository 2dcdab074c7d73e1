"""This machine's own kernel: has it what the agent needs? As a program: exit status 0 if so."""

import os
import shutil
import subprocess
import sys

NEEDED_MODULES = ["bonding", "8021q", "veth", "bridge", "vxlan", "ip_gre", "ip6_gre"]

# Tried in a namespace of its own, which is gone with the shell: nothing of it is ever seen.
PROBE = """
ip link add name bond1 type bond &&
ip link add name left type veth peer name right &&
ip link add link left name left.5 type vlan id 5 &&
ip link add name bridge1 type bridge vlan_filtering 1 &&
ip link add name tunnel1 type gretap key 1 local 192.0.2.1 remote 192.0.2.2 &&
ip link add name tunnel2 type ip6gretap key 1 local 2001:db8::1 remote 2001:db8::2 &&
ip link add name tunnel3 type vxlan id 1 dstport 4789
"""


def has_bonding() -> bool:
    if shutil.which("modprobe"):
        # max_bonds=0: loading the module must not leave a bond0 on this machine.
        quietly("modprobe", "-q", "bonding", "max_bonds=0")
        quietly("modprobe", "-q", "-a", *NEEDED_MODULES)
    return quietly("unshare", "-n", "sh", "-c", PROBE)


def name() -> str:
    return f"Linux {os.uname().release} (this machine)"


def quietly(*command: str) -> bool:
    """Whether the command succeeds; one that isn't installed does not."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(0 if has_bonding() else 1)
