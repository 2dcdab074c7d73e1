"""Witness: what the host is like, told by programs that are not pifd's (ip, /proc/net/bonding, ping)."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from host.daemon import Home
from host.xenapi import Records, XenAPI
from network.cabling import Cabling, Shown, run


@dataclass(frozen=True)
class KernelAsShown:
    """The host's kernel as `ip` shows it, without what changes by itself."""

    links: dict[str, dict[str, Any]]
    addresses: dict[str, list[str]]
    routes: list[str]
    foreign: dict[str, str]


@dataclass(frozen=True)
class State:
    """Everything about the host that must be as before when a command has failed."""

    kernel: KernelAsShown
    resolver: str
    model: Records


def kernel_of(net: Cabling) -> KernelAsShown:
    """The kernel as it is now."""
    return kernel_shown(net.shown())


def kernel_shown(shown: Shown) -> KernelAsShown:
    """What is meant to be of what `ip` shows."""
    links = {name: essence(link) for name, link in shown.links.items()}
    return KernelAsShown(links, shown.addresses, shown.routes, shown.foreign())


def without_operstates(kernel: KernelAsShown) -> KernelAsShown:
    """A port that was taken out and put back may still be coming up."""
    links = {name: {**link, "operstate": None} for name, link in kernel.links.items()}
    return replace(kernel, links=links)


def settled(told: State) -> State:
    """Without what may still be coming up."""
    return replace(told, kernel=without_operstates(told.kernel))


def state_of(net: Cabling, home: Home) -> State:
    """The kernel by `ip`, the resolver's file, and the model over the socket, as they are now."""
    resolv_conf = home.directory / "resolv.conf"
    return State(kernel_of(net), resolv_conf.read_text() if resolv_conf.exists() else "", model(home))


def model(home: Home) -> Records:
    """Every record that pifd has."""
    with closing(XenAPI(home.socket)) as api:
        return api.records()


def essence(link: dict[str, Any]) -> dict[str, Any]:
    """What is meant to be of a link; not its index, its timers or its counters."""
    info = link.get("linkinfo", {})
    data = info.get("info_data", {})
    told = ("mode", "miimon", "stp_state", "forward_delay", "mcast_snooping", "id", "ikey", "local", "remote")
    plain = ("address", "mtu", "master", "link", "group", "ifalias", "operstate")
    return {
        **{key: link.get(key) for key in plain},
        "up": "UP" in link["flags"],
        "kind": info.get("info_kind"),
        **{key: data[key] for key in told if key in data},
    }


def is_pingable(net: Cabling, address: str) -> bool:
    """Whether the host answers the admin; of a link that has just come up the first frame may be lost."""
    try:
        run("ip", "netns", "exec", net.admin, "ping", "-n", "-c", "1", "-i", "0.2", "-w", "7", address)
    except RuntimeError:
        return False
    return True


def bonding(net: Cabling, bond: str) -> dict[str, str]:
    """What /proc/net/bonding says of a bond, the first value of each key."""
    text = run("ip", "netns", "exec", net.host, "cat", str(Path("/proc/net/bonding") / bond))
    pairs = [line.split(": ", 1) for line in text.splitlines() if ": " in line]
    return {key.strip(): value for key, value in reversed(pairs)}
