"""Policy routing rules that name a device: when another takes its place, they name that one."""

import errno
import socket
from collections.abc import Iterable, Iterator

from agent.netlink.messages.encode import NLM_F_CREATE, NLM_F_EXCL
from agent.netlink.messages.message import HEADER, attribute, each_attribute, message, text
from agent.netlink.sockets.socket import NetlinkError, Wire

RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RULE_HEADER = 12
"""Bytes of struct fib_rule_hdr, whose last four are the flags."""
FRA_IIFNAME, FRA_PRIORITY, FRA_OIFNAME = 3, 6, 17
FIB_RULE_INVERT = 0x02
"""The only flag that is given; the others say what the kernel found."""


def rename(wire: Wire, source: str, target: str) -> int:
    """Let the rules of both families for one device be for another; gives back how many there were.

    Each new one is there before an old one goes.  The kernel puts a new one behind all of its priority: those
    that were behind it are made anew as well.  Raises NetlinkError when one can't be made.
    """
    pairs = list(_from_the_first_renamed([(rule, _with_name(rule, source, target)) for rule in _rules(wire)]))
    answers = wire.change([_new_rule(new, is_another=old != new) for old, new in pairs])
    for answer in answers:
        if answer is not None and answer.code != errno.EEXIST:
            raise NetlinkError(answer.code, f"a rule for {source} can't be for {target}: {answer}")
    wire.change([message(RTM_DELRULE, old) for old, _ in pairs])
    return sum(old != new for old, new in pairs)


def _from_the_first_renamed(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Of each family and priority those from the first on that will be another."""
    behind: set[tuple[int, bytes]] = set()
    for old, new in pairs:
        place = (old[0], dict(each_attribute(old[RULE_HEADER:])).get(FRA_PRIORITY, b""))
        if old != new or place in behind:
            behind.add(place)
            yield old, new


def _new_rule(rule: bytes, *, is_another: bool) -> bytes:
    """One that is made anew is there twice, until the first is deleted."""
    return message(RTM_NEWRULE, rule, NLM_F_CREATE | (NLM_F_EXCL if is_another else 0))


def _rules(wire: Wire) -> list[bytes]:
    """Header and attributes of each rule, as they are given."""
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        request = message(RTM_GETRULE, bytes([family]) + bytes(RULE_HEADER - 1))
        for answer in wire.dump(request).messages:
            body = answer[HEADER.size :]
            flags = int.from_bytes(body[8:12], "little") & FIB_RULE_INVERT
            found.append(body[:8] + flags.to_bytes(4, "little") + body[RULE_HEADER:])
    return found


def _with_name(rule: bytes, source: str, target: str) -> bytes:
    parts = []
    for kind, payload in each_attribute(rule[RULE_HEADER:]):
        is_it = kind in (FRA_IIFNAME, FRA_OIFNAME) and text(payload) == source
        parts.append(attribute(kind, target.encode() + b"\0" if is_it else payload))
    return rule[:RULE_HEADER] + b"".join(parts)
