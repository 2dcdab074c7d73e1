"""When the filter rules of balance-slb bonds follow their ports: never too late, and never too early.

A port that joins has its rules before: it is down until it is in the bond, and from then on it must take in
no second copy of anything.  A port that leaves gives up taking broadcasts in before, lest nobody does, and
its rules go after: elsewhere it takes in everything.  The rules of a bond go before the bond does.
"""

from collections.abc import Iterator, Mapping

from agent.kernel.bond_filter import BondFilter, in_order
from agent.kernel.simulate import apply
from agent.kernel.state import KernelState
from agent.kernel.steps import CreateLink, DeleteLinks, SetFilter, SetMaster, Step, flat

Steps = tuple[SetFilter, ...]
NONE: tuple[Steps, Steps] = ((), ())
NO_PRIMARIES: Mapping[str, str] = {}


def rules_around(step: Step, state: KernelState, wanted: KernelState) -> tuple[Steps, Steps]:
    """What has to be done about the rules before a step, and after it."""
    bonds = {*state.filtered, *wanted.filtered} if state.has_filters or wanted.has_filters else set()
    if not bonds or not any(isinstance(one, SetMaster | DeleteLinks | CreateLink) for one in flat([step])):
        return NONE
    then = apply(step, _without_filters(state))
    found = [_around(bond, state, then, wanted) for bond in sorted(bonds) if bond in state.links]
    return tuple(one for before, _ in found for one in before), tuple(
        one for _, after in found for one in after
    )


def _without_filters(state: KernelState) -> KernelState:
    """The simulated kernel deletes no bond that has rules."""
    for name in state.filtered:
        state = apply(SetFilter(name, None), state)
    return state


def _around(bond: str, state: KernelState, then: KernelState, wanted: KernelState) -> tuple[Steps, Steps]:
    has, want = state.links[bond].filter, wanted.links.get(bond)
    if bond not in then.links:
        return ((SetFilter(bond, None),) if has is not None else ()), ()
    now, later = ({port.name for port in one.ports(bond)} for one in (state, then))
    if now == later:
        return NONE
    if want is None or want.filter is None:
        return (), _narrowed(bond, has, later)
    staying, joining, leaving = now & later, later - now, now - later
    order = (*in_order(has, staying), *sorted(joining), *in_order(has, leaving))
    hands_over = has is not None and has.primary in leaving
    before = (SetFilter(bond, order),) if has != BondFilter(tuple(sorted(order))) or hands_over else ()
    after = (SetFilter(bond, tuple(port for port in order if port in later)),) if leaving else ()
    return before, after


def _narrowed(bond: str, has: BondFilter | None, later: set[str]) -> Steps:
    """Rules that are to go, when ports have left."""
    if has is None:
        return ()
    kept = in_order(has, later & {*has.ports})
    return (SetFilter(bond, kept or None),) if kept != in_order(has, has.ports) else ()


def filter_steps(
    state: KernelState, wanted: KernelState, primaries: Mapping[str, str] = NO_PRIMARIES
) -> Iterator[SetFilter]:
    """Each bond has the rules for its ports, or none, whatever became of them.

    primaries: by bond the port that was the primary one, where no rules are left to tell.
    """
    for bond in sorted({*state.filtered, *wanted.filtered}):
        link, want = state.links.get(bond), wanted.links.get(bond)
        if link is None or want is None or link.filter == want.filter:
            continue
        if not link.owned:  # somebody else's bond of the name
            continue
        found = (
            link.filter
            if link.filter and link.filter.primary
            else BondFilter(primary=primaries.get(bond, ""))
        )
        yield SetFilter(bond, None if want.filter is None else in_order(found, want.filter.ports))
