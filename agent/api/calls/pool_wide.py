"""Calls for all hosts of a pool: each host's own daemon carries its part out, one after the other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from agent.api.calls.call import Call
from agent.api.calls.changing import change, dry_run
from agent.api.calls.declared import CHANGING
from agent.api.calls.routing import asker, door_of, plain, there
from agent.api.encodings.values import Value
from agent.engine.progress import Progress
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


class Part(NamedTuple):
    """One host's part of a call for all hosts; how it is undone."""

    host: Ref[Host]
    method: str
    arguments: Mapping[str, Any]
    undo: Undo | None


def vlans_beside_pif(model: Model, pif: Ref[PIF], network: Ref[Network], VLAN: int) -> list[Part]:
    """pool.create_VLAN_from_PIF: a VLAN on each host's PIF that is on the same network."""
    lowers = pifs_on(model, model.find(PIF, pif).network)
    return vlans_on(lowers, model.find(Network, network), VLAN)


def vlans_on_devices(model: Model, device: str, network: Ref[Network], VLAN: int) -> list[Part]:
    """pool.create_VLAN: on each host's PIF of this device; a host that has none is refused."""
    lowers = [lower_of_device(model, host.ref, device) for host in model.all(Host)]
    return vlans_on(lowers, model.find(Network, network), VLAN)


def vlans_on(lowers: Iterable[PIF], network: Network, tag: int) -> list[Part]:
    undo = Undo("PIF.destroy", {"self": RESULT})
    return [
        Part(
            pif.host,
            "PIF.create_VLAN",
            {"device": pif.device, "network": network.ref, "host": pif.host, "VLAN": tag},
            undo,
        )
        for pif in lowers
    ]


def managements_on(model: Model, network: Ref[Network]) -> list[Part]:
    """pool.management_reconfigure: each host's PIF on the network, the members' first, the master's last."""
    home, master = model.find(Network, network), model.all(Pool)[0].master
    hosts = sorted(model.all(Host), key=lambda host: host.ref == master)
    return [managing(model, host.ref, pif_of_host(model, home, host)) for host in hosts]


def managing(model: Model, host: Ref[Host], pif: PIF) -> Part:
    before, method = management_of(model, host), "host.management_reconfigure"
    undo = None if before is None else Undo(method, {"pif": before.ref})
    return Part(host, method, {"pif": pif.ref}, undo)


PARTS: Mapping[str, tuple[Callable[..., list[Part]], bool]] = {
    "pool.create_VLAN_from_PIF": (vlans_beside_pif, True),
    "pool.create_VLAN": (vlans_on_devices, True),
    "pool.management_reconfigure": (managements_on, False),
}
"""The calls that are for all hosts in a pool of several, and whether what the parts give is the result."""


async def carry_out(call: Call, progress: Progress, /, **arguments: Any) -> Value:
    """All of the parts, or none: where one can't be had, or cuts its host off, all have what they had."""
    parts_of, gives = PARTS[plain(call.method)]
    results = list[Value]()
    wanted = parts_of(call.agent.engine.model, **arguments)
    async with Parts(call) as parts:
        parts.check_live(wanted)
        for number, part in enumerate(wanted):
            progress.reached(number, len(wanted))
            results.append(await parts.do(*part))
    return results if gives else ""


async def foresee(call: Call, progress: Progress, /, **arguments: Any) -> Value:
    """What each host would do; a step says on which."""
    model = call.agent.engine.model
    whole: dict[str, Any] = {name: [] for name in FORESEEN} | {"result": ""}
    parts_of, gives = PARTS[plain(call.method).removeprefix(DRY_RUN)]
    for part in parts_of(model, **arguments):
        one = await part_foreseen(call, part)
        name = model.get(part.host).name_label or part.host
        one["steps"] = [f"{name}: {step}" for step in one["steps"]]
        whole |= {key: whole[key] + one[key] for key in FORESEEN}
        whole["result"] = [*whole["result"], one["result"]] if gives else ""
    return whole


FORESEEN = ("added", "changed", "removed", "unplug", "plug", "steps", "notes")
DRY_RUN = "DryRun."


async def part_foreseen(call: Call, part: Part) -> dict[str, Any]:
    one = replace(call, method=f"{DRY_RUN}{part.method}")
    if call.agent.engine.model.get(part.host).elsewhere:
        found: Any = await there(one, part.host, part.arguments)
    else:
        found = await dry_run(CHANGING[part.method], one, **part.arguments)
    return dict(found)


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

    def check_live(self, wanted: Iterable[Part]) -> None:
        """Before anything is done: one that is not heard of would have the others go there and back."""
        for part in wanted:
            if self._elsewhere(part.host):
                self._requests.check_live(part.host)

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
                if not await self._requests.is_settled(self._others()):  # though nobody answered
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
    **dict.fromkeys(PARTS, carry_out),
    **{f"{DRY_RUN}{name}": foresee for name in PARTS},
}
"""In a pool of several hosts these are carried out host by host."""
