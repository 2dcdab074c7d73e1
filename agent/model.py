"""The wanted model of a host: frozen records of XenAPI's classes, and Model, a snapshot of all of them.

Field names, types and defaults are XenAPI's.  A field without a mark is written by pifd alone; `RW` may be
set by a client, `STATIC` is given at creation and stays.  Fields that follow from other records (a Bond's
slaves, a network's PIFs) are not stored: they are functions of the Model, at the end of this file.
"""

import uuid as uuids
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast

from pydantic_core import CoreSchema, core_schema

from agent.errors import HandleInvalid

R = TypeVar("R", bound="Record")

REFERENCE_PATTERN = r"^OpaqueRef:[0-9a-f-]{36}$"


class Ref(str, Generic[R]):
    """A reference to a record of class R: `OpaqueRef:<uuid>`."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        text = core_schema.str_schema(pattern=REFERENCE_PATTERN)
        return core_schema.no_info_after_validator_function(cls, text)


class Qualifier(Enum):
    """Who may write a field (XenAPI's RW and StaticRO)."""

    RW = "RW"
    STATIC = "StaticRO"


RW, STATIC = Qualifier.RW, Qualifier.STATIC


class IPMode(StrEnum):
    """XenAPI's ip_configuration_mode and ipv6_configuration_mode; Autoconf is IPv6's alone."""

    NONE = "None"
    DHCP = "DHCP"
    STATIC = "Static"
    AUTOCONF = "Autoconf"


class AddressType(StrEnum):
    """Which family the management interface uses."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"


class BondMode(StrEnum):
    """XenAPI's bond modes."""

    BALANCE_SLB = "balance-slb"
    ACTIVE_BACKUP = "active-backup"
    LACP = "lacp"


@dataclass(frozen=True, slots=True)
class IPConfiguration:
    """What a PIF knows of IP, as one value, because it moves as one (create, step 5; destroy, step 2)."""

    ip_configuration_mode: IPMode = IPMode.NONE
    IP: str = ""
    netmask: str = ""
    gateway: str = ""
    DNS: str = ""
    ipv6_configuration_mode: IPMode = IPMode.NONE
    IPv6: tuple[str, ...] = ()
    ipv6_gateway: str = ""
    primary_address_type: AddressType = AddressType.IPV4

    def is_configured(self) -> bool:
        """Whether either family has a mode other than None."""
        return (self.ip_configuration_mode, self.ipv6_configuration_mode) != (IPMode.NONE, IPMode.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One object.  `class_name` is XenAPI's, with its capitals."""

    class_name: ClassVar[str] = ""
    uuid: str

    @property
    def ref(self) -> Ref[Any]:
        return Ref(f"OpaqueRef:{self.uuid}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Record):
    """The pool, of one host for now."""

    class_name = "pool"
    master: "Ref[Host]"
    name_label: Annotated[str, RW] = ""
    name_description: Annotated[str, RW] = ""
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Record):
    """The host that this program runs on."""

    class_name = "host"
    name_label: Annotated[str, RW] = ""
    name_description: Annotated[str, RW] = ""
    hostname: str = ""
    enabled: bool = True
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Record):
    """A named L2 segment, a bridge on the host."""

    class_name = "network"
    name_label: Annotated[str, RW] = ""
    name_description: Annotated[str, RW] = ""
    MTU: Annotated[int, RW] = 1500
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)
    bridge: Annotated[str, STATIC] = ""
    managed: Annotated[bool, STATIC] = True
    tags: Annotated[tuple[str, ...], RW] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PIF(Record):
    """An interface of a host: a NIC, or the master of a bond."""

    class_name = "PIF"
    device: str
    network: Ref[Network]
    host: Ref[Host]
    MAC: str
    MTU: int = 1500
    VLAN: int = -1
    physical: bool = False
    currently_attached: bool = False
    ip_configuration: IPConfiguration = IPConfiguration()
    bond_slave_of: "Ref[Bond] | None" = None
    management: bool = False
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)
    disallow_unplug: bool = False
    managed: Annotated[bool, STATIC] = True
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond(Record):
    """Several PIFs that act as one, their master."""

    class_name = "Bond"
    master: Annotated[Ref[PIF], STATIC]
    primary_slave: Ref[PIF]
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)
    mode: BondMode = BondMode.ACTIVE_BACKUP
    properties: Mapping[str, str] = field(default_factory=dict)
    auto_update_mac: bool = True


CLASSES: tuple[type[Record], ...] = (Pool, Host, Network, PIF, Bond)


def new_uuid() -> str:
    """A fresh random uuid."""
    return str(uuids.uuid4())


@dataclass(frozen=True)
class Model:
    """All records by reference.  Immutable: a Draft makes the next one."""

    records: Mapping[str, Record] = field(default_factory=dict)

    def get(self, ref: Ref[R]) -> R:
        """The record behind a reference of ours, which is there by the model's invariants."""
        return cast(R, self.records[ref])

    def find(self, kind: type[R], ref: str) -> R:
        """The record behind a reference that a caller gave; HANDLE_INVALID when it is not of this class."""
        record = self.records.get(ref)
        if not isinstance(record, kind):
            raise HandleInvalid(kind.class_name, ref)
        return record

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every record of a class, oldest first."""
        return cast(tuple[R, ...], self._by_class.get(kind, ()))

    @cached_property
    def _by_class(self) -> Mapping[type[Record], tuple[Record, ...]]:
        found: dict[type[Record], list[Record]] = {}
        for record in self.records.values():
            found.setdefault(type(record), []).append(record)
        return {kind: tuple(records) for kind, records in found.items()}

    @cached_property
    def bonds_by_master(self) -> Mapping[str, Bond]:
        return {bond.master: bond for bond in self.all(Bond)}

    @cached_property
    def slaves_by_bond(self) -> Mapping[str, tuple[PIF, ...]]:
        found: dict[str, list[PIF]] = {}
        for pif in self.all(PIF):
            if pif.bond_slave_of is not None:
                found.setdefault(pif.bond_slave_of, []).append(pif)
        return {bond: tuple(pifs) for bond, pifs in found.items()}

    @cached_property
    def pifs_by_network(self) -> Mapping[str, tuple[PIF, ...]]:
        found: dict[str, list[PIF]] = {}
        for pif in self.all(PIF):
            found.setdefault(pif.network, []).append(pif)
        return {network: tuple(pifs) for network, pifs in found.items()}


def bond_of_master(model: Model, pif: PIF) -> Bond | None:
    """The bond whose master this PIF is (PIF.bond_master_of)."""
    return model.bonds_by_master.get(pif.ref)


def slaves(model: Model, bond: Bond) -> tuple[PIF, ...]:
    """The slaves of a bond, the first-made PIF first (Bond.slaves)."""
    return model.slaves_by_bond.get(bond.ref, ())


def pifs_on(model: Model, network: Ref[Network]) -> tuple[PIF, ...]:
    """The PIFs on a network (network.PIFs), at most one per host."""
    return model.pifs_by_network.get(network, ())


def management_of(model: Model, host: Ref[Host]) -> PIF | None:
    """The host's management interface."""
    return next((pif for pif in model.all(PIF) if pif.management and pif.host == host), None)


def pifs_of(model: Model, host: Ref[Host]) -> Iterator[PIF]:
    """The PIFs of a host (host.PIFs)."""
    return (pif for pif in model.all(PIF) if pif.host == host)
