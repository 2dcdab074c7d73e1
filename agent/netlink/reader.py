"""The kernel as it is: what the cache has, with what netlink's events don't tell of."""

import errno
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.kernel.bond_filter import BondFilter
from agent.kernel.state import BY_SOURCE, Address, KernelState
from agent.netlink.apply.resolv_conf import ResolvConf
from agent.netlink.nft.netfilter import Netfilter
from agent.netlink.nics import used_elsewhere
from agent.netlink.nics.used_elsewhere import IsNIC
from agent.netlink.picture.cache import KernelCache
from agent.netlink.picture.device import Identity
from agent.netlink.sockets.socket import NetlinkError

log = logging.getLogger("pifd.kernel")


class Reader:
    """Reads links, addresses, routes, filter rules, resolv.conf; what has not changed is the same object."""

    def __init__(
        self, cache: KernelCache, netfilter: Netfilter, resolv_conf: ResolvConf, is_nic: IsNIC
    ) -> None:
        self._cache, self._netfilter, self._resolv_conf = cache, netfilter, resolv_conf
        self._is_nic = is_nic
        self._state = KernelState()
        self._told_links = self._shown_links = self._state.links
        self._free: frozenset[str] = frozenset()
        self._lent: frozenset[str] = frozenset()
        self._told_addresses: frozenset[Address] | None = None
        self._ipv4_alone: list[str] = []
        self._told_filters: tuple[Any, Any, Any] = (None, None, None)

    @property
    def last(self) -> KernelState:
        """What was read last."""
        return self._state

    def read(self) -> tuple[KernelState, Mapping[str, Identity]]:
        """The last state itself, if nothing has changed."""
        state, identities = self._cache.read()
        state = self._with_filters(self._with_lent(state))
        resolver, ipv6, no_ipv6 = self._resolv_conf.read(), _has_ipv6("default"), self._without_ipv6(state)
        last = self._state
        if not (
            last.links is state.links
            and last.addresses is state.addresses
            and last.routes is state.routes
            and last.next_hops == state.next_hops
            and (last.resolver, last.ipv6, last.no_ipv6) == (resolver, ipv6, no_ipv6)
        ):
            self._state = replace(state, resolver=resolver, ipv6=ipv6, no_ipv6=no_ipv6)
        return self._state, identities

    def _with_lent(self, state: KernelState) -> KernelState:
        """The links, with those marked that something in another network namespace uses."""
        if state.links is not self._told_links:
            self._told_links, self._lent, self._shown_links = state.links, frozenset(), state.links
            self._free = used_elsewhere.candidates(state, self._is_nic)
        lent = used_elsewhere.lent(self._free) if self._free else frozenset()
        if lent != self._lent:
            marked = {name: replace(state.links[name], lent=True) for name in lent}
            self._lent, self._shown_links = lent, {**state.links, **marked}
        return state if self._shown_links is state.links else replace(state, links=self._shown_links)

    def _with_filters(self, state: KernelState) -> KernelState:
        """The links, those of pifd's bonds with their filter rules.  nf_tables is asked only if there can be
        any: to ask it loads a module."""
        if not self._netfilter.is_open and not state.table.has(BY_SOURCE):
            return state
        self._netfilter.open()
        try:
            found = self._netfilter.filters(self._index_or_none)
        except NetlinkError as error:
            log.error("the filter rules of bonds can't be read: %s", error)
            found = {name: BondFilter(whole=False) for name in state.table.having(BY_SOURCE)}
        links = state.table
        for name, rules in found.items():
            if name in links and links[name].owned:
                links = links.with_value(name, replace(links[name], filter=rules))
        if links is state.links:
            return state
        told_links, told_found, _ = self._told_filters
        if state.links is not told_links or found != told_found:  # carrier is not compared, and counts
            self._told_filters = (state.links, found, links)
        return replace(state, links=self._told_filters[2])

    def _without_ipv6(self, state: KernelState) -> frozenset[str]:
        """No event tells that somebody has switched it off; but then the device has no address of it."""
        if state.addresses is not self._told_addresses:
            having = {
                version: {a.link for a in state.addresses if a.version == version} for version in (4, 6)
            }
            self._told_addresses, self._ipv4_alone = state.addresses, sorted(having[4] - having[6])
        return frozenset(name for name in self._ipv4_alone if not _has_ipv6(name))

    def _index_or_none(self, name: str) -> int:
        """0 where there is no such device."""
        identity = self._cache.identity(name)
        return 0 if identity is None else identity.index


def _has_ipv6(device: str) -> bool:
    """Whether a device can have IPv6; "default" stands for new ones."""
    try:
        return Path(f"/proc/sys/net/ipv6/conf/{device}/disable_ipv6").read_text().strip() == "0"
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
