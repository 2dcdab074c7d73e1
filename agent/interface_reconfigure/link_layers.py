"""LinkLayers: which device is on top of which, so that one can ask what carries an address."""

from collections.abc import Callable, Iterable

from agent.kernel.state import KernelState


class LinkLayers:
    """The links of a state, and what is directly above each: its master, and the VLANs on it."""

    def __init__(self, state: KernelState) -> None:
        self._links, self._table = state.links, state.table

    def above(self, *names: str) -> frozenset[str]:
        """The devices and all that is on top of any of them."""
        return _closure(names, self.directly_above)

    def below(self, name: str) -> frozenset[str]:
        """The device and all that it stands on."""
        return _closure((name,), self.directly_below)

    def directly_above(self, name: str) -> Iterable[str]:
        """The device's master, and what sits on it."""
        link = self._links.get(name)
        masters = [link.master] if link is not None and link.master else []
        return [*masters, *self._table.having(("lower", name))]

    def directly_below(self, name: str) -> Iterable[str]:
        """The device's ports and its parent."""
        link = self._links.get(name)
        parents = [link.lower] if link is not None and link.lower else []
        return [*parents, *self._table.having(("master", name))]


def _closure(names: Iterable[str], edges_of: Callable[[str], Iterable[str]]) -> frozenset[str]:
    found = set(names)
    ahead = list(found)
    while ahead:
        for other in edges_of(ahead.pop()):
            if other not in found:
                found.add(other)
                ahead.append(other)
    return frozenset(found)
