"""LinkHistory: when each port of a bond got and lost its carrier, and the messages about bonds.

It is bounded, kept in a file of its own, and knows of what happened while no daemon ran: the kernel counts.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from agent.kernel.live import LinkChange, LinkCount, changes_between
from agent.model.messages import Message

log = logging.getLogger("pifd.engine")

MOST_CHANGES = 100
"""Of one port: older ones are only counted."""
MOST_PORTS = 256
MOST_MESSAGES = 200


class Notes(Protocol):
    """Where it is kept: values of JSON."""

    def read(self) -> Any: ...
    def write(self, value: Any) -> None: ...


class NoNotes:
    """For who keeps nothing."""

    def read(self) -> Any:
        return None

    def write(self, value: Any) -> None:
        pass


@dataclass(slots=True)
class PortHistory:
    """changes: the latest ones, when it was and what came of it.  losses: how often carrier has gone.

    count: the kernel's, as far as it is in here.
    """

    count: LinkCount
    losses: int = 0
    changes: list[tuple[datetime, bool]] = field(default_factory=list)

    def add(self, at: datetime, *, carrier: bool) -> None:
        self.losses += not carrier
        self.changes = [*self.changes[1 - MOST_CHANGES :], (at, carrier)]


@dataclass(slots=True)
class Kept:
    """What is in the file.  boot: the kernel's counts begin anew with each.  links_up: of bonds, by uuid."""

    boot: str = ""
    ports: dict[str, PortHistory] = field(default_factory=dict)
    links_up: dict[str, tuple[int, int]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)


KEPT = TypeAdapter(Kept)


class LinkHistory:
    """links_up: how many of how many links of each bond were up when it was told last, by the bond's uuid.

    is_new: whether there is something that is not in the file yet.
    """

    def __init__(self, notes: Notes | None = None) -> None:
        self._notes = notes or NoNotes()
        self._kept = Kept()
        self.is_new = False

    def load(self, counts: Mapping[str, LinkCount]) -> None:
        """Read what is kept, and see by the kernel's counts what has happened since then.

        When it happened nobody knows: it has the time of now.
        """
        self._kept = _kept_in(self._notes.read())
        boot, before = _boot(), self._kept.boot
        self._kept.boot = boot
        for name in self._kept.ports.keys() & counts.keys():
            port, now = self._kept.ports[name], counts[name]
            if boot == before and now.changes >= port.count.changes:
                for carrier in changes_between(port.count, now):
                    port.add(datetime.now(UTC), carrier=carrier)
        self._count(counts)

    def dump(self, counts: Mapping[str, LinkCount]) -> Any:
        """What `write` is to write down."""
        self.is_new = False
        self._count(counts)
        return KEPT.dump_python(self._kept, mode="json")

    def write(self, value: Any) -> None:
        """Write down what was dumped; it may take its time."""
        self._notes.write(value)

    def _count(self, counts: Mapping[str, LinkCount]) -> None:
        for name, now in counts.items():
            self._kept.ports.setdefault(name, PortHistory(now)).count = now

    def take(self, changes: Iterable[LinkChange]) -> None:
        """Something has become of the carrier of ports."""
        ports = self._kept.ports
        for change in changes:
            port = ports.pop(change.name, None) or PortHistory(LinkCount(0, change.carrier))
            ports[change.name] = port
            port.add(change.at, carrier=change.carrier)
            self.is_new = True
        while len(ports) > MOST_PORTS:
            del ports[next(iter(ports))]

    def of(self, name: str) -> PortHistory | None:
        """A port's; None where nothing is known of it."""
        return self._kept.ports.get(name)

    @property
    def links_up(self) -> dict[str, tuple[int, int]]:
        return self._kept.links_up

    @property
    def messages(self) -> Mapping[str, Message]:
        """By their references, the oldest first."""
        return {message.ref: message for message in self._kept.messages}

    def add_message(self, message: Message) -> None:
        """The oldest goes, where there are too many."""
        self._kept.messages = [*self._kept.messages[1 - MOST_MESSAGES :], message]
        self.is_new = True

    def drop_messages(self, refs: Iterable[str]) -> None:
        gone = {*refs}
        self._kept.messages = [message for message in self._kept.messages if message.ref not in gone]
        self.is_new = True


def _kept_in(value: Any) -> Kept:
    if value is None:
        return Kept()
    try:
        return KEPT.validate_python(value)
    except ValidationError as error:
        log.warning("the history of links can't be understood, and begins anew: %s", error)
        return Kept()


def _boot() -> str:
    """What tells one boot from another."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
