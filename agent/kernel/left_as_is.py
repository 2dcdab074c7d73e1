"""A wanted state in which some devices stay as they are, with all that depends on them.

What fails must not be done by half: an address that moves to a bridge without a way out is lost.  So a
device that is left alone keeps its place, its addresses and its routes, and what carries it stays as well.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from agent.kernel.bond_filter import BondFilter
from agent.kernel.state import KernelState, Link, Role


def with_devices_as_they_are(
    wanted: KernelState,
    was: KernelState,
    actual: KernelState,
    names: Collection[str],
    homeless: Collection[str] = (),
    but: Collection[str] = (),
) -> KernelState:
    """The wanted state, with some devices as they were before anything was tried.

    homeless: addresses that could not get to their place; what has them now is left alone too.  but: devices
    that more depends on: they become what is wanted, whatever stands on them.
    """
    if not names and not homeless:
        return wanted
    kept = _with_what_carries(was, {*names, *_having(was, homeless)}, {*but} - {*names})
    links = dict(wanted.links)
    for name in kept:
        _leave(links, was, actual, name)
    _settle(links, actual)
    elsewhere = {a.interface for a in was.addresses if a.link in kept} & {*homeless}
    return replace(
        wanted,
        links=links,
        addresses=frozenset(
            a
            for a in wanted.addresses
            if a.link in links and a.link not in kept and a.interface not in elsewhere
        )
        | frozenset(a for a in was.addresses if a.link in kept and a.link in links),
        routes=frozenset(r for r in wanted.routes if r.link in links and r.link not in kept)
        | frozenset(r for r in was.routes if r.link in kept and r.link in links),
    )


def with_filters_for_their_ports(wanted: KernelState) -> KernelState:
    """The wanted state, in which the filter rules of each bond are for the ports that it is to have."""
    links = wanted.table
    for name in wanted.filtered:
        right = BondFilter(tuple(port.name for port in wanted.ports(name)))
        if links[name].filter != right:
            links = links.with_value(name, replace(links[name], filter=right))
    return wanted if links is wanted.links else replace(wanted, links=links)


def _having(was: KernelState, homeless: Collection[str]) -> Iterator[str]:
    return (address.link for address in was.addresses if address.interface in homeless)


def _with_what_carries(was: KernelState, names: Iterable[str], but: Collection[str]) -> frozenset[str]:
    """The devices, the masters that they are in, and, below what pifd made, what these stand on."""
    kept: set[str] = set()
    ahead = [*names]
    while ahead:
        name = ahead.pop()
        if name in kept or name in but:
            continue
        kept.add(name)
        link = was.links.get(name)
        if link is None:
            continue
        ahead += [below for below in (link.master, link.lower) if below]
        if link.owned:
            ahead += [port.name for port in was.ports(name) if port.role != Role.VIF and port.kind != "tun"]
    return frozenset(kept)


def _leave(links: dict[str, Link], was: KernelState, actual: KernelState, name: str) -> None:
    """As it was; a device that is not pifd's, as it is.  One that something else needs may come up."""
    before, now, want = was.links.get(name), actual.links.get(name), links.get(name)
    if before is None or (now is None and not before.owned):
        links.pop(name, None)
        return
    kept = before if before.owned or (want is not None and want.role != Role.NONE) else now
    if kept is None:
        return
    up = kept.up or (want is not None and want.owned == kept.owned and want.role == Role.NIC and want.up)
    links[name] = replace(kept, up=up, role=want.role if want is not None else kept.role)


def _settle(links: dict[str, Link], actual: KernelState) -> None:
    """Nothing is to be in, or on, a device that is not there or is somebody else's."""
    changed = True
    while changed:
        changed = False
        for link in [*links.values()]:
            there = actual.links.get(link.name)
            if not _stands_on_nothing(links, link, there):
                continue
            changed = True
            if there is None or (link.lower and link.lower not in links):
                del links[link.name]
            else:
                links[link.name] = replace(link, master=there.master if there.master in links else "")


def _stands_on_nothing(links: dict[str, Link], link: Link, there: Link | None) -> bool:
    if link.lower and link.lower not in links and (there is None or link.owned):
        return True
    if not link.master or (there is not None and there.master == link.master and link.master in links):
        return False
    master = links.get(link.master)
    return master is None or (not master.owned and (link.owned or link.role != Role.NONE))
