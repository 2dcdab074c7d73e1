"""What in-kernel runs a command on: a kernel that has a name, or the reason why it can't be had."""

from collections.abc import Callable
from dataclasses import dataclass

# What a kernel has to have, tried in a namespace of its own, which is gone with the shell.
PROBE = """
ip link add name bond1 type bond &&
ip link add name left type veth peer name right &&
ip link add link left name left.5 type vlan id 5 &&
ip link add name bridge1 type bridge vlan_filtering 1 &&
ip link add name tunnel1 type gretap key 1 local 192.0.2.1 remote 192.0.2.2 &&
ip link add name tunnel2 type ip6gretap key 1 local 2001:db8::1 remote 2001:db8::2 &&
ip link add name tunnel3 type vxlan id 1 dstport 4789
"""


class NoKernelError(Exception):
    """This kernel can't be had, or did not come up: the text says why. No command has been run."""


@dataclass(frozen=True)
class Kernel:
    """run: the exit status of a command, after at most so many seconds.

    It raises subprocess.TimeoutExpired, and NoKernelError as long as the command has not begun.
    """

    name: str
    run: Callable[[list[str], float], int]


def try_out(kernel: Kernel) -> None:
    """Boot it, and make one device of each kind in it."""
    if kernel.run(["unshare", "-n", "sh", "-c", PROBE], 600) != 0:
        raise NoKernelError("it lacks a kind of device that is needed, see above")
