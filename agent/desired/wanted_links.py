"""The links that are wanted, worked out anew where the model, the kernel or what was given differs."""

from collections.abc import Iterator, Mapping
from threading import Lock

from agent.desired.claims import Claims, Kind
from agent.desired.links import is_vif, nic, own_link, vif_device
from agent.kernel.link import changed_fields
from agent.kernel.state import KernelState, Link
from agent.model.device_names import vlan_device
from agent.model.layering import (
    Given,
)
from agent.model.model import Model, vlans_on
from agent.model.records import PIF, Bond
from agent.table import Table


class WantedLinks:
    """The links that are wanted: somebody else's as they are, pifd's as the model wants them.

    A call asks for what the model wants before it and after it, in turns: the last answer for each is kept.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers = [LastAnswer(), LastAnswer()]

    def of(self, model: Model, actual: KernelState, given: Given) -> Mapping[str, Link]:
        """By name."""
        with self._lock:
            known = (one for one in self._answers if one.model.records is model.records)
            answer = next(known, self._answers[0])
            others = [one for one in self._answers if one is not answer]
            self._answers = [LastAnswer(), *others]  # what is half followed is not to be gone on from
            links = answer.next(model, actual, given)
            self._answers = [*others, answer]
            return links


class LastAnswer:
    """What was wanted of one kernel by one model.

    The next answer goes from there by what differs since then: in the model, in the kernel, and in what pifd
    was given.  It is the same as one that is computed from nothing.
    """

    def __init__(self) -> None:
        self._claims, self._actual, self._given = Claims(), KernelState(), Given()
        self._others: dict[str, Link | None] = {}
        self._answer: Mapping[str, Link] = self._actual.links

    @property
    def model(self) -> Model:
        return self._claims.model

    def next(self, model: Model, actual: KernelState, given: Given) -> Mapping[str, Link]:
        is_new = actual.links is not self._actual.links
        there = self._actual.table.differing(actual.table)
        asked = self._touched(model, actual, given, there)
        for name in asked | there:
            was, now = self._actual.links.get(name), actual.links.get(name)
            before = self._others.pop(name, was)
            if name not in asked and name not in given.names and self._is_known(name, before):
                wanted = _same(now, before)
            else:
                wanted = self._wanted(name, actual, given)
            if wanted is not now:
                wanted = before if _is_the_same(before, wanted) else wanted
                self._others[name] = wanted
            is_new = is_new or wanted is not before
        self._actual, self._given = actual, given
        if is_new:
            self._answer = self._put_together(actual.table)
        return self._answer

    def _is_known(self, name: str, before: Link | None) -> bool:
        """Whether a device is wanted as before, whatever the kernel has of it now."""
        claim = self._claims.on(name, OWN)
        return before is not None and before.owned and claim is not None and claim.kind != Kind.BOND

    def _put_together(self, links: Table[Link]) -> Mapping[str, Link]:
        missing = {name for name in self._others if name not in links}
        ordered = [*(self._others.keys() - missing), *self._claims.in_order(missing, OWN)]
        found = {name: link for name in ordered if (link := self._others[name]) is not None}
        links = links.with_values(found)
        for name in self._others.keys() - found.keys():
            links = links.without(name)
        return links

    def _touched(self, model: Model, actual: KernelState, given: Given, changed: set[str]) -> set[str]:
        """The names of the links that may be wanted otherwise than before, beside the ones that changed."""
        names = self._claims.follow(model)
        for name in changed if self._actual.links else ():  # of the first kernel everything has changed
            for state in (self._actual, actual):  # whose master may be another's now
                names.update(state.table.each_having(("master", name)))
            if (name in actual.links) != (name in self._actual.links):
                names.update(_vlans_on_nic(model, name))
        # Of NICs and bonds there are few, and what is on them, or missing, matters too.
        nics = given.nics | self._given.nics
        bonds = {model.get(bond.master).device for bond in model.all(Bond)}
        first = frozenset[str]() if self._actual.links else changed
        return names | first | nics | bonds | (given.vifs ^ self._given.vifs)

    def _wanted(self, name: str, actual: KernelState, given: Given) -> Link | None:
        model, there = self._claims.model, actual.links.get(name)
        if there is not None and name in given.nics:
            return nic(model, actual, there, self._claims.on(name, (Kind.NIC, Kind.FREE_NIC)), given)
        if there is not None and is_vif(there, given):
            return vif_device(model, actual, there, self._claims.on(name, (Kind.VIF,)))
        claim = self._claims.on(name, OWN)
        wanted = None if claim is None else own_link(model, actual, name, claim)
        if wanted is None and there is not None and not there.owned and name not in given.names:
            return there
        return _same(there, wanted)


def _is_the_same(one: Link | None, other: Link | None) -> bool:
    """Whether two links are equal in what is not compared otherwise, too."""
    if one is None or other is None:
        return one is other
    return not changed_fields(one, other)


OWN = (Kind.BRIDGE, Kind.UPPER, Kind.INTERNAL_BRIDGE, Kind.BOND)


def _same(there: Link | None, wanted: Link | None) -> Link | None:
    """The very link that is there, where that is as it should be."""
    return there if there == wanted else wanted


def _vlans_on_nic(model: Model, name: str) -> Iterator[str]:
    """There is no VLAN on a NIC that is not there."""
    for pif in model.by(PIF, "device", name):
        if pif.physical:
            yield from (vlan_device(name, vlan.tag) for vlan in vlans_on(model, pif.ref))
