"""Which ports of bridges learn, and when: no guest may be looked for on the way to the outside.

Two uplinks on one segment are up at once while something moves.  What a guest broadcasts leaves by one, the
switch sends it back to the other, and a bridge there would take the guest to be outside.  When the guest's
VIF moves into that bridge, all frames for it that come from outside are dropped, until it sends or 300 s are
over.

So an uplink that is being prepared does not learn.  It begins in the send in which what it serves moves in.
"""

from collections.abc import Container, Iterable, Iterator

from agent.interface_reconfigure.link_layers import LinkLayers
from agent.interface_reconfigure.planner import Planner
from agent.kernel.kinds.bond import BondOptions
from agent.kernel.simulate import apply_all
from agent.kernel.state import KernelState, Link
from agent.kernel.steps import SetLearning, SetMaster, Step


def with_learning(
    planner: Planner, steps: Iterable[Step], bridges: Container[str] | None = None
) -> list[Step]:
    """A send in which VIFs change bridges, and uplinks, which learn again at its end.

    They forget what came back from the switch until then, in the bridge that the VIF was not in.
    bridges: where they learn again; None for all.
    """
    change = list(steps)
    joined = {step.master for step in change if isinstance(step, SetMaster) and step.name in planner.guests}
    hushed = [*_hush(planner, planner.state, joined), *_each_hushed(planner, change)]
    begun = _begin(planner, apply_all(hushed, planner.state))
    ports = planner.state.links
    return [*hushed, *(step for step in begun if bridges is None or ports[step.name].master in bridges)]


def _hush(planner: Planner, state: KernelState, bridges: Iterable[str]) -> Iterator[SetLearning]:
    """The uplinks of bridges learn nothing for a while."""
    for bridge in sorted(bridges):
        for port in state.ports(bridge):
            if port.learning and is_uplink(planner, port):
                yield SetLearning(port.name, learning=False)


def _each_hushed(planner: Planner, steps: Iterable[Step]) -> Iterator[Step]:
    """Uplinks that become ports do not learn at first: frames may still be on their way back."""
    state, since = planner.state, list[Step]()
    for step in steps:
        yield step
        since.append(step)
        if isinstance(step, SetMaster):
            state, since = apply_all(since, state), []
            link = state.links.get(step.name)
            if link is not None and link.owned and link.learning and is_port(state, link):
                yield SetLearning(link.name, learning=False)


def _begin(planner: Planner, state: KernelState) -> Iterator[SetLearning]:
    """Those that are where they belong learn; not on a bond that takes in what its other slave has sent."""
    layers = LinkLayers(state)
    for name in state.hushed:
        want = planner.wanted.links.get(name)
        is_ready = want is not None and want.master == state.links[name].master and want.learning
        if is_ready and not _echoes(state, layers.below(name)):
            yield SetLearning(name, learning=True)


def _echoes(state: KernelState, names: Iterable[str]) -> bool:
    """Whether one of the devices is a bond that takes frames on all its slaves."""
    options = (state.links[name].options for name in names)
    return any(isinstance(one, BondOptions) and one.all_slaves_active for one in options)


def unlearning(planner: Planner, bond: Link) -> Iterator[SetLearning]:
    """A bond that will take frames on all slaves, and the VLANs on it, hear their own guests' broadcasts."""
    state = planner.state
    for link in (bond, *state.uppers(bond.name)):
        if link.learning and link.owned and is_port(state, link):
            yield SetLearning(link.name, learning=False)


def let_all_learn(planner: Planner) -> None:
    """In the end every port is as it should be."""
    for want in sorted(planner.unlike(), key=lambda want: want.name):
        link = planner.state.links.get(want.name)
        if link is not None and link.master == want.master and link.learning != want.learning:
            planner.do(SetLearning(want.name, want.learning))


def is_port(state: KernelState, link: Link) -> bool:
    """Whether it is in a bridge."""
    return link.master in state.links and state.links[link.master].kind == "bridge"


def is_uplink(planner: Planner, port: Link) -> bool:
    """Whether a port of pifd's leads to the outside."""
    return (port.owned or port.name in planner.nics) and port.name not in planner.guests
