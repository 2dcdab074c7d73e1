"""Calls for all hosts of a pool: each host's own daemon carries its part out, one after the other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from agent.api.calls.call import Call
from agent.api.calls.changing import change
from agent.api.calls.declared import CHANGING
from agent.api.calls.routing import asker, door_of, there
from agent.api.encodings.values import Value
from agent.errors import Failure, HostDoesNotAnswer, InvalidValue, PoolUnavailable
from agent.model.model import Model, management_of, pifs_of, pifs_on
from agent.model.records import PIF, Host, Network, Pool, Ref
from agent.pool.requests import STAYS, UNDO, Requests
from agent.pool.trials import RESULT, Undo
from agent.rules.pool import pif_of_host
from agent.rules.vlan import lower_of_device

log = logging.getLogger("pifd.pool")

Run = Callable[..., Awaitable[Any]]
"""Have a host carry a call out: the host, the method, its arguments; how it is undone, and its number."""


def runner(call: Call) -> Run:
    """Have hosts carry out calls for this one."""

    async def run(
        host: Ref[Host],
        method: str,
        arguments: Mapping[str, Any],
        undo: Undo | None = None,
        number: str = "",
    ) -> Any:
        one = replace(call, method=method)
        if call.agent.engine.model.get(host).elsewhere:
            return await there(one, host, arguments, undo, number)
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
    made, undo = list[str](), Undo("PIF.destroy", {"self": RESULT})
    async with Parts(call) as parts:
        for pif in lowers:
            arguments = {"device": pif.device, "network": network.ref, "host": pif.host, "VLAN": tag}
            made.append(await parts.do(pif.host, "PIF.create_VLAN", arguments, undo))
    return made


async def management_reconfigure(call: Call, network: Ref[Network]) -> Value:
    """Each host's PIF on the network becomes its management interface: the members' first, the master's last.

    Where one can't have it, or is cut off by it, all have what they had.
    """
    model = call.agent.engine.model
    home, master = model.find(Network, network), model.all(Pool)[0].master
    hosts = sorted(model.all(Host), key=lambda host: host.ref == master)
    chosen = [(host.ref, pif_of_host(model, home, host)) for host in hosts]
    async with Parts(call) as parts:
        for host, pif in chosen:
            before = management_of(model, host)
            undo = None if before is None else Undo("host.management_reconfigure", {"pif": before.ref})
            await parts.do(host, "host.management_reconfigure", {"pif": pif.ref}, undo)
    return ""


class Parts:
    """The parts of a call for all hosts, inside: all of them stay, or none does.

    A host that is lost meanwhile undoes its part by itself.
    """

    def __init__(self, call: Call) -> None:
        self._call, self._run = call, runner(call)
        self._done: list[tuple[Ref[Host], str, Undo | None]] = []
        self._lost: list[tuple[Ref[Host], str]] = []
        self._own: list[str] = []

    async def __aenter__(self) -> "Parts":
        return self

    async def do(self, host: Ref[Host], method: str, arguments: Mapping[str, Any], undo: Undo | None) -> Any:
        """A host's part; raises the Failure that it ends with."""
        number = str(uuid4())
        note = partial(self._note, host, number, method, undo)
        try:
            await note()
            result = await self._run(host, method, arguments, undo, number)
            await note(result=result)
        except (HostDoesNotAnswer, PoolUnavailable, asyncio.CancelledError):
            self._lost.append((host, number))
            raise
        self._done.append((host, number, undo and undo.of(result)))
        if not self._elsewhere(host):
            await self._requests.check_reached()
        return result

    async def _note(
        self, host: Ref[Host], number: str, method: str, undo: Undo | None, **result: Any
    ) -> None:
        """This host's own part, which its next start undoes if its daemon is killed before the end."""
        if undo is None or self._elsewhere(host):
            return
        self._own.append(number)
        this = self._call.agent.engine.model.get(host).uuid
        told = {"method": method, "by": asker(self._call), "from": this, "undo": undo}
        await self._requests.trials.note(number, {**told, "run": self._requests.run_of(this), **result})

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            if error is not None:
                return await self._undo()
            try:
                await self._requests.settle(self._others(), STAYS)
            except Failure:
                await self._undo()
                raise
        finally:
            await self._requests.trials.forget(*self._own)

    async def _undo(self) -> None:
        """One thing that can't be undone keeps nothing else from being undone; it is logged where it is.

        This host's part is first, because without it others may not be reached.
        """
        own_first = [*reversed(self._done)]
        own_first.sort(key=lambda part: self._elsewhere(part[0]))
        for host, number, undo in own_first:
            try:
                if undo is not None:
                    await self._run(host, undo.method, undo.arguments)
                if not self._elsewhere(host):
                    await self._requests.check_reached()
            except Failure as failure:
                log.error("a part of a call for all hosts can't be undone: %s", failure)
                self._lost.append((host, number))
        with suppress(PoolUnavailable):
            await self._requests.settle(self._lost, UNDO)
            await self._requests.settle([part for part in self._others() if part not in self._lost], STAYS)

    def _others(self) -> list[tuple[Ref[Host], str]]:
        return [(host, number) for host, number, _ in self._done if self._elsewhere(host)]

    def _elsewhere(self, host: Ref[Host]) -> bool:
        return self._call.agent.engine.model.get(host).elsewhere

    @property
    def _requests(self) -> Requests:
        return door_of(self._call.agent).requests


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
