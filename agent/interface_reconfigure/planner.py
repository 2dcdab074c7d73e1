"""Planner: the way from a kernel state to the wanted one, as far as it has been laid."""

from collections.abc import Iterable
from functools import cached_property

from agent.interface_reconfigure.filter_rules import rules_around
from agent.interface_reconfigure.link_layers import LinkLayers
from agent.kernel.addressing import DEFAULT_DESTINATIONS
from agent.kernel.simulate import apply
from agent.kernel.state import KernelState, Link, Role
from agent.kernel.steps import Step, Together


class Planner:
    """The steps so far, and the state that they will have made."""

    def __init__(self, actual: KernelState, wanted: KernelState) -> None:
        self.actual, self.wanted = actual, wanted
        self.state = actual
        self.steps: list[Step] = []
        self._compared = actual
        self._apart = {name for name in apart(actual, wanted) if _is_apart(name, actual, wanted)}

    def do(self, *steps: Step) -> None:
        """Take steps, one by one."""
        for step in steps:
            before, after = rules_around(step, self.state, self.wanted)
            for one in (*before, step, *after):
                self._take(one)

    def _take(self, step: Step) -> None:
        self.state = apply(step, self.state)
        self.steps.append(step)

    def do_together(self, steps: Iterable[Step]) -> None:
        """Take steps in one go."""
        parts = tuple(steps)
        if parts:
            self.do(parts[0] if len(parts) == 1 else Together(parts))

    def unlike(self, state: KernelState | None = None) -> list[Link]:
        """The links, as they are wanted, that are otherwise in a state (else that so far), in their order.

        Most links of a host are as they should be: no phase goes through all of them.
        """
        apart_now = self._apart_now()
        if state is None:
            return self._in_order(apart_now)
        names = apart_now | self.state.table.differing(state.table)
        return self._in_order(name for name in names if _is_apart(name, state, self.wanted))

    def unwanted(self, state: KernelState | None = None) -> list[str]:
        """The names of pifd's links that are there (else in the state so far) and should not be, sorted."""
        there = state or self.state
        names = apart(there, self.wanted) - self.wanted.links.keys()
        return sorted(name for name in names if there.links[name].owned)

    def _apart_now(self) -> set[str]:
        """The names of the links that are not as they should be, brought up to date by what was changed since
        somebody asked last: thousands are made without a question in between."""
        changed = self._compared.table.differing(self.state.table)
        self._apart -= changed
        self._apart |= {name for name in changed if _is_apart(name, self.state, self.wanted)}
        self._compared = self.state
        return self._apart

    def _in_order(self, names: Iterable[str]) -> list[Link]:
        """As they are wanted; none of those that are not."""
        return [self.wanted.links[name] for name in self.wanted.table.in_order(names)]

    @cached_property
    def then(self) -> LinkLayers:
        """Who is on top of whom in the end."""
        return LinkLayers(self.wanted)

    @cached_property
    def nics(self) -> frozenset[str]:
        """The NICs that pifd was given."""
        return frozenset(self.wanted.in_role(Role.NIC))

    @cached_property
    def guests(self) -> frozenset[str]:
        """The names of the VIFs' devices."""
        return frozenset(self.wanted.in_role(Role.VIF))

    @cached_property
    def vital(self) -> frozenset[str]:
        """The addresses that the host is managed by; where nobody knows, those next to a default route."""
        routed = {r.link for r in self.actual.routes if r.destination in DEFAULT_DESTINATIONS.values()}
        return self.wanted.vital or frozenset(
            address.interface for address in self.actual.addresses if address.link in routed
        )


def _is_apart(name: str, state: KernelState, wanted: KernelState) -> bool:
    there, want = state.links.get(name), wanted.links.get(name)
    return there is not want and there != want


def apart(state: KernelState, wanted: KernelState) -> set[str]:
    """The names of the links that can differ between two states."""
    return state.table.differing(wanted.table)
