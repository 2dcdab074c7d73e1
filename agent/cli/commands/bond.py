"""The commands of bonds."""

from time import monotonic
from typing import Any

from agent.cli.change import CHANGE, as_json, sends, the
from agent.cli.command import Call, Command
from agent.cli.parameter import JSON, flag, mapping, one_of, optional, required, words
from agent.printable import printable

BOND_MODE = one_of(
    "bond mode",
    "active-backup",
    "lacp",
    "balance-slb",
    "balance-rr",
    "balance-xor",
    "broadcast",
    "balance-tlb",
    "balance-alb",
)
MODES = (
    "active-backup, lacp or balance-slb; or one of the kernel's: balance-rr, balance-xor, broadcast, "
    "balance-tlb, balance-alb."
)


def members(call: Call) -> list[str]:
    """The PIFs that pif-uuids= names."""
    return [call.objects.find("PIF", member) for member in call.values["pif-uuids"]]


PORT_SHAPE = {
    "device": str,
    "carrier": bool,
    "speed": int,
    "full_duplex": bool,
    "link_failures": int,
    "flaps": int,
    "last_change": str,
    "lacp": dict,
    "words": str,
}
STATUS_SHAPE = {
    "device": str,
    "mode": str,
    "MAC": str,
    "carrier": bool,
    "active_slave": str,
    "lacp": dict,
    "ports": [PORT_SHAPE],
    "words": str,
}
# What LACP does comes with no event, so that a watch of it has to look as well.
BETWEEN_LOOKS = 1.0


def status(call: Call) -> str:
    """What Bond.get_status says; with --watch again whenever it has changed, until ^C."""
    bond = call.find("Bond", "uuid")
    if not call.values["watch"]:
        return shown_status(call, found_status(call, bond))
    from agent.cli.watch import FOREVER, Watch

    watch, last = Watch(call.session, call.streams, ("Bond", "PIF_metrics")), ""
    while True:
        found = found_status(call, bond)
        now = shown_status(call, found)
        if now != last:
            call.streams.tell(f"{now}\n" if last or not call.values["json"] else now)
        last = now
        watch.changes(monotonic() + BETWEEN_LOOKS if found["lacp"] else FOREVER)


def found_status(call: Call, bond: str) -> dict[str, Any]:
    """The answer of Bond.get_status."""
    found: dict[str, Any] = call.session.ask("Bond.get_status", bond, shape=STATUS_SHAPE)
    return found


def shown_status(call: Call, found: dict[str, Any]) -> str:
    if call.values["json"]:
        return as_json(found)
    lines = [f"{found['words']} (mode {found['mode']}, MAC {found['MAC'] or 'none'})"]
    partner = found["lacp"].get("partner_mac")
    if found["lacp"]:
        lines.append(f"  LACP: aggregator {found['lacp']['aggregator']}, partner {partner or 'none'}")
    lines += [line for port in found["ports"] for line in port_lines(port)]
    return "".join(f"{printable(line)}\n" for line in lines)


def port_lines(port: dict[str, Any]) -> list[str]:
    """What is said of one member."""
    duplex = "full duplex" if port["full_duplex"] else "half duplex"
    speed = f"{port['speed']} Mbit/s {duplex}" if port["speed"] else "speed unknown"
    flaps = port["flaps"]
    when = f", the latest change at {port['last_change']}" if port["last_change"] else ""
    said = f"  {port['words']}; {speed}; link lost {flaps} {'time' if flaps == 1 else 'times'}{when}"
    return [said, *lacp_lines(port["lacp"])]


def lacp_lines(lacp: dict[str, Any]) -> list[str]:
    """What is said of a member's part in LACP, if it has one."""
    if not lacp:
        return []
    sides = ((side, " ".join(lacp[f"{side}_state"]) or "nothing") for side in ("actor", "partner"))
    churn = [f"{side} {lacp[f'{side}_churn']}" for side in ("actor", "partner") if lacp[f"{side}_churn"]]
    return [
        f"    aggregator {lacp['aggregator']}" + (f", churn: {', '.join(churn)}" if churn else ""),
        *(f"    {side}: {words}" for side, words in sides),
    ]


WATCH = flag("watch", "Print it again whenever it has changed, until ^C.")
A_MEMBER = required("pif-uuid", "The NIC's PIF: its uuid, the beginning of it, or its device, such as eth1.")
A_BOND = required("uuid", "The Bond: its uuid, the beginning of it, or its device, such as bond0.")

COMMANDS = (
    Command(
        "bond-create",
        sends("Bond.create", the("network", "network-uuid"), members, "mac", "mode", "properties"),
        (
            required("network-uuid", "The network that the bond is for: uuid, name-label or bridge."),
            required("pif-uuids", "The PIFs to bond, with commas in between: uuids or devices.", words),
            optional("mac", "The bond's MAC address; without it, the primary member's."),
            optional(
                "mode",
                f"{MODES}  Without it, what the daemon is told to take, else balance-slb; where the host "
                "can't do that, active-backup, with a note that says why.",
                BOND_MODE,
            ),
            mapping(
                "properties",
                "Properties by XenAPI's names (hashing_algorithm, lacp-time, …) or the kernel's (miimon, …).",
            ),
            *CHANGE,
        ),
        "Put NICs into a new bond.",
        "The primary member is the management interface if it is among the PIFs, else the first with\n"
        "an IP configuration, else the first.  The bond takes over its MAC address, its IP configuration\n"
        "and its being the management interface.  VLANs and tunnels on the members move to the bond.\n"
        "So do the VIFs on the members' networks, of VMs that run, are paused or suspended on this host,\n"
        "or can start nowhere else; a running VM is asked to give up its VIF and to take it again.",
        "the uuid of the Bond",
        (
            "pifctl bond-create network-uuid=xapi0 pif-uuids=eth0,eth1 --dry-run",
            "pifctl bond-create network-uuid=xapi0 pif-uuids=eth0,eth1 mode=active-backup",
        ),
        (
            "NETWORK_ALREADY_CONNECTED",
            "PIF_ALREADY_BONDED",
            "PIF_BOND_MORE_THAN_ONE_IP",
            "INCOMPATIBLE_PIF_PROPERTIES",
            "VM_MISSING_PV_DRIVERS",
            "INVALID_VALUE",
        ),
    ),
    Command(
        "bond-destroy",
        sends("Bond.destroy", the("Bond")),
        (A_BOND, *CHANGE),
        "Take a bond apart.",
        "Its IP configuration and management go back to its primary member.  The VLANs and tunnels on it\n"
        "move there as well, and so do the VIFs on its network, of VMs that run, are paused or suspended\n"
        "on this host, or can start nowhere else; a running VM is asked to give up its VIF and to take it\n"
        "again.",
        examples=("pifctl bond-destroy uuid=bond0",),
        errors=("VM_MISSING_PV_DRIVERS", "UUID_INVALID"),
    ),
    Command(
        "bond-set-mode",
        sends("Bond.set_mode", the("Bond"), "mode"),
        (
            A_BOND,
            required("mode", MODES, BOND_MODE),
            *CHANGE,
        ),
        "Change the mode of a bond.",
        "What is on the bond stays; its members are out of it for about 0.1 s, in which it has no carrier.\n"
        "Properties that the new mode does not have go.  To change one of those that it has:\n"
        "bond-param-set uuid=bond0 properties:<name>=<value>.",
        examples=("pifctl bond-set-mode uuid=bond0 mode=active-backup",),
        errors=("INVALID_VALUE",),
    ),
    Command(
        "bond-add-member",
        sends("Bond.add_member", the("Bond"), the("PIF", "pif-uuid")),
        (A_BOND, A_MEMBER, *CHANGE),
        "Put one more NIC into a bond.",
        "What is on the NIC moves to the bond: VLANs, tunnels, VIFs, and its IP configuration.",
        examples=("pifctl bond-add-member uuid=bond0 pif-uuid=eth2",),
        errors=("PIF_ALREADY_BONDED", "PIF_BOND_MORE_THAN_ONE_IP", "INCOMPATIBLE_PIF_PROPERTIES"),
    ),
    Command(
        "bond-remove-member",
        sends("Bond.remove_member", the("Bond"), the("PIF", "pif-uuid")),
        (A_BOND, A_MEMBER, *CHANGE),
        "Take a NIC out of a bond.",
        "What is on the bond stays there.  The traffic goes over another member before this one leaves.",
        examples=("pifctl bond-remove-member uuid=bond0 pif-uuid=eth1",),
        errors=("PIF_BOND_NEEDS_MORE_MEMBERS", "INVALID_VALUE"),
    ),
    Command(
        "bond-set-primary-slave",
        sends("Bond.set_primary_slave", the("Bond"), the("PIF", "pif-uuid")),
        (A_BOND, A_MEMBER, *CHANGE),
        "Choose the member that takes the bond's place when it is destroyed.",
        "The bond has this member's MAC address from then on, unless it was given one.",
        examples=("pifctl bond-set-primary-slave uuid=bond0 pif-uuid=eth1",),
        errors=("INVALID_VALUE",),
    ),
    Command(
        "bond-set-active-slave",
        sends("Bond.set_active_slave", the("Bond"), the("PIF", "pif-uuid")),
        (A_BOND, A_MEMBER, *CHANGE),
        "Send a bond's traffic over another member now.",
        "It is for now: a member that is to be the active one whenever it can is the property primary.",
        examples=("pifctl bond-set-active-slave uuid=bond0 pif-uuid=eth1",),
        errors=("INVALID_VALUE",),
    ),
)

STATUS = Command(
    "bond-status",
    status,
    (A_BOND, WATCH, JSON),
    "Tell what a bond and its members do now, and why.",
    "Of each member: its link, its speed, how often its link went and when it changed last, and in words\n"
    "what the bond makes of it; of lacp also its aggregator and the states of both sides.  --json has the\n"
    "times of the latest changes, too.  --watch hears of a change from the kernel's event.",
    "a line on the bond and one on each member",
    ("pifctl bond-status uuid=bond0", "pifctl bond-status uuid=bond0 --watch"),
    ("UUID_INVALID",),
)
