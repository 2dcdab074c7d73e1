"""What is told to neighbours and switches, and when: at once, for until then frames go astray."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import replace

from agent.kernel.simulate import apply_all
from agent.kernel.state import KernelState, Role
from agent.kernel.steps import Announce, SetMaster, Step


def told_at_once(
    groups: Iterable[Iterable[Step]], state: KernelState, wanted: KernelState, later: Collection[str] = ()
) -> Iterator[Step]:
    """Each group of steps, and then who is reached by another way since: a VM that has moved, or all behind a
    bridge that has another uplink.  Nobody waits for those that come later in the same send.

    later: bridges that are told of when all has moved.
    """
    parts = [tuple(group) for group in groups]
    joined = [step for part in parts for step in part if isinstance(step, SetMaster) and step.master]
    stations = {step.name: _station(wanted, step.name) for step in joined}
    then = apply_all((step for part in parts for step in part), state)
    bridges = sorted({step.master for step in joined if not stations[step.name]} - {*later})
    came = {*stations.values()}
    told = {step.name: without_stations(step, came) for step in announcements(then, wanted, bridges)}
    for part in parts:
        yield from part
        for step in part:
            if not isinstance(step, SetMaster) or not step.master:
                continue
            if station := stations[step.name]:
                yield Announce(step.master, then.links[step.master].MAC, (), (station,))
            elif step.master in told and (told[step.master].interfaces or told[step.master].stations):
                yield told[step.master]


def _station(wanted: KernelState, name: str) -> str:
    return wanted.links[name].station if name in wanted.links else ""


def without_stations(step: Announce, MACs: Container[str]) -> Announce:
    """Some VMs are told of by themselves."""
    return replace(step, stations=tuple(one for one in step.stations if one not in MACs))


def announcements(state: KernelState, wanted: KernelState, names: Iterable[str]) -> tuple[Announce, ...]:
    """Of these devices those over which somebody is reached: the host at its addresses, VMs over a bridge.

    The addresses are those of the state so far; whose VMs are behind the VIFs' devices is only in the wanted
    one, and only bridges of pifd's speak for them.
    """
    links = [state.links[name] for name in names]
    told = {link.name for link in links}
    interfaces = _grouped((a.link, a.interface) for a in state.addresses if told and a.link in told)
    found = []
    for link in links:
        is_asked = link.owned and wanted.table.has(Role.VIF)
        behind = tuple(sorted(stations_behind(state, wanted, link.name))) if is_asked else ()
        found.append(Announce(link.name, link.MAC, interfaces.get(link.name, ()), behind))
    return tuple(step for step in found if step.interfaces or step.stations)


def reached(state: KernelState, wanted: KernelState) -> set[str]:
    """The devices over which somebody is reached: the host, or a VM."""
    behind = (wanted.links[name] for name in wanted.in_role(Role.VIF))
    names = {address.link for address in state.addresses} | {port.master for port in behind if port.station}
    return names & state.links.keys()


def stations_behind(state: KernelState, wanted: KernelState, bridge: str) -> Iterator[str]:
    """The MACs of the VMs whose interfaces are ports of a bridge for now, wherever they are to be."""
    for port in state.ports(bridge):
        if station := _station(wanted, port.name):
            yield station


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """By the first of each pair the second ones, sorted."""
    found: dict[str, list[str]] = {}
    for key, value in sorted(pairs):
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
