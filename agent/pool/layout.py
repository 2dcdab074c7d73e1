"""What is where in etcd, and how it is written: records as JSON, each under a key of its own.

    schema                          the version of this layout
    pool                            the pool's record
    networks/<uuid>                 a network, which all hosts share
    bridges/<name>                  the network that has the bridge, on every host
    tunnel-keys/<number>            the network that has the key
    hosts/<host>/<class>/<uuid>     what a host has published of its own: itself, PIFs, bonds, VLANs, tunnels
    published/<host>                when it did so the last time, and by which pifd
    alive/<host>                    there while the host is heard of (a lease), another one at each start
    ejected/<host>                  the host is no member any more
    requests/<host>/<number>        a call that the host is to carry out
    answers/<host>/<number>         what became of a call that this host has asked for
    settled/<host>/<number>         whether a part of a call for all hosts stays, or is to be undone

Who reads what an older or a newer pifd has written leaves out fields that it does not know, and records that
it can't make anything of.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.model.model import Model, host_of, this_host
from agent.model.records import CLASSES, PIF, VIF, VLAN, Bond, Host, Network, Pool, Record, Ref, Tunnel
from agent.rules.membership import PoolContents

log = logging.getLogger("pifd.pool")

VERSION = 1
SCHEMA, POOL = "schema", "pool"
SCHEMA_VALUE = str(VERSION).encode()
NETWORKS, HOSTS, KEYS, BRIDGES = "networks/", "hosts/", "tunnel-keys/", "bridges/"
PUBLISHED, ALIVE, EJECTED = "published/", "alive/", "ejected/"
REQUESTS, ANSWERS, SETTLED = "requests/", "answers/", "settled/"

KINDS: Mapping[str, type[Record]] = {kind.class_name: kind for kind in CLASSES}
ADAPTERS: Mapping[type[Record], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in CLASSES}

OWN: tuple[type[Record], ...] = (Host, PIF, Bond, VLAN, Tunnel)
"""The classes of what a host publishes."""


def written(record: Record) -> bytes:
    return ADAPTERS[type(record)].dump_json(record)


def with_unknown_fields(value: bytes, there: bytes | None, kind: type[Record]) -> bytes:
    """A record as it is to be written, with the fields of what is there that this pifd does not know."""
    with suppress(ValueError):
        known = {field.name for field in fields(kind)}
        has: Any = json.loads(there or b"{}")
        unknown = {name: has[name] for name in has if name not in known} if isinstance(has, dict) else {}
        if unknown:
            return json.dumps({**json.loads(value), **unknown}).encode()
    return value


def uuid_of(ref: str) -> str:
    return ref.removeprefix("OpaqueRef:")


def key_of(record: Record, host: Ref[Host] | None = None) -> str:
    """Where a record is; host: whose it is, if it is a host's own."""
    if isinstance(record, Pool):
        return POOL
    if isinstance(record, Network):
        return f"{NETWORKS}{record.uuid}"
    return f"{HOSTS}{uuid_of(host or '')}/{record.class_name}/{record.uuid}"


def claims(network: Network) -> Iterator[str]:
    """The keys that say that a name is this network's alone."""
    yield f"{BRIDGES}{network.bridge}"
    if network.tunnel_key:
        yield f"{KEYS}{network.tunnel_key}"


def with_claims(network: Network) -> Mapping[str, bytes]:
    """A network, and the names that are its alone."""
    owned = {key: network.uuid.encode() for key in claims(network)}
    return {key_of(network): written(network)} | owned


def is_shared(record: Record | None) -> bool:
    """Whether it is every host's, so that it is changed in etcd first of all."""
    return isinstance(record, Pool | Network)


def as_published(model: Model, refs: Iterable[str]) -> Iterator[tuple[str, Record]]:
    """By key the records of this host's own, among some; the host with what it has to tell beside itself."""
    host = this_host(model)
    for ref in refs:
        record = model.records.get(ref)
        if (
            host is None
            or record is None
            or not isinstance(record, OWN)
            or host_of(model, record) != host.ref
        ):
            continue
        if isinstance(record, Host):
            record = replace(record, vif_networks=tuple(sorted({vif.network for vif in model.all(VIF)})))
        yield key_of(record, host.ref), record


class Reading:
    """What the keys say, as records.  A record is read again when its key has changed."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[int, Record | None]] = {}

    def contents(self, entries: Mapping[str, Any], this: Ref[Host]) -> PoolContents | None:
        """What all of it says to one host; None where there is no pool yet."""
        pool = self._record(entries, POOL, Pool)
        if not isinstance(pool, Pool):
            return None
        self._records = {key: known for key, known in self._records.items() if key in entries}
        networks: dict[str, Record] = {}
        others: dict[str, Record] = {}
        own = f"{HOSTS}{uuid_of(this)}/"
        for key in entries:
            if key.startswith(NETWORKS) and (found := self._record(entries, key, Network)) is not None:
                networks[found.ref] = found
            elif key.startswith(HOSTS) and not key.startswith(own):
                kind = KINDS.get(key.split("/")[2]) if key.count("/") == 3 else None
                other = None if kind is None else self._record(entries, key, kind)
                if other is not None:
                    others[other.ref] = other
        return PoolContents(pool, networks, others, is_ejected=f"{EJECTED}{uuid_of(this)}" in entries)

    def _record(self, entries: Mapping[str, Any], key: str, kind: type[Record]) -> Record | None:
        entry = entries.get(key)
        if entry is None:
            return None
        known = self._records.get(key)
        if known is None or known[0] != entry.revision:
            known = self._records[key] = (entry.revision, read(key, kind, entry.value))
        return known[1]


def read(key: str, kind: type[Record], value: bytes) -> Record | None:
    """A record; None for one that this pifd can make nothing of, which is logged."""
    try:
        record: Record = ADAPTERS[kind].validate_json(value)
    except ValidationError as error:
        log.warning("%s in the pool's store is left out: %s", key, str(error).splitlines()[0])
        return None
    if isinstance(record, Host):
        return replace(record, elsewhere=True)
    if isinstance(record, Pool):
        return replace(record, is_shared=True)
    return record
