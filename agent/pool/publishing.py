"""Publishing: what is this host's own, as the other hosts are to know it."""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata

from agent.model.model import Model, pifs_on, this_host, vifs_on
from agent.model.records import Host, Network, Record
from agent.pool import layout
from agent.pool.entries import Entries, batches
from agent.pool.etcd import NO_SUCH_KEY, Unavailable
from agent.pool.layout import as_published, key_of, with_claims, written
from agent.rules.membership import is_in_use_here

log = logging.getLogger("pifd.pool")


class Publisher:
    """It goes on from what it has published, by what differs.  run: of the pifd that publishes."""

    def __init__(self, entries: Entries, run: str) -> None:
        self._entries, self._run = entries, run
        self._before = Model().table

    def forget(self) -> None:
        """Compare all of it with what etcd has, the next time."""
        self._before = Model().table

    async def publish(self, model: Model) -> None:
        """What is this host's own, as far as etcd has it otherwise; and networks that are only known here.

        Raises Unavailable.
        """
        before, host = self._before, this_host(model)
        assert host is not None
        changed = before.differing(model.table) if before else {*model.records}
        own = dict(as_published(model, model.table.in_order({*changed, host.ref})))
        text = {key: written(record) for key, record in own.items()}
        puts = {key: value for key, value in text.items() if self._entries.value(key) != value}
        gone = self._gone(model, host, before, changed, own.keys())
        several = batches(puts, gone) or ([] if before else [({}, [])])
        for number, (part, less) in enumerate(several, 1):
            is_all = bool(before) or number == len(several)
            stamp = {f"{layout.PUBLISHED}{host.uuid}": self._stamp(self._run if is_all else "")}
            guards = {f"{layout.EJECTED}{host.uuid}": NO_SUCH_KEY}
            guards |= {layout.SCHEMA: self._entries.revision(layout.SCHEMA)}
            revision = await self._entries.store.commit(guards, part | stamp, less)
            if revision is None:
                raise Unavailable("this host was ejected just now, or the pool is of another version now")
            self._entries.note(part | stamp, less, revision)
        await self._publish_networks(model)
        self._before = model.table

    def _gone(
        self,
        model: Model,
        host: Host,
        before: Mapping[str, Record],
        changed: Collection[str],
        own: Collection[str],
    ) -> list[str]:
        if not before:
            below = f"{layout.HOSTS}{host.uuid}/"
            return [key for key in self._entries.known if key.startswith(below) and key not in own]
        lost = [record for ref in changed if ref not in model.records and (record := before.get(ref))]
        keys = [key_of(record, host.ref) for record in lost if isinstance(record, layout.OWN)]
        return [key for key in keys if key in self._entries.known]

    async def _publish_networks(self, model: Model) -> None:
        """Networks that etcd has not, or no more: made without it, or after the backup that it has now."""
        for network in model.all(Network):
            key = key_of(network)
            if key in self._entries.known or not is_in_use_here(model, network):
                continue
            lost = [*self._in_the_way(model, network)]
            if any(pifs_on(model, one.ref) or vifs_on(model, one.ref) for one in lost):
                log.error("%s is not published: the pool has its bridge for another network", network.bridge)
                continue
            puts = with_claims(network)
            gone = {one for other in lost for one in (key_of(other), *layout.claims(other))} - puts.keys()
            guards = {one: self._entries.revision(one) for one in (*puts, *gone)}
            revision = await self._entries.store.commit(guards, puts, gone)
            if revision is not None:
                self._entries.note(puts, gone, revision)

    def _in_the_way(self, model: Model, network: Network) -> Iterator[Network]:
        """What a backup has of networks that are gone, whose names this one has got since."""
        for claim in layout.claims(network):
            owner = (self._entries.value(claim) or b"").decode()
            value = self._entries.value(f"{layout.NETWORKS}{owner}")
            other = None if value is None else layout.read(claim, Network, value)
            if isinstance(other, Network) and other.ref != network.ref:
                yield other

    def _stamp(self, run: str) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"at": now, "by": version(), "run": run}).encode()


def version() -> str:
    """Of this pifd; "" for one that is not installed."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.version("pifd")
    return ""
