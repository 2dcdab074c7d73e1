"""Calls for all hosts of a pool: each host's own daemon carries its part out, one after the other."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.api.calls.call import Call
from agent.api.calls.changing import change
from agent.api.calls.declared import CHANGING
from agent.api.calls.routing import there
from agent.api.encodings.values import Value
from agent.errors import Failure, InvalidValue, PIFNotPresent
from agent.model.model import Model, management_of, pifs_of, pifs_on
from agent.model.records import PIF, Host, Network, Pool, Ref
from agent.rules.replication import pif_on
from agent.rules.vlan import lower_of_device

log = logging.getLogger("pifd.pool")

Run = Callable[[Ref[Host], str, Mapping[str, Any]], Awaitable[Any]]
"""Have a host carry a call out."""


def runner(call: Call) -> Run:
    """Have hosts carry out calls for this one."""

    async def run(host: Ref[Host], method: str, arguments: Mapping[str, Any]) -> Any:
        one = replace(call, method=method)
        if call.agent.engine.model.get(host).elsewhere:
            return await there(one, host, arguments)
        return await change(CHANGING[method], one, **arguments)

    return run


async def create_vlan_from_pif(call: Call, pif: Ref[PIF], network: Ref[Network], VLAN: int) -> Value:
    """A VLAN on each host's PIF that is on the same network; gives the upper PIFs.  All of them, or none."""
    model = call.agent.engine.model
    lowers = pifs_on(model, model.find(PIF, pif).network)
    return await vlans_on(call, lowers, model.find(Network, network), VLAN)


async def create_vlan(call: Call, device: str, network: Ref[Network], VLAN: int) -> Value:
    """The same on each host's PIF of this device; a host that has none is refused before anything is done."""
    model = call.agent.engine.model
    lowers = [lower_of_device(model, host.ref, device) for host in model.all(Host)]
    return await vlans_on(call, lowers, model.find(Network, network), VLAN)


async def vlans_on(call: Call, lowers: Iterable[PIF], network: Network, tag: int) -> Value:
    made, run = list[tuple[Ref[Host], str]](), runner(call)
    try:
        for pif in lowers:
            arguments = {"device": pif.device, "network": network.ref, "host": pif.host, "VLAN": tag}
            made.append((pif.host, await run(pif.host, "PIF.create_VLAN", arguments)))
    except BaseException:
        for host, ref in reversed(made):
            await undone(run(host, "PIF.destroy", {"self": ref}))
        raise
    return [ref for _, ref in made]


async def management_reconfigure(call: Call, network: Ref[Network]) -> Value:
    """Each host's PIF on the network becomes its management interface: the members' first, the master's last.

    Where one can't have it, or is cut off by it, all have what they had.
    """
    model = call.agent.engine.model
    home, master = model.find(Network, network), model.all(Pool)[0].master
    hosts = sorted(model.all(Host), key=lambda host: host.ref == master)
    chosen = [(host, pif_on(model, home.ref, host.ref)) for host in hosts]
    for host, pif in chosen:
        if pif is None:
            raise PIFNotPresent(host.ref, home.ref)
    done, run = list[tuple[Ref[Host], PIF | None]](), runner(call)
    try:
        for host, pif in chosen:
            assert pif is not None
            before = management_of(model, host.ref)
            await run(host.ref, "host.management_reconfigure", {"pif": pif.ref})
            done.append((host.ref, before))
    except BaseException:
        for ref, before in reversed(done):
            if before is not None:
                await undone(run(ref, "host.management_reconfigure", {"pif": before.ref}))
        raise
    return ""


async def undone(undoing: Awaitable[Any]) -> None:
    """One thing that can't be undone keeps nothing else from being undone; it is logged where it is."""
    try:
        await undoing
    except Failure as failure:
        log.error("a part of a call for all hosts can't be undone: %s", failure)


async def create_bond(
    call: Call,
    network: Ref[Network],
    devices: Sequence[str],
    MAC: str = "",
    mode: str = "",
    properties: Mapping[str, str] | None = None,
) -> Value:
    """A bond of these devices on each host of the pool, the master's first; a report for each (pifd's own).

    At the first host that can't have it, it stops.
    """
    model, run = call.agent.engine.model, runner(call)
    home, master = model.find(Network, network), model.all(Pool)[0].master
    report: list[dict[str, Any]] = []
    for host in sorted(model.all(Host), key=lambda host: host.ref != master):
        line: dict[str, Any] = {"host": host.uuid, "name_label": host.name_label, "Bond": "", "error": []}
        report.append(line)
        try:
            arguments: dict[str, Any] = {"network": home.ref, "members": nics_called(model, host, devices)}
            arguments |= {"MAC": MAC, "properties": dict(properties or {})} | ({"mode": mode} if mode else {})
            line["Bond"] = await run(host.ref, "Bond.create", arguments)
        except Failure as failure:
            line["error"] = [failure.code, *failure.parameters]
            break
    return report


def nics_called(model: Model, host: Host, devices: Iterable[str]) -> list[Ref[PIF]]:
    """The host's NICs of these names."""
    known = {pif.device: pif.ref for pif in pifs_of(model, host.ref) if pif.physical}
    for device in devices:
        if device not in known:
            raise InvalidValue("devices", f"{host.name_label or host.uuid} has no {device}")
    return [known[device] for device in devices]


POOL_WIDE: Mapping[str, Callable[..., Awaitable[Value]]] = {
    "pool.create_VLAN_from_PIF": create_vlan_from_pif,
    "pool.create_VLAN": create_vlan,
    "pool.management_reconfigure": management_reconfigure,
}
"""In a pool of several hosts these are carried out host by host."""
