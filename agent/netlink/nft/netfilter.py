"""Netfilter, the door to nf_tables: the filter rules of balance-slb bonds, read, set and heard of.

nf_tables is asked when there is such a bond, not before: to ask it loads the kernel's module.
"""

import errno
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from threading import RLock

from agent.kernel.bond_filter import BondFilter
from agent.netlink.messages.message import attribute
from agent.netlink.nft import bond_rules, nf_tables
from agent.netlink.nft.bond_rules import Index, bonds_in, filter_in, table_name, table_of
from agent.netlink.nft.nf_tables import BEGIN, END, Listed, Table
from agent.netlink.sockets.error_reply import ErrorReply
from agent.netlink.sockets.socket import NetlinkError, Wire, opened

NETLINK_NETFILTER = 12
NFNLGRP_NFTABLES = 7
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
ATTEMPTS = 4
ABSENT = (errno.EPROTONOSUPPORT, errno.EOPNOTSUPP, errno.EINVAL)
EVENTS_BUFFER = 1 << 20
NO_NF_TABLES = ErrorReply(errno.EPROTONOSUPPORT, "this kernel has no nf_tables (CONFIG_NF_TABLES)")


class Netfilter:
    """The rules of the network namespace that this is opened in.

    events: what becomes readable when any of them change.
    """

    def __init__(self) -> None:
        self._turn = RLock()
        self._wire: Wire | None = None
        self.events: socket.socket | None = None
        self._tables: Mapping[str, Listed] | None = None
        self._is_news = False

    def close(self) -> None:
        """Close the sockets; the rules stay."""
        for one in (self._wire, self.events):
            if one is not None:
                one.close()
        self._wire = self.events = None

    @property
    def is_open(self) -> bool:
        """Whether anybody has asked yet."""
        return self._wire is not None

    def open(self) -> bool:
        """Begin to hear of changes; whether there is such a thing as rules."""
        if self._wire is None:
            try:
                events = opened(NETLINK_NETFILTER, receive_buffer=EVENTS_BUFFER)
                self._wire = Wire(NETLINK_NETFILTER)
            except OSError:
                return False
            events.setblocking(False)
            with suppress(OSError):
                events.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES)
            self.events = events
        return True

    def news(self) -> bool:
        """Whether rules, anybody's, have changed since this was asked."""
        with self._turn:
            self._hear()
            news, self._is_news = self._is_news, False
            return news

    def _hear(self) -> None:
        while self.events is not None:
            try:
                self.events.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:  # more than could be kept
                pass
            self._tables, self._is_news = None, True

    def filters(self, index: Index) -> Mapping[str, BondFilter]:
        """The rules that pifd has made, by their bonds.  Raises NetlinkError."""
        with self._turn:
            self._hear()
            if self._tables is None:
                self._tables = bonds_in(self._listed())
            return {bond: filter_in(bond, listed, index) for bond, listed in self._tables.items()}

    def set(self, bond: str, rules: BondFilter | None, index: Index) -> ErrorReply | None:
        """Give a bond its rules, or none; None, or why it was refused, and then nothing has changed."""
        with self._turn:
            return self._set(bond, rules, index)

    def _set(self, bond: str, rules: BondFilter | None, index: Index) -> ErrorReply | None:
        if not self.open() or self._wire is None:
            return NO_NF_TABLES
        tables = self._listed()
        if (there := tables.get(table_name(bond))) is not None and there.comment != bond_rules.MARK:
            return ErrorReply(errno.EEXIST, f"the table {table_name(bond)} of nftables is not pifd's")
        self._tables = None
        if rules is None:
            gone = [nf_tables.deleted_table(table_name(bond))] if there is not None else []
            return self._done(gone)
        table = table_of(bond, rules, index)
        is_usable = there is not None and there.sets == {one.name for one in table.sets}
        if there is not None and is_usable and self._done(nf_tables.update(table, there)) is None:
            return None
        return self._done(nf_tables.creation(table))

    def try_out(self, table: Table) -> ErrorReply | None:
        """Make a table, whatever there was of it."""
        if not self.open():
            return NO_NF_TABLES
        return self._done(nf_tables.creation(table))

    def forget(self, bond: str, MACs: Collection[str]) -> None:
        """What comes from these is somebody else's from now on, as far as a bond is concerned."""
        if self._wire is None:
            return
        wanted = tuple(bytes.fromhex(MAC.replace(":", "")) for MAC in MACs)
        table = table_name(bond)
        for one in bond_rules.SETS:
            for key in self._elements(table, one.name):
                if key.startswith(wanted):  # one may be gone by itself by now
                    self._done([nf_tables.deleted_element(table, one.name, key)])

    def _done(self, messages: list[bytes]) -> ErrorReply | None:
        """Do all of it or nothing; the first refusal."""
        assert self._wire is not None
        answers = self._wire.change_whole(BEGIN, messages, END) if messages else []
        return next((answer for answer in answers if answer is not None), None)

    def _listed(self) -> dict[str, Listed]:
        """All tables of the netdev family; an interrupted listing is asked for again."""
        kinds = (nf_tables.GET_TABLE, nf_tables.GET_SET, nf_tables.GET_CHAIN, nf_tables.GET_RULE)
        for _ in range(ATTEMPTS):
            dumps = [self._dump(kind) for kind in kinds]
            if all(dump is not None for dump in dumps):
                return nf_tables.listed_tables(*(dump or [] for dump in dumps))
        raise NetlinkError(errno.EAGAIN, "the rules change faster than they can be read")

    def _dump(self, kind: int, body: bytes = b"") -> list[bytes] | None:
        assert self._wire is not None
        try:
            dump = self._wire.dump(nf_tables.message(kind, body))
        except NetlinkError as error:
            if error.errno in (errno.EAGAIN, errno.EINTR):
                return None
            if error.errno in (*ABSENT, errno.ENOENT):
                return []
            raise
        return dump.messages if dump.whole else None

    def _elements(self, table: str, of: str) -> Iterator[bytes]:
        body = attribute(1, nf_tables.name(table)) + attribute(2, nf_tables.name(of))
        yield from nf_tables.elements(self._dump(nf_tables.GET_ELEMENT, body) or ())


def missing(bond: str, port: str, index: Index) -> str:
    """What this kernel lacks for the rules, tried out in the network namespace of this thread; "" for none.

    bond, port: two devices in it.
    """
    netfilter = Netfilter()
    try:
        for what, table in bond_rules.trials(bond, port, index):
            if (refused := netfilter.try_out(table)) is not None:
                return f"nf_tables has not {what}: {refused}"
        return ""
    finally:
        netfilter.close()
