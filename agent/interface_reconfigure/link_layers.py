"""LinkLayers: which device is on top of which, so that one can ask what carries an address."""

from collections.abc import Iterable, Mapping

from agent.kernel.state import Link


class LinkLayers:
    """The links of a state, and what is directly above each: its master, and the VLANs on it."""

    def __init__(self, links: Mapping[str, Link]) -> None:
        self._above: dict[str, list[str]] = {}
        self._below: dict[str, list[str]] = {}
        for name, link in links.items():
            for lower, upper in ((name, link.master), (link.lower, name)):
                if lower and upper:
                    self._above.setdefault(lower, []).append(upper)
                    self._below.setdefault(upper, []).append(lower)

    def above(self, name: str) -> frozenset[str]:
        """The device and all that is on top of it."""
        return _closure(name, self._above)

    def below(self, name: str) -> frozenset[str]:
        """The device and all that it stands on."""
        return _closure(name, self._below)

    def directly_below(self, name: str) -> Iterable[str]:
        """The device's ports and its parent."""
        return self._below.get(name, ())


def _closure(name: str, edges: Mapping[str, Iterable[str]]) -> frozenset[str]:
    found, ahead = {name}, [name]
    while ahead:
        for other in edges.get(ahead.pop(), ()):
            if other not in found:
                found.add(other)
                ahead.append(other)
    return frozenset(found)
