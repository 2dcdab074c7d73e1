"""The same N VLANs with bridges on a bond, by the other programs that Debian has for it, and by `ip -batch`.

As a program: peers.py [N ...].  Each gets the layout in its own files, in a fresh namespace of the same
kernel, and counts as ready when all VLANs are up in their bridges.  One that is not installed is
named, and so is one that does not get there, with what it said last.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from network.cabling import run

from benchmarks.big_host import FIRST_TAG, NICS
from benchmarks.vlans import host, ip_lines, seconds

NUMBERS = (100, 500)
PATIENCE = 300.0
"""Seconds after which a program is given up."""
POLL = 0.05
SLAVES = NICS[1:]

Files = Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """program: where Debian's package has it.  mode: its files'.

    command: what is run in the namespace, `{files}` being the directory with the files.
    """

    package: str
    program: str
    files: Callable[[int], Files]
    command: str
    mode: int = 0o644


def tags(number: int) -> range:
    """The VLANs' tags."""
    return range(FIRST_TAG, FIRST_TAG + number)


def interfaces(number: int) -> Files:
    """ifupdown2's."""
    bond = f"bond-slaves {' '.join(SLAVES)}\n  bond-mode active-backup\n  bond-miimon 100\n"
    quiet = "bridge-stp off\n  bridge-fd 0\n  bridge-mcsnoop 0\n"
    stanzas = [
        f"auto bond0\niface bond0\n  {bond}",
        f"auto xapi0\niface xapi0\n  bridge-ports bond0\n  {quiet}",
    ]
    for tag in tags(number):
        stanzas.append(f"auto bond0.{tag}\niface bond0.{tag}\n")
        stanzas.append(f"auto xapi{tag}\niface xapi{tag}\n  bridge-ports bond0.{tag}\n  {quiet}")
    return {"interfaces": "\n".join(stanzas)}


def networkd(number: int) -> Files:
    """systemd-networkd's: each device and each port has a file."""
    vlans = "".join(f"VLAN=bond0.{tag}\n" for tag in tags(number))
    plain = "[Network]\nLinkLocalAddressing=no\nConfigureWithoutCarrier=yes\n"
    quiet = "[Bridge]\nSTP=no\nForwardDelaySec=0\nMulticastSnooping=no\n"
    files = {
        "bond0.netdev": "[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=0.1\n",
        "slaves.network": f"[Match]\nName={' '.join(SLAVES)}\n{plain}Bond=bond0\n",
        "bond0.network": f"[Match]\nName=bond0\n{plain}{vlans}Bridge=xapi0\n",
        "xapi0.netdev": f"[NetDev]\nName=xapi0\nKind=bridge\n{quiet}",
        "bridges.network": f"[Match]\nName=xapi*\n{plain}",
    }
    for tag in tags(number):
        files[f"bond0.{tag}.netdev"] = f"[NetDev]\nName=bond0.{tag}\nKind=vlan\n[VLAN]\nId={tag}\n"
        files[f"bond0.{tag}.network"] = f"[Match]\nName=bond0.{tag}\n{plain}Bridge=xapi{tag}\n"
        files[f"xapi{tag}.netdev"] = f"[NetDev]\nName=xapi{tag}\nKind=bridge\n{quiet}"
    return files


def keyfiles(number: int) -> Files:
    """NetworkManager's."""
    none = "[ipv4]\nmethod=disabled\n[ipv6]\nmethod=disabled\n"
    quiet = "[bridge]\nstp=false\nforward-delay=0\nmulticast-snooping=false\n"

    def connection(name: str, kind: str, rest: str, port: str = "") -> str:
        return f"[connection]\nid={name}\ntype={kind}\ninterface-name={name}\n{port}{rest}"

    def port_of(master: str, kind: str = "bridge") -> str:
        return f"master={master}\nslave-type={kind}\n"

    files = {
        "bond0": connection("bond0", "bond", "[bond]\nmode=active-backup\nmiimon=100\n", port_of("xapi0")),
        "xapi0": connection("xapi0", "bridge", quiet + none),
        **{name: connection(name, "ethernet", "", port_of("bond0", "bond")) for name in SLAVES},
    }
    for tag in tags(number):
        vlan = f"[vlan]\nid={tag}\nparent=bond0\n"
        files[f"bond0.{tag}"] = connection(f"bond0.{tag}", "vlan", vlan, port_of(f"xapi{tag}"))
        files[f"xapi{tag}"] = connection(f"xapi{tag}", "bridge", quiet + none)
    return {f"{name}.nmconnection": text for name, text in files.items()}


# They write into a /run of their own; /sys is read-only, as in a container, so that nobody waits for udev.
ALONE = "mount -o remount,ro /sys && mount -t tmpfs none /run"
PEERS = (
    Peer(
        "ifupdown2", "/usr/share/ifupdown2", interfaces,
        "cp -a /etc/network/ifupdown2 {files} && mount --bind {files} /etc/network && "
        f"{ALONE} && mkdir /run/network && exec /usr/bin/python3 /sbin/ifup -a",
    ),
    Peer(
        "systemd", "/lib/systemd/systemd-networkd", networkd,
        f"mount --bind {{files}} /etc/systemd/network && {ALONE} && mkdir -p /run/systemd/netif && "
        "chown -R systemd-network /run/systemd/netif && exec /lib/systemd/systemd-networkd",
    ),
    Peer(
        "network-manager", "/usr/sbin/NetworkManager", keyfiles,
        f"mount --bind {{files}} /etc/NetworkManager/system-connections && {ALONE} && mkdir -p /run/dbus && "
        "dbus-daemon --system --fork && exec NetworkManager --no-daemon",
        mode=0o600,
    ),
)  # fmt: skip


def main(numbers: list[int]) -> None:
    """A line for each number and program."""
    for number in numbers:
        what = f"{number} VLANs with bridges on a bond"
        with host() as name:
            by_ip = seconds(partial(run, "ip", "-n", name, "-batch", "-", text=ip_lines(number)))
        print(f"{what}: ip -batch\t{by_ip:.2f} s", flush=True)
        for peer in PEERS:
            with host() as name:
                print(f"{what}: {peer.package}\t{by_peer(peer, name, number, by_ip)}", flush=True)


def by_peer(peer: Peer, name: str, number: int, by_ip: float) -> str:
    """How long it took, or why that is not known."""
    if not Path(peer.program).exists():
        return "is not installed"
    run("ip", "-n", name, "-batch", "-", text="".join(f"link set {nic} down\n" for nic in NICS))
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile("w+") as output:
        place = Path(directory) / "files"
        place.mkdir()
        for file, text in peer.files(number).items():
            (place / file).write_text(text)
            (place / file).chmod(peer.mode)
        inside = peer.command.format(files=place)
        begun = time.monotonic()
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, "sh", "-c", inside], stdout=output, stderr=subprocess.STDOUT
        )
        took = ready_after(process, name, number, begun)
        process.terminate()
        process.wait()
        if took is not None:
            return f"{took:.2f} s ({took / by_ip:.1f} times ip -batch)"
        output.seek(0)
        said = output.read().strip().splitlines()[-1:] or ["nothing"]
        return f"did not get there; it said: {said[0]}"


def ready_after(process: subprocess.Popen[bytes], name: str, number: int, begun: float) -> float | None:
    """Seconds until all VLANs are up in bridges; None if that does not come."""
    while time.monotonic() - begun < PATIENCE and not process.poll():
        ports = run("ip", "-n", name, "-o", "link", "show", "up", "type", "vlan")
        if sum(" master xapi" in line for line in ports.splitlines()) == number:
            return time.monotonic() - begun
        time.sleep(POLL)
    return None


if __name__ == "__main__":
    if os.geteuid() or shutil.which("ip") is None:
        sys.exit("peers.py: it takes root, and ip")
    main([int(number) for number in sys.argv[1:]] or list(NUMBERS))
