"""The steps for one link: its attributes, and its way from the master that it has to the one it needs."""

from collections.abc import Iterator
from dataclasses import replace

from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.kinds.option import Changes, When, changes, table
from agent.kernel.state import KernelState, Link, Role
from agent.kernel.steps import (
    AddFlood,
    RemoveFlood,
    SetDown,
    SetIsolated,
    SetLearning,
    SetMAC,
    SetMark,
    SetMaster,
    SetMTU,
    SetOptions,
    SetPortOptions,
    SetUp,
    Step,
    setting,
)


def changes_at(moment: When, link: Link, want: Link) -> Changes:
    """The options that are to change and can at this moment."""
    rows = table(type(want.options)) if want.options is not None else {}
    if type(link.options) is not type(want.options):
        return ()
    told = changes(link.options, want.options)
    return tuple((name, value) for name, value in told if rows[name].option.when == moment)


def attribute_steps(link: Link, want: Link) -> Iterator[Step]:
    name = want.name
    if (link.group, link.alias) != (want.group, want.alias):
        yield SetMark(name, want.group, want.alias)
    if link.kind == "bridge" and isinstance(want.options, BridgeOptions):
        yield from _bridge_option_steps(link, want.options)
    elif live := changes_at(When.LIVE, link, want):
        yield SetOptions(name, link.kind, live)
    if link.MTU != want.MTU:
        yield SetMTU(name, want.MTU)
    if link.MAC != want.MAC:
        yield SetMAC(name, want.MAC)
    if link.master != want.master:
        yield SetMaster(name, want.master)
    if want.isolated and (not link.isolated or link.master != want.master):
        yield SetIsolated(name, isolated=True)
    if link.isolated and not want.isolated and link.master == want.master:
        yield SetIsolated(name, isolated=False)
    yield from (RemoveFlood(name, remote) for remote in link.flood if remote not in want.flood)
    yield from (AddFlood(name, remote) for remote in want.flood if remote not in link.flood)
    if link.up != want.up:
        yield SetUp(name) if want.up else SetDown(name)


def _bridge_option_steps(link: Link, options: BridgeOptions) -> Iterator[Step]:
    """A bridge gets a shorter delay only when it does not run the spanning tree protocol any more."""
    there = link.options
    if isinstance(there, BridgeOptions) and there.stp and not options.stp:
        quiet = replace(there, stp=False)
        yield setting(link, quiet)
        link = replace(link, options=quiet)
    if link.options != options:
        yield setting(link, options)


def port_steps(link: Link, wanted: KernelState) -> Iterator[Step]:
    """Take a NIC from where it is to where it belongs.

    A bond takes it only while it is down.  One that leaves a bond gets back the MAC and the MTU that it had
    before, and of the MTU the kernel tells nobody: it is taken out first, and then told what it should have.
    As a bridge's port it does not learn yet (learning.py).
    """
    want = wanted.links[link.name]
    master = wanted.links.get(want.master)
    into_bond = master is not None and master.kind == "bond"
    own_MAC = want.original_MAC if into_bond else want.MAC
    leaves_bond = bool(link.original_MAC)
    if link.master and (into_bond or not want.master or leaves_bond):
        yield SetMaster(link.name, "", freed=_is_nic(want) and not want.master)
    if (into_bond or not want.up) and link.up and not leaves_bond:
        yield SetDown(link.name)
    if own_MAC and (link.original_MAC or link.MAC) != own_MAC:
        yield SetMAC(link.name, own_MAC)
    if not into_bond and (leaves_bond or link.MTU != want.MTU):
        yield SetMTU(link.name, want.MTU)
    if want.master:
        yield SetMaster(link.name, want.master)
    if master is not None and master.kind == "bridge":
        yield SetLearning(link.name, learning=False)
    if want.up and not into_bond and (not link.up or leaves_bond):
        yield SetUp(link.name, quiet=_is_nic(want) and bool(want.master))


def _is_nic(want: Link) -> bool:
    """A VM's device has the IPv6 addresses that its toolstack lets it have."""
    return want.role == Role.NIC


def nic_steps(link: Link, want: Link) -> Iterator[Step]:
    if link.master != want.master:
        yield SetMaster(link.name, want.master, freed=_is_nic(want) and not want.master)
    if link.MTU != want.MTU:
        yield SetMTU(link.name, want.MTU)
    if link.MAC != want.MAC:
        yield SetMAC(link.name, want.MAC)
    if link.port is not None and want.port is not None and link.port != want.port:
        yield SetPortOptions(link.name, changes(link.port, want.port))
    if link.up != want.up:
        yield SetUp(link.name, quiet=_is_nic(want) and bool(want.master)) if want.up else SetDown(link.name)
