"""nf_tables as values: chains, rules and sets, the messages that make them, and what the kernel lists.

The tests read the messages with pyroute2's classes.  Here they are bytes, because what the kernel lists is
compared with what it was sent, attribute by attribute: an attribute that a later kernel adds is no
difference, one that is missing or otherwise is.  (linux/netfilter/nf_tables.h)
"""

import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agent.netlink.messages.message import HEADER, attribute, attributes, each_attribute, text

FAMILY = 5
"""NFPROTO_NETDEV: the rules of devices."""
SUBSYSTEM = 10
GENERIC = struct.Struct("!BBH")
"""struct nfgenmsg: family, version, resource."""
BODY = HEADER.size + GENERIC.size
NESTED = 0x8000

NEW_TABLE, GET_TABLE, DEL_TABLE, NEW_CHAIN, GET_CHAIN, DEL_CHAIN = range(6)
NEW_RULE, GET_RULE, DEL_RULE, NEW_SET, GET_SET, DEL_SET, NEW_ELEMENT, GET_ELEMENT, DEL_ELEMENT = range(6, 15)
BATCH_BEGIN, BATCH_END = 0x10, 0x11
NLM_F_CREATE, NLM_F_APPEND = 0x400, 0x800

INGRESS, EGRESS = 0, 1
DROP, ACCEPT = 0, 1
TABLE_USERDATA, RULE_USERDATA = 6, 7
SET_TIMEOUT, SET_DYNAMIC = 0x10, 0x20

Expression = tuple[str, tuple[tuple[int, bytes], ...]]
"""Its name, and its attributes in their order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """comment: what `nft list` shows beside it."""

    expressions: tuple[Expression, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """A base chain: where frames meet its rules."""

    name: str
    hook: int
    device: str
    priority: int = 0
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementSet:
    """A set that rules put elements into, which go by themselves.

    key: nft's number of the type, and bytes.
    """

    name: str
    key: tuple[int, int]
    size: int = 65535


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the netdev family."""

    name: str
    comment: str = ""
    sets: tuple[ElementSet, ...] = ()
    chains: tuple[Chain, ...] = ()


@dataclass(slots=True)
class Listed:
    """A table as the kernel lists it: chains with their hooks as attributes, rules as expressions."""

    comment: str = ""
    sets: set[str] = field(default_factory=set)
    chains: dict[str, tuple[tuple[int, str, int], list[Rule]]] = field(default_factory=dict)


# What is sent.


def be32(value: int) -> bytes:
    return struct.pack("!i" if value < 0 else "!I", value)


def be64(value: int) -> bytes:
    return struct.pack("!Q", value)


def name(value: str) -> bytes:
    return value.encode() + b"\0"


def nest(kind: int, *parts: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(parts))


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A message without its sequence number, which it gets when it is sent."""
    return _message(SUBSYSTEM << 8 | kind, FAMILY, 0, body, flags)


BEGIN, END = (
    HEADER.pack(BODY, kind, 0, 0, 0) + GENERIC.pack(socket.AF_UNSPEC, 0, SUBSYSTEM)
    for kind in (BATCH_BEGIN, BATCH_END)
)
"""What is between them is done as a whole, or not at all."""


def _message(kind: int, family: int, resource: int, body: bytes, flags: int) -> bytes:
    return HEADER.pack(BODY + len(body), kind, flags, 0, 0) + GENERIC.pack(family, 0, resource) + body


def new_table(table: Table) -> bytes:
    body = attribute(1, name(table.name)) + attribute(TABLE_USERDATA, _comment(table.comment))
    return message(NEW_TABLE, body, NLM_F_CREATE)


def deleted_table(table: str) -> bytes:
    return message(DEL_TABLE, attribute(1, name(table)))


def new_set(table: str, one: ElementSet, number: int) -> bytes:
    kind, length = one.key
    body = [attribute(1, name(table)), attribute(2, name(one.name))]
    numbers = {3: SET_TIMEOUT | SET_DYNAMIC, 4: kind, 5: length, 10: number}
    body += [attribute(what, be32(value)) for what, value in numbers.items()]
    return message(NEW_SET, b"".join([*body, nest(9, attribute(1, be32(one.size)))]), NLM_F_CREATE)


def new_chain(table: str, chain: Chain) -> bytes:
    hook = (attribute(1, be32(chain.hook)), attribute(2, be32(chain.priority)))
    body = [attribute(1, name(table)), attribute(3, name(chain.name))]
    body += [nest(4, *hook, attribute(3, name(chain.device)))]
    body += [attribute(5, be32(ACCEPT)), attribute(7, name("filter"))]
    return message(NEW_CHAIN, b"".join(body), NLM_F_CREATE)


def deleted_chain(table: str, chain: str) -> bytes:
    return message(DEL_CHAIN, attribute(1, name(table)) + attribute(3, name(chain)))


def new_rule(table: str, chain: str, rule: Rule) -> bytes:
    body = [attribute(1, name(table)), attribute(2, name(chain))]
    body.append(nest(4, *(_expression(*one) for one in rule.expressions)))
    if rule.comment:
        body.append(attribute(RULE_USERDATA, _comment(rule.comment)))
    return message(NEW_RULE, b"".join(body), NLM_F_CREATE | NLM_F_APPEND)


def _expression(kind: str, parts: Iterable[tuple[int, bytes]]) -> bytes:
    data = nest(2, *(attribute(number, value) for number, value in parts))
    return nest(1, attribute(1, name(kind)), data)


def deleted_rules(table: str) -> bytes:
    """All rules of a table."""
    return message(DEL_RULE, attribute(1, name(table)))


def deleted_element(table: str, of: str, key: bytes) -> bytes:
    element = nest(1, nest(1, attribute(1, key)))
    return message(DEL_ELEMENT, attribute(1, name(table)) + attribute(2, name(of)) + nest(3, element))


def _comment(words: str) -> bytes:
    """libnftnl's form: type 0, length, text."""
    data = name(words)
    return bytes([0, len(data)]) + data


def creation(table: Table) -> list[bytes]:
    """A table as it should be, whatever there was of it."""
    made = [new_set(table.name, one, number) for number, one in enumerate(table.sets, 1)]
    made += [new_chain(table.name, chain) for chain in table.chains]
    return [new_table(table), deleted_table(table.name), new_table(table), *made, *_rules(table)]


def update(table: Table, listed: Listed) -> list[bytes]:
    """A table that is there as it should be; what is in its sets stays."""
    hooks = {chain.name: (chain.hook, chain.device, chain.priority) for chain in table.chains}
    kept = {named for named, (hook, _) in listed.chains.items() if hooks.get(named) == hook}
    gone = [deleted_chain(table.name, named) for named in sorted(listed.chains.keys() - kept)]
    new = [new_chain(table.name, chain) for chain in table.chains if chain.name not in kept]
    return [deleted_rules(table.name), *gone, *new, *_rules(table)]


def _rules(table: Table) -> Iterator[bytes]:
    return (new_rule(table.name, chain.name, rule) for chain in table.chains for rule in chain.rules)


# What is listed.


def listed_tables(
    tables: Iterable[bytes], sets: Iterable[bytes], chains: Iterable[bytes], rules: Iterable[bytes]
) -> dict[str, Listed]:
    """The tables of the netdev family by their names, of the dumps of all four."""
    found: dict[str, Listed] = {}
    for body in map(_body, tables):
        found[text(body[1])] = Listed(_commented(body.get(TABLE_USERDATA, b"")))
    for body in map(_body, sets):
        if (table := found.get(text(body[1]))) is not None:
            table.sets.add(text(body[2]))
    for body in map(_body, chains):
        if (table := found.get(text(body[1]))) is not None:
            table.chains[text(body[3])] = (_hook(attributes(body.get(4, b""))), [])
    for body in map(_body, rules):
        if (table := found.get(text(body[1]))) is not None and text(body[2]) in table.chains:
            expressions = tuple(_listed_expression(one) for _, one in each_attribute(body.get(4, b"")))
            rule = Rule(expressions, _commented(body.get(RULE_USERDATA, b"")))
            table.chains[text(body[2])][1].append(rule)
    return found


def _body(data: bytes) -> dict[int, bytes]:
    return attributes(data, BODY)


def _hook(found: dict[int, bytes]) -> tuple[int, str, int]:
    """Hook, device and priority; a chain whose device has gone has none of it."""
    number = int.from_bytes(found.get(1, b"\xff"), "big")
    devices = [text(one) for _, one in each_attribute(found.get(4, b""))]
    device = text(found.get(3, b"")) or ",".join(devices)
    return number, device, int.from_bytes(found.get(2, b""), "big", signed=True)


def _listed_expression(data: bytes) -> Expression:
    body = attributes(data)
    return text(body.get(1, b"")), tuple(each_attribute(body.get(2, b"")))


def _commented(data: bytes) -> str:
    return text(data[2 : 2 + data[1]]) if len(data) > 2 and data[0] == 0 else ""


def is_as_sent(table: Table, listed: Listed) -> bool:
    """Whether a table is what was asked for, no more and no less."""
    if listed.sets != {one.name for one in table.sets} or listed.chains.keys() != {
        c.name for c in table.chains
    }:
        return False
    for chain in table.chains:
        hook, rules = listed.chains[chain.name]
        if hook != (chain.hook, chain.device, chain.priority) or len(rules) != len(chain.rules):
            return False
        if not all(_same_rule(sent, there) for sent, there in zip(chain.rules, rules, strict=True)):
            return False
    return True


def _same_rule(sent: Rule, listed: Rule) -> bool:
    if sent.comment != listed.comment or len(sent.expressions) != len(listed.expressions):
        return False
    pairs = zip(sent.expressions, listed.expressions, strict=True)
    return all(one == other and _has_all(parts, there) for (one, parts), (other, there) in pairs)


def _has_all(sent: Sequence[tuple[int, bytes]], listed: Sequence[tuple[int, bytes]]) -> bool:
    there = dict(listed)
    return all(_plain(there.get(number & ~NESTED, b"")) == _plain(value) for number, value in sent)


def _plain(value: bytes) -> bytes:
    """A nested value may be marked as one, or not."""
    if len(value) < 4 or struct.unpack_from("=H", value)[0] != len(value):
        return value
    (kind,) = struct.unpack_from("=H", value, 2)
    return value[:2] + struct.pack("=H", kind & ~NESTED) + value[4:]


def elements(dumped: Iterable[bytes]) -> Iterator[bytes]:
    """The keys that a set has."""
    for body in map(_body, dumped):
        for _, element in each_attribute(body.get(3, b"")):
            key = attributes(attributes(element).get(1, b"")).get(1)
            if key is not None:
                yield key
