"""Scope: what a plan changes in the kernel, and what that depends on.

A call is refused for these, and for nothing else that may be wrong on the host.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agent.engine.converge import NotTaken
from agent.kernel.left_as_is import with_filters_for_their_ports
from agent.kernel.parts import RESOLVER, Part, differences, parts_of
from agent.kernel.state import KernelState, Link
from agent.kernel.steps import Refused, names_in


@dataclass(frozen=True)
class Scope:
    """own: what the plan changes.  names: the devices that this is about, and those that they depend on.

    narrow: whether what is outside stays as it is: what has drifted there can't be put right on the way.
    """

    own: frozenset[Part] = frozenset()
    names: frozenset[str] = frozenset()
    narrow: bool = False

    def within(self, wanted: KernelState, actual: KernelState) -> KernelState:
        """The wanted state; of a narrow scope as far as it goes, and what is outside stays as it is."""
        if not self.narrow:
            return wanted
        links = {
            name: link if name in self.names else _as_it_is(link, actual.links[name])
            for name, link in wanted.links.items()
            if name in self.names or name in actual.links
        }
        links |= {name: link for name, link in actual.links.items() if name not in self.names | links.keys()}
        within = replace(
            wanted,
            links=links,
            addresses=frozenset(a for a in wanted.addresses if a.link in self.names)
            | frozenset(a for a in actual.addresses if a.link not in self.names),
            routes=frozenset(r for r in wanted.routes if r.link in self.names)
            | frozenset(r for r in actual.routes if r.link not in self.names),
            resolver=wanted.resolver if Part("", RESOLVER) in self.own else actual.resolver,
        )
        return with_filters_for_their_ports(within)

    def is_to_blame(self, trouble: Exception) -> bool:
        """Whether something is in the way of the plan itself, and not only of what was wrong before."""
        if isinstance(trouble, NotTaken):
            return any(self._is_own(part) for part in trouble.parts)
        if not isinstance(trouble, Refused):
            return True
        parts = parts_of(trouble.step)
        if parts:
            return any(self._is_own(part) for part in parts)
        return not self.names.isdisjoint(names_in(trouble.step))

    def _is_own(self, part: Part) -> bool:
        """What the plan changes, all of a device that it makes or moves, and what it needs to be there."""
        if part in self.own or (part.is_structure and part.link in self.names):
            return True
        return any(own.link == part.link and own.is_structure for own in self.own)


def _as_it_is(want: Link, there: Link) -> Link:
    """What a device is to pifd is not the kernel's to say."""
    return there if want.role == there.role else replace(there, role=want.role, station=want.station)


def scope_of(before: KernelState, after: KernelState, actual: KernelState) -> Scope:
    """before, after: what is wanted without the plan and with it."""
    own = frozenset(differences(before, after))
    touched = {part.link for part in own if part.link}
    names = set(touched)
    for name in touched:
        names |= {link.name for link in (*actual.ports(name), *actual.uppers(name))}
    ahead = [*names]
    while ahead:
        for other in _below(ahead.pop(), (before, after)):
            if other not in names:
                names.add(other)
                ahead.append(other)
    return Scope(own, frozenset(names))


def _below(name: str, states: Iterable[KernelState]) -> Iterator[str]:
    """The master that a device is in, what it stands on, and the ports of its own."""
    for state in states:
        link = state.links.get(name)
        if link is not None:
            yield from (other for other in (link.master, link.lower) if other)
            if link.owned:
                yield from (port.name for port in state.ports(name))
