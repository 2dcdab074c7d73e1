"""Part, one thing of a kernel state: a device, a field of one, an address, a route, the resolver's file.

Two states are compared part by part, and a step is about some of them.  So it can be said what exactly is not
as it should be, and a part that fails can be taken as it is without giving up the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from agent.kernel.state import Address, KernelState, Link, Route
from agent.kernel.steps import (
    AddAddress,
    AddFlood,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    DeleteRoute,
    RemoveFlood,
    SetDown,
    SetFilter,
    SetGRO,
    SetIsolated,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetPortOptions,
    SetResolver,
    SetRoute,
    SetUp,
    Step,
    flat,
)

DEVICE = "device"
"""The whole of a device: that it is there, or is not."""
RESOLVER = "resolver"
FIELDS = tuple(field.name for field in fields(Link) if field.compare and field.name != "name")
STRUCTURE = frozenset({DEVICE, "master", "up", "kind", "lower"})
"""Where one of these is wrong, what stands on the device is wrong too; all else costs only itself."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """link: the device's name, "" for the resolver's file.  what: DEVICE, a field of Link, RESOLVER, an
    address as it is written, or a route's destination, metric and table."""

    link: str
    what: str

    @property
    def is_structure(self) -> bool:
        return self.what in STRUCTURE


def part_of_address(address: Address) -> Part:
    return Part(address.link, address.interface)


def part_of_route(route: Route) -> Part:
    return Part(route.link, f"route {route.destination} {route.metric} {route.table}")


FIELD_OF: Mapping[type[Step], tuple[str, ...]] = {
    SetUp: ("up",),
    SetDown: ("up",),
    SetMaster: ("master",),
    SetMAC: ("MAC",),
    SetMTU: ("MTU",),
    SetMark: ("group", "alias"),
    SetOptions: ("options",),
    SetPortOptions: ("port",),
    SetGRO: ("gro",),
    SetFilter: ("filter",),
    SetIsolated: ("isolated",),
    AddFlood: ("flood",),
    RemoveFlood: ("flood",),
}


def parts_of(step: Step) -> frozenset[Part]:
    """What a step is to change."""
    return frozenset(part for one in flat([step]) for part in _parts_of_one(one))


def _parts_of_one(step: Step) -> Iterable[Part]:
    match step:
        case CreateLink(link):
            return (Part(link.name, DEVICE),)
        case DeleteLinks(names):
            return tuple(Part(name, DEVICE) for name in names)
        case AddAddress(address) | DeleteAddress(address):
            return (part_of_address(address),)
        case SetRoute(route) | DeleteRoute(route):
            return (part_of_route(route),)
        case SetResolver():
            return (Part("", RESOLVER),)
    return tuple(Part(getattr(step, "name", ""), field) for field in FIELD_OF.get(type(step), ()))


def differences(actual: KernelState, wanted: KernelState) -> Mapping[Part, str]:
    """The parts that differ, each with what differs in words."""
    found: dict[Part, str] = {}
    for name in sorted(actual.table.differing(wanted.table)):
        found |= _link_differences(name, actual.links.get(name), wanted.links.get(name))
    for address in sorted(wanted.addresses - actual.addresses):
        found[part_of_address(address)] = f"{address.interface} on {address.link} is missing"
    for address in sorted(actual.addresses - wanted.addresses):
        found[part_of_address(address)] = f"{address.interface} on {address.link} is left"
    for route in sorted(actual.routes - wanted.routes):
        found[part_of_route(route)] = f"the route to {route.destination} is left"
    for route in sorted(wanted.routes - actual.routes):
        found[part_of_route(route)] = f"the route to {route.destination} is missing"
    if actual.resolver != wanted.resolver:
        found[Part("", RESOLVER)] = "resolv.conf has other name servers"
    return found


def _link_differences(name: str, actual: Link | None, wanted: Link | None) -> Mapping[Part, str]:
    if actual is wanted:
        return {}
    if actual is None or wanted is None:
        return {Part(name, DEVICE): f"{name} is {'missing' if actual is None else 'left'}"}
    if wanted.owned and not actual.owned:
        return {Part(name, DEVICE): f"{name} exists already and is not pifd's"}
    return {
        Part(name, field): f"{field} of {name} is {getattr(actual, field)!r}, not {getattr(wanted, field)!r}"
        for field in FIELDS
        if getattr(actual, field) != getattr(wanted, field)
    }


def with_parts_as_they_are(wanted: KernelState, actual: KernelState, parts: Iterable[Part]) -> KernelState:
    """The wanted state, with some parts taken as they are."""
    chosen = frozenset(parts)
    if not chosen:
        return wanted
    links = dict(wanted.links)
    for part in sorted(chosen):
        _take_field(links, actual, part)
    return replace(
        wanted,
        links=links,
        addresses=frozenset(a for a in wanted.addresses if part_of_address(a) not in chosen)
        | frozenset(a for a in actual.addresses if part_of_address(a) in chosen),
        routes=frozenset(r for r in wanted.routes if part_of_route(r) not in chosen)
        | frozenset(r for r in actual.routes if part_of_route(r) in chosen),
        resolver=actual.resolver if Part("", RESOLVER) in chosen else wanted.resolver,
    )


def _take_field(links: dict[str, Link], actual: KernelState, part: Part) -> None:
    want, there = links.get(part.link), actual.links.get(part.link)
    if want is None or there is None or part.what not in FIELDS:
        return
    links[part.link] = replace(want, **{part.what: getattr(there, part.what)})
    if part.what == "MAC" and want.original_MAC:
        links[part.link] = replace(links[part.link], original_MAC=there.original_MAC or there.MAC)
    if part.what == "MTU":
        for upper in [link for link in links.values() if link.lower == part.link and link.MTU > there.MTU]:
            links[upper.name] = replace(upper, MTU=there.MTU)  # the kernel allows no more
