"""Who else configures a NIC on this host, told by what their programs leave below /run and /etc.

Two that configure one NIC undo each other's work, at the latest at the next boot.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
DHCP_CLIENTS = ("dhclient", "dhcpcd", "udhcpc")


@dataclass(frozen=True, slots=True)
class NetworkManager:
    """One of them.  recipe: how to hand a NIC over to pifd, `{nic}` for its name."""

    name: str
    recipe: str
    has: Callable[[Path, str], bool]


def managers_of(nic: str, root: Path = ROOT) -> Iterator[str]:
    """A line for each program that configures a NIC, with the recipe to hand it over."""
    for manager in MANAGERS:
        if manager.has(root, nic):
            yield f"{manager.name} configures {nic}; to hand it over: {manager.recipe.format(nic=nic)}"


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
    return any(
        Path(words[0]).name in DHCP_CLIENTS and nic in words[1:]
        for words in map(_words, (root / "proc").glob("[0-9]*/cmdline"))
        if words
    )


def _index(root: Path, nic: str) -> str:
    return _text(root / "sys/class/net" / nic / "ifindex").strip() or "none"


def _mentions(directories: Sequence[Path], pattern: str, line: str) -> bool:
    files = (file for directory in directories for file in sorted(directory.glob(pattern)))
    return any(re.search(line, _text(file), re.MULTILINE) for file in files)


def _words(file: Path) -> list[str]:
    return _text(file).split("\0")[:-1]


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
    ),
    NetworkManager(
        "systemd-networkd",
        "put the lines [Match], Name={nic}, [Link], Unmanaged=yes into"
        " /etc/systemd/network/00-pifd-{nic}.network, then `networkctl reload`",
        _has_networkd,
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
        "end it without giving its lease back, and keep it from being started again at boot",
        _has_dhcp_client,
    ),
)
