"""The records that a model consists of: XenAPI's classes, frozen, with XenAPI's field names and defaults.

Who may write a field, and what else is on the wire, is in agent.schema; a field that is not there is pifd's
own.  Fields that follow from other records (a Bond's slaves, a network's PIFs) are not stored: they are
functions of the Model.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic_core import CoreSchema, core_schema

R = TypeVar("R", bound="Record")

REFERENCE = re.compile("OpaqueRef:[0-9a-f-]{36}")


class Ref(str, Generic[R]):
    """A reference to a record of class R: `OpaqueRef:<uuid>`."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        text = core_schema.str_schema(pattern=f"^{REFERENCE.pattern}$")
        return core_schema.no_info_after_validator_function(cls, text)


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
    """XenAPI's bond modes, and then the kernel's others."""

    BALANCE_SLB = "balance-slb"
    ACTIVE_BACKUP = "active-backup"
    LACP = "lacp"
    BALANCE_RR = "balance-rr"
    BALANCE_XOR = "balance-xor"
    BROADCAST = "broadcast"
    BALANCE_TLB = "balance-tlb"
    BALANCE_ALB = "balance-alb"


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
class KeptAddress:
    """What an address has that XenAPI has no words for; one that no other field names is there beside them.

    interface: `192.0.2.10/24`.  peer, rest: as in agent.kernel.state.Address.
    """

    interface: str
    peer: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class KeptRoute:
    """A route that XenAPI has no words for.  The fields are those of agent.kernel.state.Route."""

    destination: str
    gateway: str
    metric: int
    table: int
    source: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class IPConfiguration:
    """What a PIF knows of IP, as one value, because it moves as one (create, step 5; destroy, step 2).

    kept_addresses, kept_routes: what else the host had when it was taken over.
    """

    ip_configuration_mode: IPMode = IPMode.NONE
    IP: str = ""
    netmask: str = ""
    gateway: str = ""
    DNS: str = ""
    ipv6_configuration_mode: IPMode = IPMode.NONE
    IPv6: tuple[str, ...] = ()
    ipv6_gateway: str = ""
    primary_address_type: AddressType = AddressType.IPV4
    kept_addresses: tuple[KeptAddress, ...] = ()
    kept_routes: tuple[KeptRoute, ...] = ()

    def is_configured(self) -> bool:
        """Whether either family has a mode other than None, or something was kept."""
        modes = (self.ip_configuration_mode, self.ipv6_configuration_mode)
        return modes != (IPMode.NONE, IPMode.NONE) or bool(self.kept_addresses or self.kept_routes)


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
    """The pool, of one host or of several.  is_shared: other hosts can join it; etcd has what they share."""

    class_name = "pool"
    master: "Ref[Host]"
    name_label: str = ""
    name_description: str = ""
    other_config: Mapping[str, str] = field(default_factory=dict)
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Record):
    """A host of the pool.  elsewhere: it is not the one that this program runs on.

    vif_networks: what only a host elsewhere tells: the networks that VIFs there are on.
    is_lost: of one elsewhere, that it is not heard of, and that tunnels do not reach it.
    """

    class_name = "host"
    name_label: str = ""
    name_description: str = ""
    hostname: str = ""
    enabled: bool = True
    other_config: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False
    vif_networks: "tuple[Ref[Network], ...]" = ()
    is_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Record):
    """A named L2 segment, a bridge on the host.  tunnel_key: what its tunnels have on all hosts, or 0."""

    class_name = "network"
    name_label: str = ""
    name_description: str = ""
    MTU: int = 1500
    other_config: Mapping[str, str] = field(default_factory=dict)
    bridge: str = ""
    managed: bool = True
    tags: tuple[str, ...] = ()
    tunnel_key: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PIF(Record):
    """An interface of a host: a NIC, the master of a bond, the upper side of a VLAN or of a tunnel.

    device: of a VLAN's, the one below it, as in XenAPI.  VLAN: the tag, -1 for none.  permanent_MAC, card:
    what a NIC is known by, whatever its name is (rules.cards).  stays_unplugged: its administrator has
    unplugged it, or set its NIC down, so that a start leaves it so (rules.spares).
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
    other_config: Mapping[str, str] = field(default_factory=dict)
    disallow_unplug: bool = False
    managed: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    permanent_MAC: str = ""
    card: str = ""
    stays_unplugged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond(Record):
    """Several PIFs that act as one, their master."""

    class_name = "Bond"
    master: Ref[PIF]
    primary_slave: Ref[PIF] | None = None
    other_config: Mapping[str, str] = field(default_factory=dict)
    mode: BondMode = BondMode.ACTIVE_BACKUP
    properties: Mapping[str, str] = field(default_factory=dict)
    auto_update_mac: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VLAN(Record):
    """An 802.1Q VLAN: tagged_PIF is below, untagged_PIF above.  tag: 0 to 4094."""

    class_name = "VLAN"
    tagged_PIF: Ref[PIF]
    untagged_PIF: Ref[PIF]
    tag: int
    other_config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel(Record):
    """Ethernet over IP to other hosts: transport_PIF is below, access_PIF above.

    key: GRE's key or VXLAN's VNI, on the wire a part of the status.  peers: the transport addresses of the
    network's tunnels on the pool's other hosts.
    """

    class_name = "tunnel"
    access_PIF: Ref[PIF]
    transport_PIF: Ref[PIF]
    protocol: TunnelProtocol = TunnelProtocol.GRE
    other_config: Mapping[str, str] = field(default_factory=dict)
    key: int
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VMGuestMetrics(Record):
    """What a VM's own agent tells."""

    class_name = "VM_guest_metrics"
    PV_drivers_detected: bool = False
    other_config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VM(Record):
    """A virtual machine, as far as networking needs to know it.

    resident_on: the host of a running or paused one, and the host where a suspended one was suspended.
    possible_hosts: those that it can start on, none for every host.  domid: -1 while it has no domain.
    """

    class_name = "VM"
    name_label: str = ""
    name_description: str = ""
    power_state: PowerState = PowerState.HALTED
    resident_on: Ref[Host] | None = None
    affinity: Ref[Host] | None = None
    possible_hosts: tuple[Ref[Host], ...] = ()
    is_a_template: bool = False
    domid: int = -1
    guest_metrics: Ref[VMGuestMetrics] | None = None
    other_config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VIF(Record):
    """A VM's interface on a network.  device: its number in the VM, in decimal.

    released: a call that has not ended yet asks its VM to give it up, or to take it.
    """

    class_name = "VIF"
    device: str
    network: Ref[Network]
    VM: Ref[VM]
    MAC: str = ""
    MTU: int = 0
    other_config: Mapping[str, str] = field(default_factory=dict)
    currently_attached: bool = False
    MAC_autogenerated: bool = False
    released: bool = False


CLASSES: tuple[type[Record], ...] = (
    Pool, Host, Network, PIF, Bond, VLAN, Tunnel, VM, VMGuestMetrics, VIF,
)  # fmt: skip
