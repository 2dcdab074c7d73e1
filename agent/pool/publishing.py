"""Publishing: what is this host's own, as the other hosts are to know it."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from agent.model.model import Model, this_host
from agent.model.records import Host, Network, Record
from agent.pool import layout
from agent.pool.entries import Entries, batches
from agent.pool.etcd import NO_SUCH_KEY, Unavailable
from agent.pool.layout import as_published, key_of, written
from agent.rules.membership import is_in_use_here


class Publisher:
    """It goes on from what it has published, by what differs.  version, run: of the pifd that publishes."""

    def __init__(self, entries: Entries, version: str, run: str) -> None:
        self._entries, self._version, self._run = entries, version, run
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
            revision = await self._entries.store.commit(guards, part | stamp, less)
            if revision is None:
                raise Unavailable("this host was ejected just now")
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
        """Networks that were made while etcd could not be used: at a start, for PIFs that had none."""
        for network in model.all(Network):
            key = key_of(network)
            if key not in self._entries.known and is_in_use_here(model, network):
                puts = {key: written(network)} | {
                    one: network.uuid.encode() for one in layout.claims(network)
                }
                revision = await self._entries.store.commit({key: NO_SUCH_KEY}, puts)
                if revision is not None:
                    self._entries.note(puts, (), revision)

    def _stamp(self, run: str) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"at": now, "by": self._version, "run": run}).encode()
