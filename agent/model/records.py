"""The records that a model consists of: XenAPI's classes, frozen, with XenAPI's field names and defaults.

A field without a mark is written by pifd alone; `RW` may be set by a client, `STATIC` is given at creation
and stays, `INTERNAL` is not on the wire.  Fields that follow from other records (a Bond's slaves, a
network's PIFs) are not stored: they are functions of the Model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic_core import CoreSchema, core_schema

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
    """Who may write a field (XenAPI's RW and StaticRO); an internal one is not on the wire at all."""

    RW = "RW"
    STATIC = "StaticRO"
    INTERNAL = "internal"


RW, STATIC, INTERNAL = Qualifier.RW, Qualifier.STATIC, Qualifier.INTERNAL


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


class TunnelProtocol(StrEnum):
    """How a tunnel wraps Ethernet frames."""

    GRE = "gre"
    VXLAN = "vxlan"


class PowerState(StrEnum):
    """XenAPI's vm_power_state."""

    HALTED = "Halted"
    PAUSED = "Paused"
    RUNNING = "Running"
    SUSPENDED = "Suspended"


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
    """An interface of a host: a NIC, the master of a bond, the upper side of a VLAN or of a tunnel.

    device: of a VLAN's, the one below it, as in XenAPI.  VLAN: the tag, -1 for none.
    """

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
    primary_slave: Ref[PIF] | None = None
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)
    mode: BondMode = BondMode.ACTIVE_BACKUP
    properties: Mapping[str, str] = field(default_factory=dict)
    auto_update_mac: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VLAN(Record):
    """An 802.1Q VLAN: tagged_PIF is below, untagged_PIF above.  tag: 0 to 4094."""

    class_name = "VLAN"
    tagged_PIF: Annotated[Ref[PIF], STATIC]
    untagged_PIF: Ref[PIF]
    tag: Annotated[int, STATIC]
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel(Record):
    """Ethernet over IP to other hosts: transport_PIF is below, access_PIF above.

    key: GRE's key or VXLAN's VNI, on the wire a part of the status.
    """

    class_name = "tunnel"
    access_PIF: Annotated[Ref[PIF], STATIC]
    transport_PIF: Annotated[Ref[PIF], STATIC]
    protocol: Annotated[TunnelProtocol, STATIC] = TunnelProtocol.GRE
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)
    key: Annotated[int, INTERNAL]


@dataclass(frozen=True, slots=True, kw_only=True)
class VMGuestMetrics(Record):
    """What a VM's own agent tells."""

    class_name = "VM_guest_metrics"
    PV_drivers_detected: bool = False
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VM(Record):
    """A virtual machine, as far as networking needs to know it.

    resident_on: the host of a running or paused one, and the host where a suspended one was suspended.
    possible_hosts: those that it can start on, none for every host.  domid: -1 while it has no domain.
    """

    class_name = "VM"
    name_label: Annotated[str, RW] = ""
    name_description: Annotated[str, RW] = ""
    power_state: PowerState = PowerState.HALTED
    resident_on: Ref[Host] | None = None
    affinity: Annotated[Ref[Host] | None, RW] = None
    possible_hosts: Annotated[tuple[Ref[Host], ...], RW] = ()
    is_a_template: Annotated[bool, RW] = False
    domid: int = -1
    guest_metrics: Ref[VMGuestMetrics] | None = None
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VIF(Record):
    """A VM's interface on a network.  device: its number in the VM, in decimal.

    released: a call that has not ended yet asks its VM to give it up, or to take it.
    """

    class_name = "VIF"
    device: Annotated[str, STATIC]
    network: Annotated[Ref[Network], STATIC]
    VM: Annotated[Ref[VM], STATIC]
    MAC: Annotated[str, STATIC] = ""
    MTU: Annotated[int, STATIC] = 0
    other_config: Annotated[Mapping[str, str], RW] = field(default_factory=dict)
    currently_attached: Annotated[bool, STATIC] = False
    MAC_autogenerated: bool = False
    released: Annotated[bool, INTERNAL] = False


CLASSES: tuple[type[Record], ...] = (
    Pool, Host, Network, PIF, Bond, VLAN, Tunnel, VM, VMGuestMetrics, VIF,
)  # fmt: skip
