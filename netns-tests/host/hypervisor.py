"""Hypervisor: a host with a running VM, whose VIF's device the operator's hotplug script makes and removes.

The script stands where `xl` or `virsh` would be asked, and the VM is a namespace.  The script writes down
what it is told, and can be ordered to behave otherwise.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conftest import Site
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from network.cabling import ADMIN_IP, HOST_IP, cabling
from network.machines import machine, plug_in
from network.traffic import answers
from network.witness import State, settled, state_of

VM, VIF = "alpha", "vif7.0"
MAC, ADDRESS = "02:00:00:00:00:77", "192.0.2.77/24"
BACKEND_MAC = "fe:ff:ff:ff:ff:ff"
"""What Xen gives a VIF's device on the host, so that no bridge takes it for its own."""
LIMIT = 3.0
"""Seconds that the script may take: it starts four programs, and a guest may be slow."""

SCRIPT = """
set -eu
here=${0%/*}
echo "$1 $bridge" >>"$here/asked"
env >"$here/environment"
is_there() { ip link show "$vif" >/dev/null 2>&1; }
. "$here/orders"
case "$1" in
offline)
    ! is_there || ip link delete "$vif"
    ;;
online)
    is_there ||
        ip link add "$vif" address $backend_mac type veth peer name eth0 address "$mac" netns $guest
    ip -n $guest -batch - <<.
addr replace $address dev eth0
link set eth0 up
.
    ;;
esac
"""


@dataclass(frozen=True)
class Hypervisor:
    """The host with its daemon, and the VM's namespace."""

    site: Site
    vm: str

    def order(self, when: str, what: str) -> None:
        """What the script does first, in shell, when it is asked `<action> <bridge>`."""
        self._file("orders").write_text(f'[ "$1 $bridge" = "{when}" ] || return 0\n{what}\n')

    def obey(self) -> None:
        """From now on the script does what it should."""
        self._file("orders").write_text("")

    def asked(self) -> list[str]:
        """What the script has been asked since the last look, as `<action> <bridge>`."""
        asked = self._file("asked").read_text().splitlines()
        self._file("asked").write_text("")
        return asked

    def environment(self) -> Mapping[str, str]:
        """What the script was told the last time."""
        lines = self._file("environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def survivors(self) -> list[str]:
        """The processes that live, of those whose numbers the script has written down."""
        return [number for number in self._file("processes").read_text().split() if is_alive(number)]

    def state(self) -> State:
        """What must be as before when a call has failed."""
        return settled(state_of(self.site.net, self.site.home))

    def mute(self) -> list[str]:
        """Who gets no answer: the VM from the admin's machine, or the admin's machine from the host."""
        asked = {VM: (self.vm, ADMIN_IP), "admin": (self.site.net.admin, HOST_IP)}
        return [name for name, (namespace, address) in asked.items() if not answers(namespace, address)]

    def _file(self, name: str) -> Path:
        return self.site.home.directory / name


def is_alive(process: str) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def hypervisor(directory: Path) -> Iterator[Hypervisor]:
    """The host while inside, with the VM on its first network, and a network for a bond."""
    with cabling() as net, machine(net, VM) as vm:
        home = Home(directory, script(directory, vm), LIMIT)
        site = Site(net, home, start_forked(net.host, home))
        await_answer(home)
        found = Hypervisor(site, vm)
        boot(found)
        yield found
        assert site.daemon.stop() == 0


def script(directory: Path, vm: str) -> Path:
    """The operator's script, for this one VM, with the files that it uses."""
    file = directory / "hotplug"
    file.write_text(f"#!/bin/sh\nguest={vm} address={ADDRESS} backend_mac={BACKEND_MAC}\n{SCRIPT}")
    file.chmod(0o755)
    for used in ("orders", "asked"):
        (directory / used).touch()
    return file


def boot(host: Hypervisor) -> None:
    """The toolstack starts the VM, and makes the device for it."""
    net, home = host.site.net, host.site.home
    output(home, "network-create", "name-label=Bonded")
    output(home, "vm-create", f"name-label={VM}")
    output(home, "vif-create", f"vm-uuid={VM}", "device=0", "network-uuid=xenbr0", f"mac={MAC}")
    output(home, "vm-param-set", f"uuid={VM}", "dom-id=7")
    plug_in(net, VIF, host.vm, MAC, ADDRESS)
    net.ip(net.host, "link", "set", VIF, "address", BACKEND_MAC)
    output(home, "vm-start", f"uuid={VM}")
