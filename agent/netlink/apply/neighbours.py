"""The neighbour tables: which neighbours are in use, copying them, and asking whether they answer."""

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from pyroute2.netlink.rtnl.ndmsg import ndmsg

from agent.netlink.messages.encode import NLM_F_CREATE, NLM_F_REPLACE, NUD_PERMANENT, RTM_NEWNEIGH
from agent.netlink.messages.message import HEADER, NEIGHBOUR, attribute, each_attribute, message, serialized
from agent.netlink.sockets.socket import Wire

RTM_GETNEIGH = 30
NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE = 0x02, 0x04, 0x08, 0x10
NUD_VALID = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT
NTF_USE, NTF_PROXY = 0x01, 0x08
NDA_CACHEINFO, NDA_PROBES, NDA_IFINDEX = 3, 4, 8
ASK_AGAIN = 2.0
"""Seconds between two questions."""
PROBE_POLL = 0.02
"""Seconds between two looks at neighbours that were asked."""


def in_use(wire: Wire, index: int) -> tuple[str, ...]:
    """The neighbours whose MAC was found on a link; one that somebody put there for good is not asked."""
    return tuple(e.get_attr("NDA_DST") for e in _entries(wire, index) if not e["state"] & NUD_PERMANENT)


def copy(wire: Wire, source: int, target: int) -> int:
    """Copy the known neighbours of one link to another; gives back how many.

    Those that somebody put there for good, and those that the host answers for, are copied as they are; the
    others are verified when used.  One of these that can't be copied is looked for by ARP or ND again, which
    costs time but nothing else.
    """
    wanted = [
        _neighbour(target, entry.get_attr("NDA_DST"), entry.get_attr("NDA_LLADDR"), NUD_STALE)
        for entry in _entries(wire, source)
        if not entry["state"] & NUD_PERMANENT
    ]
    made = [*wanted, *lasting(wire, {source: target})]
    if made:
        wire.change(made)
    return len(made)


def lasting(wire: Wire, targets: Mapping[int, int]) -> list[bytes]:
    """The messages that make the entries that do not pass, with all they have, each on its link's target:
    those that somebody put there for good, and those that the host answers for."""
    return [one for flag in (0, NTF_PROXY) for one in _lasting(wire, targets, flag)]


def _lasting(wire: Wire, targets: Mapping[int, int], flag: int) -> Iterator[bytes]:
    for answer in wire.dump(message(RTM_GETNEIGH, NEIGHBOUR.pack(socket.AF_UNSPEC, 0, 0, flag, 0))).messages:
        family, index, state, flags, kind = NEIGHBOUR.unpack_from(answer, HEADER.size)
        if index not in targets or not (state & NUD_PERMANENT or flags & NTF_PROXY):
            continue
        # What is answered for has the state that `ip` gives it: a dump does not say it.
        state = NUD_PERMANENT if flags & NTF_PROXY else state
        body = NEIGHBOUR.pack(family, targets[index], state, flags, kind)
        for one, payload in each_attribute(answer[HEADER.size + NEIGHBOUR.size :]):
            body += b"" if one in (NDA_CACHEINFO, NDA_PROBES, NDA_IFINDEX) else attribute(one, payload)
        yield message(RTM_NEWNEIGH, body, NLM_F_CREATE | NLM_F_REPLACE)


async def probe(wire: Wire, index: int, peers: Sequence[str], seconds: float) -> frozenset[str]:
    """Those that answer a question sent now; returns as soon as one has, or the time is over.

    The kernel asks: an entry in the state PROBE is asked for by unicast, one that is only used by multicast.
    It gives up after three questions, so it is told anew: a link that has just come up may swallow some.
    """
    loop = asyncio.get_running_loop()
    end, ask_again = loop.time() + seconds, loop.time()
    answered: set[str] = set()
    while not answered and loop.time() < end:
        if loop.time() >= ask_again:
            await asyncio.to_thread(_ask, wire, index, peers)
            ask_again = loop.time() + ASK_AGAIN
        await asyncio.sleep(PROBE_POLL)
        answered = set(peers) & await asyncio.to_thread(_reachable, wire, index)
    return frozenset(answered)


def _ask(wire: Wire, index: int, peers: Sequence[str]) -> None:
    entries = {entry.get_attr("NDA_DST"): entry for entry in _entries(wire, index)}
    lasting = {peer for peer, entry in entries.items() if entry["state"] & NUD_PERMANENT}
    known = {peer: entry.get_attr("NDA_LLADDR") for peer, entry in entries.items()}
    wire.change([_question(index, peer, known.get(peer)) for peer in peers if peer not in lasting])


def _question(index: int, peer: str, MAC: str | None) -> bytes:
    if MAC is not None:
        return _neighbour(index, peer, MAC, NUD_PROBE)
    return _neighbour(index, peer, None, 0, NTF_USE)


def _reachable(wire: Wire, index: int) -> set[str]:
    return {e.get_attr("NDA_DST") for e in _entries(wire, index) if e["state"] & NUD_REACHABLE}


def _entries(wire: Wire, index: int) -> Iterator[Any]:
    request = ndmsg()
    request["header"]["type"] = RTM_GETNEIGH
    request["family"] = socket.AF_UNSPEC
    request["ifindex"] = 0
    request["attrs"] = [("NDA_IFINDEX", index)]
    for data in wire.dump(serialized(request)).messages:
        entry = ndmsg(data)
        entry.decode()
        unicast = entry["family"] in (socket.AF_INET, socket.AF_INET6)
        usable = entry["state"] & NUD_VALID and entry.get_attr("NDA_LLADDR")
        if unicast and usable and entry["ifindex"] == index:
            yield entry


def _neighbour(index: int, peer: str, MAC: str | None, state: int, flags: int = 0) -> bytes:
    entry = ndmsg()
    entry["header"]["type"] = RTM_NEWNEIGH
    entry["header"]["flags"] = NLM_F_CREATE | NLM_F_REPLACE
    entry["family"] = int(socket.AF_INET6 if ip_address(peer).version == 6 else socket.AF_INET)
    entry["ifindex"], entry["state"], entry["flags"] = index, state, flags
    entry["attrs"] = [("NDA_DST", peer), *([("NDA_LLADDR", MAC)] if MAC else [])]
    return serialized(entry)
