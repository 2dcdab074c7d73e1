"""What the running kernel's bonding can do, tried out on a bond in a network namespace of its own."""

import ctypes
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from agent.kernel.kinds.bond import MODES, BondOptions
from agent.kernel.kinds.option import Row, table
from agent.kernel.kinds.types import Choice, Flag, Number, Value
from agent.kernel.state import Link
from agent.kernel.steps import CreateLink, SetOptions
from agent.netlink.messages import requests
from agent.netlink.messages.decode_link import link_entry
from agent.netlink.messages.encode import messages
from agent.netlink.nft.netfilter import missing as rules_missing
from agent.netlink.sockets.error_reply import ErrorReply
from agent.netlink.sockets.socket import Wire

KERNEL = f"this kernel ({platform.release()})"
SLB_HASH = "xmit_hash_policy=vlan+srcmac"
CLONE_NEWNET = 0x40000000
NAME, INDEX = "probe", 1000


class Unshared(Exception):
    """There is no namespace to try in."""


def missing_in_bonding() -> Mapping[str, str]:
    """By option, or by `option=value`, why the kernel can't set it; nothing where it can't be tried out.

    What is not known to be missing is asked for, and what the kernel makes of it is read back.
    """
    with ThreadPoolExecutor(1) as thread:  # its namespace ends with the thread
        try:
            return thread.submit(_tried).result()
        except (OSError, Unshared):
            return {}


def _tried() -> Mapping[str, str]:
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise Unshared(os.strerror(ctypes.get_errno()))
    wire = Wire()
    try:
        link = Link(name=NAME, kind="bond", MAC="02:00:00:00:00:01", options=BondOptions())
        refused = wire.change(messages(CreateLink(link), lambda name: INDEX))[0]
        if refused is not None:
            reason = f"this kernel has no bonding: {refused}"
            return {f"mode={mode}": reason for mode in (*MODES, "lacp", "balance-slb")}
        found = dict(_missing(Probe(wire)))
        lacks = found.get(SLB_HASH) or rules_missing(NAME, "lo", socket.if_nametoindex)
        return found | ({"mode=balance-slb": f"{KERNEL}: {lacks}"} if lacks else {})
    finally:
        wire.close()


class Probe:
    """A bond without ports that is down."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def takes(self, **options: Value) -> ErrorReply | None:
        """Whether the kernel takes options, one after the other; what it said if not."""
        for name, value in options.items():
            step = SetOptions(NAME, "bond", ((name, value),))
            (answer,) = self._wire.change(messages(step, lambda name: INDEX))
            if answer is not None:
                return answer
        return None

    def has(self, name: str) -> Value:
        """The value of an option, as the kernel tells it."""
        answer = self._wire.ask(requests.link(INDEX))
        if isinstance(answer, ErrorReply):
            raise OSError(answer.code, str(answer))
        value: Value = getattr(link_entry(answer).link.options, name)
        return value


def _missing(probe: Probe) -> Iterator[tuple[str, str]]:
    for name, row in table(BondOptions).items():
        for value in _values(row):
            mode = next(iter(sorted(row.option.modes)), "active-backup")
            refused = probe.takes(mode=mode, **{name: value})
            if refused is not None or probe.has(name) != value:
                text = row.option.type.text(value)
                key = f"{name}={text}" if isinstance(row.option.type, Choice) else name
                yield key, _reason(row, text, refused)
            probe.takes(**{name: row.default})


def _values(row: Row) -> Iterator[Value]:
    """What to try: each name of a choice but the default, or one other value of what newer kernels have."""
    if row.name == "mode":
        return
    match row.option.type:
        case Choice(names=names):
            yield from (name for name in names if name != row.default)
        case Flag():
            yield not row.default
        case Number() if row.option.since and not row.option.multiple_of:
            yield int(row.default) + 1  # type: ignore[arg-type]  # a number's default is one


def _reason(row: Row, text: str, refused: ErrorReply | None) -> str:
    if refused is not None:
        return f"{KERNEL} refuses {row.name} {text}: {refused}"
    return f"{KERNEL} has no {row.name}" + (
        f", which came with Linux {row.option.since}" if row.option.since else ""
    )
