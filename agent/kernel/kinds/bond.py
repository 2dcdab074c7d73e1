"""The options of a bond (drivers/net/bonding/bond_options.c; linux/if_link.h, IFLA_BOND_*), and its status.

Names, values and meanings are the kernel's (Documentation/networking/bonding.rst).
"""

from dataclasses import dataclass
from typing import Annotated

from agent.kernel.kinds.option import Nest, Option, When
from agent.kernel.kinds.types import Addresses, Choice, Flag, HardwareAddress, Number, Port

MODES = (
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
)  # fmt: skip
ROUND_ROBIN = frozenset({"balance-rr"})
LACP = frozenset({"802.3ad"})
TLB = frozenset({"balance-tlb", "balance-alb"})
ONE_ACTIVE = frozenset({"active-backup"}) | TLB
ARP_MONITORED = frozenset(MODES) - LACP - TLB

BY_SOURCE = ("balance-xor", "vlan+srcmac")
"""The mode and the hash policy with which all frames of one source leave by one port."""

INT_MAX = 2**31 - 1
MILLISECONDS = Number(4, 0, INT_MAX, unit="milliseconds")
SELECTIONS = ("stable", "bandwidth", "count", "actor_port_prio")
VALIDATIONS = ("none", "active", "backup", "all", "filter", "filter_active", "filter_backup")
HASH_POLICIES = ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")


@dataclass(frozen=True, slots=True)
class BondOptions:
    """What a bond is told, with the defaults of pifd's bonds."""

    mode: Annotated[
        str,
        Option(
            number=1,
            type=Choice(1, MODES),
            when=When.DOWN_NO_PORTS,
            initially="balance-rr",
            words="how frames are spread over the ports",
        ),
    ] = "active-backup"
    miimon: Annotated[
        int,
        Option(
            number=3,
            type=MILLISECONDS,
            initially=0,
            words="how often the ports' carrier is looked at; 0: never",
        ),
    ] = 100
    updelay: Annotated[
        int,
        Option(
            number=4,
            type=MILLISECONDS,
            multiple_of="miimon",
            words="how long a port has carrier before it is used",
        ),
    ] = 0
    downdelay: Annotated[
        int,
        Option(
            number=5,
            type=MILLISECONDS,
            multiple_of="miimon",
            words="how long a port is without carrier before it is given up",
        ),
    ] = 0
    peer_notif_delay: Annotated[
        int,
        Option(
            number=28,
            type=Number(4, 0, 300_000, unit="milliseconds"),
            since="5.3",
            multiple_of="miimon",
            words="the time between two announcements after a fail-over",
        ),
    ] = 0
    use_carrier: Annotated[
        bool, Option(number=6, type=Flag(), words="1: look at the carrier; 0: ask the driver (until 6.17)")
    ] = True
    arp_interval: Annotated[
        int,
        Option(
            number=7,
            type=MILLISECONDS,
            modes=ARP_MONITORED,
            words="how often ARP requests probe the ports, in place of miimon; 0: never",
        ),
    ] = 0
    arp_ip_target: Annotated[
        tuple[str, ...],
        Option(number=8, type=Addresses(4), words="the IPv4 addresses that are probed"),
    ] = ()
    ns_ip6_target: Annotated[
        tuple[str, ...],
        Option(number=31, type=Addresses(6), since="5.18", words="the IPv6 addresses that are probed"),
    ] = ()
    arp_validate: Annotated[
        str,
        Option(
            number=9,
            type=Choice(4, VALIDATIONS),
            modes=ARP_MONITORED,
            words="which ports count as up only if the right answers come back",
        ),
    ] = "none"
    arp_all_targets: Annotated[
        str,
        Option(number=10, type=Choice(4, ("any", "all")), words="how many targets must answer"),
    ] = "any"
    missed_max: Annotated[
        int,
        Option(
            number=30,
            type=Number(1, 1, 255),
            modes=ARP_MONITORED,
            since="5.17",
            words="how many probes may fail before a port is down",
        ),
    ] = 2
    primary: Annotated[
        str,
        Option(number=11, type=Port(), modes=ONE_ACTIVE, words="the port that is active while it can be"),
    ] = ""
    primary_reselect: Annotated[
        str,
        Option(
            number=12,
            type=Choice(1, ("always", "better", "failure")),
            words="when the primary port becomes active again",
        ),
    ] = "always"
    fail_over_mac: Annotated[
        str,
        Option(
            number=13,
            type=Choice(1, ("none", "active", "follow")),
            when=When.NO_PORTS,
            words="whose MAC address the bond and its ports have",
        ),
    ] = "none"
    xmit_hash_policy: Annotated[
        str,
        Option(number=14, type=Choice(1, HASH_POLICIES), words="what of a frame decides about its port"),
    ] = "layer2"
    resend_igmp: Annotated[
        int,
        Option(number=15, type=Number(4, 0, 255), words="how many IGMP reports are sent after a fail-over"),
    ] = 1
    num_peer_notif: Annotated[
        int,
        Option(
            number=16,
            type=Number(1, 0, 255),
            words="how many gratuitous ARPs and neighbour advertisements are sent after a fail-over",
            aliases=("num_grat_arp", "num_unsol_na"),
        ),
    ] = 1
    all_slaves_active: Annotated[
        bool,
        Option(number=17, type=Flag(), words="whether frames that come in on a backup port are taken"),
    ] = False
    min_links: Annotated[
        int,
        Option(
            number=18, type=Number(4, 0, INT_MAX), words="how many ports must be up for the bond to be up"
        ),
    ] = 0
    lp_interval: Annotated[
        int,
        Option(number=19, type=Number(4, 1, INT_MAX, unit="seconds"), words="between two learning packets"),
    ] = 1
    packets_per_slave: Annotated[
        int,
        Option(
            number=20,
            type=Number(4, 0, 65535),
            modes=ROUND_ROBIN,
            words="how many frames go to a port before it is the next one's turn; 0: at random",
        ),
    ] = 1
    lacp_rate: Annotated[
        str,
        Option(
            number=21,
            type=Choice(1, ("slow", "fast")),
            when=When.DOWN,
            modes=LACP,
            words="how often the partner is asked for LACPDUs: every 30 s or every second",
        ),
    ] = "slow"
    ad_select: Annotated[
        str,
        Option(
            number=22,
            type=Choice(1, SELECTIONS),
            when=When.DOWN,
            modes=LACP,
            words="which aggregator is the active one (actor_port_prio since 6.18)",
        ),
    ] = "stable"
    ad_actor_sys_prio: Annotated[
        int, Option(number=24, type=Number(2, 1, 65535), modes=LACP, words="LACP's system priority")
    ] = 65535
    ad_user_port_key: Annotated[
        int,
        Option(
            number=25,
            type=Number(2, 0, 1023),
            when=When.DOWN,
            modes=LACP,
            words="the upper ten bits of LACP's port key",
        ),
    ] = 0
    ad_actor_system: Annotated[
        str,
        Option(number=26, type=HardwareAddress(), modes=LACP, words="LACP's system, if not the bond's MAC"),
    ] = "00:00:00:00:00:00"
    tlb_dynamic_lb: Annotated[
        bool,
        Option(
            number=27,
            type=Flag(),
            when=When.DOWN,
            modes=TLB,
            words="whether flows move to other ports with the load",
        ),
    ] = True
    lacp_active: Annotated[
        bool,
        Option(
            number=29,
            type=Flag(),
            when=When.DOWN,
            modes=LACP,
            since="5.15",
            words="whether LACPDUs are sent even if the partner is silent",
        ),
    ] = True
    coupled_control: Annotated[
        bool,
        Option(
            number=32,
            type=Flag(),
            when=When.DOWN,
            modes=LACP,
            since="6.9",
            words="whether collecting and distributing begin together",
        ),
    ] = True
    broadcast_neighbor: Annotated[
        bool,
        Option(
            number=33,
            type=Flag(),
            modes=LACP,
            since="6.17",
            words="whether ARP and neighbour discovery go out on all ports",
        ),
    ] = False
    lacp_strict: Annotated[
        bool,
        Option(
            number=34,
            type=Flag(),
            modes=LACP,
            since="7.2",
            words="whether the bond is without carrier while no port has a partner",
        ),
    ] = False

    @property
    def hashes_by_source(self) -> bool:
        """Whether all frames of one source leave by one port."""
        return (self.mode, self.xmit_hash_policy) == BY_SOURCE


@dataclass(frozen=True, slots=True)
class Aggregator:
    """The active aggregator of an 802.3ad bond (IFLA_BOND_AD_INFO)."""

    aggregator: Annotated[int, Option(number=1, type=Number(2))] = 0
    ports: Annotated[int, Option(number=2, type=Number(2))] = 0
    actor_key: Annotated[int, Option(number=3, type=Number(2))] = 0
    partner_key: Annotated[int, Option(number=4, type=Number(2))] = 0
    partner_mac: Annotated[str, Option(number=5, type=HardwareAddress())] = ""


@dataclass(frozen=True, slots=True)
class BondStatus:
    """What a bond says of itself and is not told."""

    active_slave: Annotated[str, Option(number=2, type=Port())] = ""
    ad_info: Annotated[Aggregator, Option(number=23, type=Nest(Aggregator))] = Aggregator()
