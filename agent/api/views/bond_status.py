"""Bond.get_status: what a bond and its members do at this moment, and in plain words why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agent.engine.link_history import LinkHistory, PortHistory
from agent.kernel.kinds.bond import BondOptions, BondStatus
from agent.kernel.kinds.bond_port import PortStatus
from agent.kernel.live import Device, LACPState, LiveLink
from agent.model.bond_options import effective_mode, kernel_mode
from agent.model.model import Model, slaves
from agent.model.records import Bond

Live = Mapping[str, LiveLink]
Status = dict[str, Any]
NO_PARTNER = "00:00:00:00:00:00"
LACP = "802.3ad"


def bond_status(
    model: Model, bond: Bond, live: Live, devices: Mapping[str, Device], history: LinkHistory
) -> Status:
    """The bond as the kernel has it now; `words` is one line on it."""
    master, mode = model.get(bond.master), effective_mode(model, bond)
    there = live.get(master.device)
    own = there.bond if there and there.bond else BondStatus()
    ports = [
        port_status(slave.device, master.device, mode_of(there), own, live, devices)
        | history_of(history.of(slave.device))
        for slave in slaves(model, bond)
    ]
    used = [port["device"] for port in ports if port["used"]]
    return {
        "device": master.device,
        "uuid": bond.uuid,
        "mode": mode.value,
        "kernel_mode": kernel_mode(mode),
        "MAC": there.link.MAC if there else "",
        "carrier": bool(there and there.link.carrier),
        "active_slave": own.active_slave,
        "links_up": sum(
            port["carrier"] and _is_in(live.get(port["device"]), master.device) for port in ports
        ),
        "lacp": lacp_of(own) if mode_of(there) == LACP else {},
        "ports": ports,
        "words": words_of_bond(master.device, there, used, ports),
    }


def mode_of(there: LiveLink | None) -> str:
    """The mode that the kernel has, empty where there is no bond."""
    options = there.link.options if there else None
    return options.mode if isinstance(options, BondOptions) else ""


def lacp_of(own: BondStatus) -> Status:
    """The active aggregator, and whom it is with."""
    info = own.ad_info
    partner = "" if info.partner_mac == NO_PARTNER else info.partner_mac
    return {
        "aggregator": info.aggregator,
        "ports": info.ports,
        "actor_key": info.actor_key,
        "partner_key": info.partner_key,
        "partner_mac": partner,
    }


def words_of_bond(device: str, there: LiveLink | None, used: list[str], ports: list[Status]) -> str:
    if there is None:
        return f"{device} is not there: it is not plugged"
    if not there.link.carrier:
        return f"{device} is without carrier"
    missing = [port["device"] for port in ports if not port["carrier"]]
    said = f"{device} uses {', '.join(used) or 'no member'}"
    return f"{said}; without carrier: {', '.join(missing)}" if missing else said


def port_status(
    device: str, bond: str, mode: str, own: BondStatus, live: Live, devices: Mapping[str, Device]
) -> Status:
    """One member: its link, what the bond makes of it, and its side of LACP."""
    found, nic = live.get(device), devices.get(device)
    port = found.port if found and found.port else PortStatus()
    inside = _is_in(found, bond)
    has_carrier = bool(found and found.link.carrier)
    obstacle = _obstacle(device, bond, found, port, mode, own) if inside or not found else ""
    if found is not None and not inside:
        obstacle = f"{device} is not in {bond}"
    used = not obstacle and (not own.active_slave or own.active_slave == device or mode != "active-backup")
    return {
        "device": device,
        "carrier": has_carrier,
        "speed": nic.speed if nic and has_carrier else 0,
        "full_duplex": bool(nic and nic.full_duplex and has_carrier),
        "MAC": port.perm_hwaddr,
        "state": port.state,
        "mii_status": port.mii_status,
        "link_failures": port.link_failure_count,
        "used": used,
        "lacp": _lacp_of_port(port) if mode == LACP and inside else {},
        "words": obstacle or (f"{device} is in use" if used else f"{device} is up and ready to take over"),
    }


def _is_in(found: LiveLink | None, bond: str) -> bool:
    return found is not None and found.link.master == bond and found.port is not None


def history_of(port: PortHistory | None) -> Status:
    """flaps: how often the link has gone.  changes: the latest ones, the newest last.

    Times are texts, because XenAPI's dates have no parts of seconds.
    """
    known = port.changes if port is not None else []
    changes: list[Status] = [{"time": text_of(at), "carrier": carrier} for at, carrier in known]
    return {
        "flaps": port.losses if port is not None else 0,
        "last_change": changes[-1]["time"] if changes else "",
        "changes": changes,
    }


def text_of(at: datetime) -> str:
    """In UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lacp_of_port(port: PortStatus) -> Status:
    return {
        "aggregator": port.aggregator_id,
        "actor_state": _names(port.actor_oper_port_state),
        "partner_state": _names(port.partner_oper_port_state),
        "actor_churn": port.churn_actor_state,
        "partner_churn": port.churn_partner_state,
    }


def _names(state: int) -> list[str]:
    """The bits that are set, in lower case."""
    return [str(bit.name).lower() for bit in LACPState if state & bit]


def _obstacle(
    device: str, bond: str, found: LiveLink | None, port: PortStatus, mode: str, own: BondStatus
) -> str:
    """Why no traffic goes over a member; empty if it could."""
    if found is None:
        return f"{device} is not there"
    if not found.link.up:
        return f"{device} is down"
    if not found.link.carrier:
        return f"{device} is without carrier"
    if port.mii_status == "going back":
        return f"{device} has carrier again, and is used when updelay has passed"
    if port.mii_status == "down":
        return f"{device} has carrier, and the bond does not take its link for up yet"
    return _lacp_obstacle(device, port, own) if mode == LACP else ""


def _lacp_obstacle(device: str, port: PortStatus, own: BondStatus) -> str:
    state = LACPState(port.actor_oper_port_state)
    if LACPState.DEFAULTED in state:
        return f"{device} is up but not aggregated: the partner sends no LACPDUs"
    if LACPState.EXPIRED in state:
        return f"{device} is up but not aggregated: the partner has stopped sending LACPDUs"
    if port.aggregator_id != own.ad_info.aggregator:
        return f"{device} is up but not aggregated: its partner is another one than that of the other members"
    if LACPState.DISTRIBUTING not in state:
        return f"{device} is up but not aggregated yet: LACP is being negotiated"
    return ""
