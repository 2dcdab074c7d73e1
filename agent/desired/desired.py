"""desired(model, actual): the kernel state that a model wants on this machine.

pifd speaks for what it made and for the NICs and VIFs that it was given.  Everything else is taken over from
the actual state as it is, so that the difference between the two never names it.
"""

from dataclasses import replace

from agent.desired.addresses import WantedAddresses, vital_addresses
from agent.desired.links import is_others
from agent.desired.wanted_links import WantedLinks
from agent.kernel.addressing import MULTIPATH
from agent.kernel.left_as_is import with_filters_for_their_ports
from agent.kernel.resolv_conf_text import nameservers_of, with_nameservers
from agent.kernel.state import Address, KernelState, Link, NextHop, Role, Route
from agent.model.layering import Given, attached_with_ip, bridge_of, given_by
from agent.model.model import Model

NOTHING_GIVEN = Given()

LINKS = WantedLinks()


def desired(model: Model, actual: KernelState, given: Given = NOTHING_GIVEN) -> KernelState:
    """What the kernel should be.

    given: what was pifd's until now, beside what the model gives it.  A NIC that is not any more is left
    free and down, and so is a VIF's device that was in a bridge of pifd's.
    """
    every = given | given_by(model)
    wanted = wanted_addresses(model, actual, every)
    return replace(
        wanted.links,
        addresses=wanted.addresses(),
        routes=wanted.routes(),
        resolver=wanted_resolver(model, actual),
        vital=vital_addresses(model),
    )


def wanted_addresses(model: Model, actual: KernelState, given: Given) -> WantedAddresses:
    """The addresses and routes, for which it has to be known where each device will be."""
    return WantedAddresses(model, actual, given, replace(actual, links=LINKS.of(model, actual, given)))


def stranded(
    model: Model, actual: KernelState, given: Given = NOTHING_GIVEN
) -> frozenset[Address | Route | NextHop]:
    """Other people's addresses and routes whose device goes, without another one in its place; and next hop
    objects, and the routes by them, whose device does not stay where it is."""
    every = given | given_by(model)
    wanted = wanted_addresses(model, actual, every)
    kept: set[object] = {address.interface for address in wanted.addresses()}
    there = wanted.routes()
    kept |= {route.way for route in there if route.gateway != MULTIPATH}
    lost = frozenset(one for one in actual.next_hops if not _stays(one.link, wanted, every))
    addresses = (a for a in actual.addresses if a.link in wanted.mine and is_others(a, every))
    routes = (r for r in actual.routes if r.link in wanted.mine and is_others(r, every))
    return (
        lost
        | frozenset(a for a in addresses if not a.link_local and a.interface not in kept)
        | frozenset(
            r
            for r in routes
            if (r.next_hop and not _stays(r.link, wanted, every)) or (r.way not in kept and r not in there)
        )
    )


def _stays(name: str, wanted: WantedAddresses, given: Given) -> bool:
    """Whether a device is left where it is: if it goes down, its next hop objects go, too."""
    link, then = wanted.actual.links.get(name), wanted.links.links.get(name)
    if link is None or not (link.owned or name in given.nics):
        return True
    return then is not None and (link.owned or (then.master == link.master and then.up))


def as_before(snapshot: KernelState, actual: KernelState, given: Given) -> KernelState:
    """A snapshot's state of what is pifd's, with everything else as it is now.

    What has vanished since is not asked for, nor a VLAN on it.
    """
    owned = {link.name for state in (snapshot, actual) for link in state.links.values() if link.owned}
    mine = given.names | owned
    links = {name: link for name, link in actual.links.items() if name not in mine}
    links |= {name: link for name, link in snapshot.links.items() if name in mine and name in actual.links}
    links |= {name: link for name, link in snapshot.links.items() if link.owned}
    links = {name: link for name, link in links.items() if not link.lower or link.lower in links}
    before = replace(
        snapshot,
        links={name: _with_role(link, actual, given) for name, link in links.items()},
        addresses=frozenset(a for a in actual.addresses if a.link not in mine)
        | frozenset(a for a in snapshot.addresses if a.link in mine and a.link in links),
        routes=frozenset(r for r in actual.routes if r.link not in mine)
        | frozenset(r for r in snapshot.routes if r.link in mine and r.link in links),
    )
    return with_filters_for_their_ports(before)


def _with_role(link: Link, actual: KernelState, given: Given) -> Link:
    """A VIF's device may be a new one by now, and its GRO is not pifd's."""
    if link.owned:
        return link
    if link.name in given.nics:
        return replace(link, role=Role.NIC)
    if link.name in given.vifs:
        return replace(link, role=Role.VIF, gro=actual.links[link.name].gro)
    return link


def wanted_resolver(model: Model, actual: KernelState) -> str | None:
    """resolv.conf with the wanted name servers; left alone where another program writes it."""
    servers = wanted_nameservers(model)
    if actual.resolver is None or nameservers_of(actual.resolver) == servers:
        return actual.resolver
    return with_nameservers(actual.resolver, servers)


def wanted_nameservers(model: Model) -> tuple[str, ...]:
    """Those of one PIF: other_config:peerdns, else management, else the first that has any."""
    candidates = [pif for pif in attached_with_ip(model) if pif.ip_configuration.DNS]
    chosen = [pif for pif in candidates if pif.other_config.get("peerdns") == "true"]
    management = [pif for pif in candidates if pif.management]
    pif = next(iter([*chosen, *management, *candidates]), None)
    if pif is None:
        return ()
    bridge = bridge_of(model, pif)
    return tuple(_with_zone(server, bridge) for server in pif.ip_configuration.DNS.split(","))


def _with_zone(server: str, bridge: str) -> str:
    """A link-local server is reached over the PIF's bridge, whichever that is now."""
    return f"{server}%{bridge}" if server.startswith("fe80:") and "%" not in server else server


def crowded_out(model: Model, actual: KernelState) -> frozenset[Route]:
    """Routes of the model's for which there is no room: somebody else, or another PIF, has the same one."""
    wanted = wanted_addresses(model, actual, given_by(model))
    return frozenset(wanted.own_routes()) - wanted.routes()
