"""The options of a bond that can't change while it is up, or while it has ports.

Those that change at any time never come here: they touch neither the bond's ports nor its carrier.
"""

from agent.interface_reconfigure.announcing import announcements
from agent.interface_reconfigure.link_layers import LinkLayers
from agent.interface_reconfigure.link_steps import changes_at
from agent.interface_reconfigure.planner import Planner
from agent.kernel.kinds.option import Changes, When
from agent.kernel.state import Link
from agent.kernel.steps import AwaitCarrier, SetDown, SetMAC, SetMaster, SetOptions, SetUp, Step, Together

BOUNCE = "for about 0.1 s the bond is without carrier"
RARELY = (When.DOWN, When.NO_PORTS, When.DOWN_NO_PORTS)


def change_bonds(planner: Planner) -> None:
    """Each bond that has to be down, or bare, for what it is to become: for as short a time as can be."""
    for want in planner.unlike():
        link = planner.state.links.get(want.name)
        if link is None or want.kind != "bond" or not want.owned:
            continue
        told = {moment: changes_at(moment, link, want) for moment in RARELY}
        if told[When.NO_PORTS] or told[When.DOWN_NO_PORTS]:
            _without_ports(planner, link, told)
        elif told[When.DOWN]:
            _while_down(planner, link, told[When.DOWN])


def _while_down(planner: Planner, link: Link, told: Changes) -> None:
    """The ports stay in: they are up all the while."""
    steps: list[Step] = [SetOptions(link.name, "bond", told)]
    if link.up:
        words = f"{_names(told)} can change only while the bond is down: {BOUNCE}"
        steps = [Together((SetDown(link.name), *steps, SetUp(link.name)), words)]
    planner.do(*steps)
    _announce(planner, link.name)


def _without_ports(planner: Planner, link: Link, told: dict[When, Changes]) -> None:
    """The idle ports leave first and the active one last; it is the first to be back."""
    ports = sorted(planner.state.ports(link.name), key=lambda port: port.name == link.active_slave)
    if not ports:
        planner.do(*_bare_steps(link, told))
        return
    *idle, active = [port.name for port in ports]
    planner.do_together([SetMaster(name, "") for name in idle])
    needing = (*told[When.NO_PORTS], *told[When.DOWN_NO_PORTS])
    change = [
        SetMaster(active, ""),
        *_bare_steps(link, told),
        SetMAC(link.name, link.MAC),
        SetMaster(active, link.name),
        *(SetMaster(name, link.name) for name in reversed(idle)),
    ]
    words = f"{_names(needing)} can change only while the bond has no ports: {BOUNCE}"
    planner.do(Together(tuple(change), words))
    _announce(planner, link.name)


def _bare_steps(link: Link, told: dict[When, Changes]) -> list[Step]:
    """What can be said while it is up first."""
    steps: list[Step] = []
    if told[When.NO_PORTS]:
        steps.append(SetOptions(link.name, "bond", told[When.NO_PORTS]))
    down = (*told[When.DOWN_NO_PORTS], *told[When.DOWN])
    if down and link.up:
        steps += [SetDown(link.name), SetOptions(link.name, "bond", down), SetUp(link.name)]
    elif down:
        steps.append(SetOptions(link.name, "bond", down))
    return steps


def _announce(planner: Planner, bond: str) -> None:
    above = sorted(LinkLayers(planner.state).above(bond))
    told = announcements(planner.state, planner.wanted, above)
    planner.do(*([AwaitCarrier(bond)] if told else []), *told)


def _names(told: Changes) -> str:
    return ", ".join(name for name, _ in told)
