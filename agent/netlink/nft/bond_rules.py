"""The rules of a BondFilter as a table of nf_tables, and back: `pifd-bond0`, of pifd's own, one for a bond.

They are those of NetworkManager's balance-slb, and OVS's idea behind them; with an exception for LLDP, which
tells the administrator what is at the other end of every port.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from agent.kernel.bond_filter import BondFilter
from agent.netlink.messages.message import U32, attribute
from agent.netlink.nft.nf_tables import (
    ACCEPT,
    DROP,
    EGRESS,
    INGRESS,
    NESTED,
    Chain,
    ElementSet,
    Expression,
    Listed,
    Rule,
    Table,
    be32,
    be64,
    is_as_sent,
    nest,
)

PREFIX = "pifd-"
MARK = "pifd"
"""The comment of a table that pifd made.  Another's of the same name is left alone."""
REMEMBERED = 5000
"""Milliseconds for which what a bond has sent is dropped when it comes back."""
TAGGED, UNTAGGED = "tagged", "untagged"
SETS = (ElementSet(TAGGED, (9 << 6 | 13, 12)), ElementSet(UNTAGGED, (9, 6)))
"""A MAC address with a VLAN (which nft shows as it shows a port's number), and one without."""
PRIMARY = "the primary port is "
OUT, IN = "out", "in"

LINK_LAYER, TRANSPORT = 0, 2
PKTTYPE, L4PROTO = 19, 16
BROADCAST, MULTICAST = 1, 2
REGISTER, SECOND_HALF = 1, 10
"""16 bytes, of which the second half of a key of 12 begins at the eighth."""
VERDICT = 0
UPDATE = 1
VLAN, LLDP = bytes.fromhex("8100"), bytes.fromhex("88cc")
SOURCE, TYPE, TAG = (6, 6), (12, 2), (14, 2)
"""Where these are in a frame, and how long they are."""
IGMP, ICMPV6 = 2, 58
LISTENER_MESSAGES = (131, 132, 143)
"""MLD's report and done, and MLDv2's report (RFC 2710, RFC 3810)."""

Index = Callable[[str], int]


def table_name(bond: str) -> str:
    return PREFIX + bond


def table_of(bond: str, rules: BondFilter, index: Index) -> Table:
    comment = PRIMARY + rules.primary if rules.primary else ""
    chains = [Chain(OUT, EGRESS, bond, rules=SENT), Chain(IN, INGRESS, bond, rules=_received(comment))]
    for port in rules.others:
        chains.append(Chain(f"{IN}-{port}", INGRESS, port, rules=ONE_COPY))
        reports = _reports(index(rules.primary)) if rules.primary else ()
        chains.append(Chain(f"{OUT}-{port}", EGRESS, port, priority=1, rules=reports))
    return Table(table_name(bond), MARK, SETS, tuple(chains))


def filter_in(bond: str, listed: Listed, index: Index) -> BondFilter:
    """What a listed table is the rules of."""
    comments = [rule.comment for rule in listed.chains.get(IN, ((0, "", 0), []))[1]]
    primary = next((said.removeprefix(PRIMARY) for said in comments if said.startswith(PRIMARY)), "")
    others = [name.removeprefix(f"{IN}-") for name in listed.chains if name.startswith(f"{IN}-")]
    ports = tuple(sorted({*others, *([primary] if primary else [])}))
    found = BondFilter(ports, primary=primary)
    whole = is_as_sent(table_of(bond, found, index), listed)
    return found if whole else BondFilter(ports, whole=False, primary=primary)


def bonds_in(tables: Mapping[str, Listed]) -> Mapping[str, Listed]:
    """The tables that are pifd's, by their bonds."""
    return {
        name.removeprefix(PREFIX): listed
        for name, listed in tables.items()
        if name.startswith(PREFIX) and listed.comment == MARK
    }


def trials(bond: str, port: str, index: Index) -> Iterator[tuple[str, Table]]:
    """What of nf_tables the rules need, each with a table that needs it and what comes before."""
    whole = table_of(bond, BondFilter((bond, port), primary=bond), index)
    plain = Table(whole.name, MARK)
    yield "the family netdev (CONFIG_NF_TABLES_NETDEV)", plain
    ingress, egress = Chain(IN, INGRESS, port), Chain(OUT, EGRESS, port)
    yield "its ingress hook (CONFIG_NETFILTER_INGRESS)", replace(plain, chains=(ingress,))
    yield "its egress hook (CONFIG_NETFILTER_EGRESS, Linux 5.16)", replace(plain, chains=(egress,))
    sets = replace(
        plain, sets=SETS, chains=(replace(egress, rules=SENT), replace(ingress, rules=_received("")))
    )
    yield "sets that rules put elements into", sets
    yield "forwarding to another device (CONFIG_NFT_FWD_NETDEV, Linux 5.17)", whole


def load(where: tuple[int, int], register: int = REGISTER, base: int = LINK_LAYER) -> Expression:
    offset, length = where
    parts = {1: register, 2: base, 3: offset, 4: length}
    return "payload", tuple((number, be32(value)) for number, value in parts.items())


def equal(value: bytes) -> Expression:
    return "cmp", ((1, be32(REGISTER)), (2, be32(0)), (3 | NESTED, attribute(1, value)))


def verdict(code: int) -> Expression:
    data = nest(2, attribute(1, be32(code)))
    return "immediate", ((1, be32(VERDICT)), (2 | NESTED, data))


def meta(key: int) -> Expression:
    return "meta", ((1, be32(REGISTER)), (2, be32(key)))


def vlan_id() -> Expression:
    """The lower twelve bits of the tag."""
    mask, nothing = attribute(1, bytes.fromhex("0fff")), attribute(1, bytes(2))
    numbers = ((1, be32(SECOND_HALF)), (2, be32(SECOND_HALF)), (3, be32(2)))
    return "bitwise", (*numbers, (4 | NESTED, mask), (5 | NESTED, nothing))


def remember(of: str) -> Expression:
    """Put what the register holds into a set, or let it stay there anew."""
    name = of.encode() + b"\0"
    return "dynset", ((1, name), (3, be32(UPDATE)), (4, be32(REGISTER)), (6, be64(REMEMBERED)))


def known_in(of: str) -> Expression:
    return "lookup", ((1, of.encode() + b"\0"), (2, be32(REGISTER)))


IS_TAGGED = (load(TYPE), equal(VLAN))
MAC_AND_VLAN = (load(SOURCE), load(TAG, SECOND_HALF), vlan_id())
SENT = (
    Rule((*IS_TAGGED, *MAC_AND_VLAN, remember(TAGGED), verdict(ACCEPT))),
    Rule((load(SOURCE), remember(UNTAGGED))),
)
ONE_COPY = (
    Rule((load(TYPE), equal(LLDP), verdict(ACCEPT))),
    Rule((meta(PKTTYPE), equal(bytes([BROADCAST])), verdict(DROP))),
    Rule((meta(PKTTYPE), equal(bytes([MULTICAST])), verdict(DROP))),
)


def _received(comment: str) -> tuple[Rule, ...]:
    return (
        Rule((*IS_TAGGED, *MAC_AND_VLAN, known_in(TAGGED), verdict(DROP)), comment),
        Rule((*IS_TAGGED, verdict(ACCEPT))),
        Rule((load(SOURCE), known_in(UNTAGGED), verdict(DROP))),
    )


def _reports(primary: int) -> tuple[Rule, ...]:
    """Of multicast groups: they leave by the primary port."""
    target = attribute(1, U32.pack(primary))
    forward: tuple[Expression, ...] = (
        ("immediate", ((1, be32(REGISTER)), (2 | NESTED, target))),
        ("fwd", ((1, be32(REGISTER)),)),
    )
    first = load((0, 1), base=TRANSPORT)
    found = [Rule((meta(L4PROTO), equal(bytes([IGMP])), *forward))]
    found += [
        Rule((meta(L4PROTO), equal(bytes([ICMPV6])), first, equal(bytes([kind])), *forward))
        for kind in LISTENER_MESSAGES
    ]
    return tuple(found)
