"""Who else configures a NIC on this host, told by what their programs leave below /run and /etc.

Two that configure one NIC undo each other's work, at the latest at the next boot.  A program that runs does
so at any time: when it renews a lease it puts address and routes back on the NIC, below pifd's bridge.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
DHCP_CLIENTS = ("dhclient", "dhcpcd", "udhcpc", "udhcpc6", "dhcp6c", "odhcp6c")


@dataclass(frozen=True, slots=True)
class NetworkManager:
    """One of them.  recipe: how to hand a NIC over to pifd, `{nic}` for its name.

    programs: those of its processes that act while the host runs; without any it acts at a boot.
    """

    name: str
    recipe: str
    has: Callable[[Path, str], bool]
    programs: Sequence[str] = ()

    def words(self, nic: str) -> str:
        return f"{self.name} configures {nic}; to hand it over: {self.recipe.format(nic=nic)}"


def managers_of(nic: str, root: Path = ROOT) -> Iterator[str]:
    """A line for each program that configures a NIC, with the recipe to hand it over."""
    return (manager.words(nic) for manager in MANAGERS if manager.has(root, nic))


def at_work_on(nic: str, root: Path = ROOT) -> str:
    """The line of the one that runs here and configures a NIC; empty for none."""
    found = (m for m in MANAGERS if m.programs and m.has(root, nic) and _runs(root, m.programs))
    return next((manager.words(nic) for manager in found), "")


def _has_networkmanager(root: Path, nic: str) -> bool:
    told = _text(root / "run/NetworkManager/devices" / _index(root, nic))
    return bool(re.search(r"^managed=(1|true|full)$", told, re.MULTILINE))


def _has_networkd(root: Path, nic: str) -> bool:
    told = _text(root / "run/systemd/netif/links" / _index(root, nic))
    state = re.search(r"^ADMIN_STATE=(\S+)$", told, re.MULTILINE)
    return state is not None and state[1] not in ("unmanaged", "initialized", "linger")


def _has_netplan(root: Path, nic: str) -> bool:
    return _mentions(
        (root / "etc/netplan", root / "run/netplan"), "*.yaml", rf"^\s+[\"']?{re.escape(nic)}[\"']?:"
    )


def _has_ifupdown(root: Path, nic: str) -> bool:
    """Configured to be something, or brought up by it."""
    up = re.search(rf"^{re.escape(nic)}=", _text(root / "run/network/ifstate"), re.MULTILINE)
    line = rf"^\s*iface\s+{re.escape(nic)}\s+inet6?\s+(?!manual)"
    file = re.search(line, _text(root / "etc/network/interfaces"), re.MULTILINE)
    return bool(up or file) or _mentions((root / "etc/network/interfaces.d",), "*", line)


def _has_cloud_init(root: Path, nic: str) -> bool:
    files = ("etc/netplan/50-cloud-init.yaml", "etc/network/interfaces.d/50-cloud-init")
    return any(re.search(rf"\b{re.escape(nic)}\b", _text(root / file)) for file in files)


def _has_dhcp_client(root: Path, nic: str) -> bool:
    """A client that runs and was told this device."""
    return any(_is_client_of(root, nic, words) for _, words in _processes(root, DHCP_CLIENTS))


def _is_client_of(root: Path, nic: str, words: Sequence[str]) -> bool:
    """dhcpcd looks after all NICs that it has a lease for, unless it was told some."""
    told = {part for word in words for part in (word, word.removeprefix("-i"), word.rpartition("=")[2])}
    leases = (root / "var/lib" / file for file in (f"dhcpcd/{nic}.lease", f"dhcpcd5/dhcpcd-{nic}.lease"))
    for_all = any(word in ("[manager]", "[master]", "-b", "-B") for word in words) or not words
    return nic in told or (for_all and any(file.exists() for file in leases))


def _runs(root: Path, programs: Sequence[str]) -> bool:
    """Whether a process of this network namespace, as far as can be told, is one of the programs."""
    here = _namespace(root / "proc/self")
    return any(_namespace(process) in ("", here) for process, _ in _processes(root, programs))


def _namespace(process: Path) -> str:
    try:
        return str((process / "ns/net").readlink())
    except OSError:
        return ""


def _processes(root: Path, programs: Sequence[str]) -> Iterator[tuple[Path, list[str]]]:
    """The directories of those that run, with the words of the command line, which some have put in order."""
    for file in (root / "proc").glob("[0-9]*/cmdline"):
        first, *words = re.split(r"[\0\s]+", _text(file).strip("\0 ")) or [""]
        if Path(first).name.removesuffix(":") in programs:
            yield file.parent, words


def _index(root: Path, nic: str) -> str:
    return _text(root / "sys/class/net" / nic / "ifindex").strip() or "none"


def _mentions(directories: Sequence[Path], pattern: str, line: str) -> bool:
    files = (file for directory in directories for file in sorted(directory.glob(pattern)))
    return any(re.search(line, _text(file), re.MULTILINE) for file in files)


def _text(file: Path) -> str:
    """What a file has; nothing if it is not there."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


MANAGERS = (
    NetworkManager(
        "NetworkManager",
        "put `[keyfile]` and `unmanaged-devices=interface-name:{nic}` into"
        " /etc/NetworkManager/conf.d/pifd.conf, then `nmcli general reload`",
        _has_networkmanager,
        ("NetworkManager",),
    ),
    NetworkManager(
        "systemd-networkd",
        "put the lines [Match], Name={nic}, [Link], Unmanaged=yes into"
        " /etc/systemd/network/00-pifd-{nic}.network, then `networkctl reload`",
        _has_networkd,
        ("systemd-networkd",),
    ),
    NetworkManager("netplan", "take {nic} out of /etc/netplan/*.yaml, then `netplan generate`", _has_netplan),
    NetworkManager(
        "ifupdown",
        "take {nic} out of /etc/network/interfaces and interfaces.d, but do not run `ifdown`",
        _has_ifupdown,
    ),
    NetworkManager(
        "cloud-init",
        "put `network: {{config: disabled}}` into /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg",
        _has_cloud_init,
    ),
    NetworkManager(
        "a DHCP client",
        "end it with SIGKILL, so that it neither gives its lease back nor clears {nic}, and keep it from"
        " being started again at boot",
        _has_dhcp_client,
        DHCP_CLIENTS,
    ),
)
