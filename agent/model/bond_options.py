"""What a Bond's mode and properties mean for Linux: XenAPI's words, and the kernel's own, as BondOptions.

XenAPI knows three modes and, for lacp, four properties; all others are the kernel's, by its names.  An option
of a port is written `<device>.<option>`.  The old other_config:bond-<name> keys of the master's PIF override
the Bond's properties, as they do in XenAPI.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.kernel.kinds.bond import ONE_ACTIVE, BondOptions
from agent.kernel.kinds.bond_port import BondPortOptions
from agent.kernel.kinds.option import Row, table
from agent.kernel.kinds.types import Value
from agent.model.facts import Bonding
from agent.model.model import Model, slaves
from agent.model.records import PIF, Bond, BondMode

Properties = Mapping[str, str]

KERNEL_MODES: Mapping[BondMode, str] = {BondMode.LACP: "802.3ad", BondMode.BALANCE_SLB: "balance-xor"}
"""The kernel's names of the modes whose XenAPI name is another."""

OTHER_NAMES: Mapping[str, BondMode] = {"802.3ad": BondMode.LACP}

DELAY = 200
"""Milliseconds for which a port's link must have been down, or up again, before the bond believes it."""

SLB_HASH = "vlan+srcmac"
AUTOMATIC_HASHING = {"tcpudp_ports": "layer3+4", "src_mac": SLB_HASH}


@dataclass(frozen=True, slots=True)
class XenProperty:
    """A property that has XenAPI's name: the option that it sets, its values, and what holds without it."""

    option: str
    values: Mapping[str, str]
    default: str = ""


LACP_PROPERTIES: Mapping[str, XenProperty] = {
    "hashing_algorithm": XenProperty("xmit_hash_policy", AUTOMATIC_HASHING, "tcpudp_ports"),
    "lacp-time": XenProperty("lacp_rate", {"slow": "slow", "fast": "fast"}, "slow"),
    "lacp-aggregation-key": XenProperty("ad_user_port_key", {}),
    "lacp-fallback-ab": XenProperty("lacp_strict", {"true": "0", "false": "1"}, "true"),
}
XEN_PROPERTIES: Mapping[BondMode, Mapping[str, XenProperty]] = {BondMode.LACP: LACP_PROPERTIES}

OLD_PREFIX = "bond-"
OLD_MODE = "mode"
OLD_MODE_KEY = OLD_PREFIX + OLD_MODE
OLD_NAMES = {"hashing-algorithm": "hashing_algorithm"}
"""The old keys whose property has another name."""


class BadProperty(ValueError):
    """A property can't be so.  Its text is the reason."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name, self.why = name, why


@dataclass(frozen=True, slots=True)
class BondSettings:
    """What a bond and its ports, by their devices, are told."""

    options: BondOptions
    ports: Mapping[str, BondPortOptions] = field(default_factory=dict)


def effective_settings(model: Model, bond: Bond) -> BondSettings:
    """The options of a bond, without those that the kernel can't set."""
    mode, master = effective_mode(model, bond), model.get(bond.master)
    devices = [slave.device for slave in slaves(model, bond)]
    properties = usable(mode, with_old_keys(bond.properties, master.other_config), devices)
    return settings_of(mode, properties, devices)


def effective_mode(model: Model, bond: Bond) -> BondMode:
    """The mode, which the master's old key overrides."""
    old = old_mode(model.get(bond.master))
    return bond.mode if old is None else old


def old_mode(master: PIF) -> BondMode | None:
    """What the old key says of the mode; None of one that does not exist."""
    return mode_named(master.other_config.get(OLD_MODE_KEY, ""))


def mode_named(name: str) -> BondMode | None:
    """A mode by XenAPI's name or by the kernel's."""
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    return BondMode(name) if name in set(BondMode) else None


def kernel_mode(mode: BondMode) -> str:
    """The kernel's name of a mode."""
    return KERNEL_MODES.get(mode, mode.value)


def needs_announcing(model: Model) -> bool:
    """Whether the host has a bond whose changes the kernel tells no switch."""
    modes = (BondMode.BALANCE_SLB, BondMode.LACP)
    return any(effective_mode(model, bond) in modes for bond in model.all(Bond))


def has_one_active(mode: BondMode) -> bool:
    """Whether one slave carries the traffic, or its incoming half, while the others wait."""
    return kernel_mode(mode) in ONE_ACTIVE


def defaults(mode: BondMode) -> Properties:
    """The properties that XenAPI writes down for a mode when nobody gives them."""
    known = XEN_PROPERTIES.get(mode, {})
    return {name: one.default for name, one in known.items() if one.default}


def with_old_keys(properties: Properties, other_config: Mapping[str, str]) -> Properties:
    """The properties with those in their place that the old keys of the master's PIF give."""
    old = {key.removeprefix(OLD_PREFIX): v for key, v in other_config.items() if key.startswith(OLD_PREFIX)}
    named = {OLD_NAMES.get(name, name): value for name, value in old.items() if name != OLD_MODE}
    return {**properties, **named}


def with_names(properties: Properties, names: Mapping[str, str], prefix: str = "") -> Properties:
    """The properties of a bond whose members are called otherwise now.

    prefix: of the keys that are meant, where there are others beside them.
    """
    found = {}
    for key, value in properties.items():
        device, dot, option = key.removeprefix(prefix).rpartition(".")
        is_meant = key.startswith(prefix)
        if is_meant and dot and device in names:
            key = f"{prefix}{names[device]}.{option}"
        elif is_meant and key.removeprefix(prefix) == "primary":
            value = names.get(value, value)
        found[key] = value
    return found


def settings_of(mode: BondMode, properties: Properties, devices: Sequence[str]) -> BondSettings:
    """What the properties mean for a bond of some devices.  Raises BadProperty."""
    given = dict(_given(mode, properties))
    options = _with_defaults(mode, given)
    _check_together(options, given)
    _check_primary(options, devices)
    return BondSettings(options, dict(_ports(mode, properties, devices)))


def usable(mode: BondMode, properties: Properties, devices: Sequence[str]) -> Properties:
    """The properties that go together, the earlier ones first: what is left of those of another mode,
    or of other ports."""
    kept: dict[str, str] = {}
    for name, value in properties.items():
        try:
            settings_of(mode, {**kept, name: value}, devices)
        except BadProperty:
            continue
        kept[name] = value
    return kept


def lacking(mode: BondMode, settings: BondSettings, bonding: Bonding) -> Iterator[BadProperty]:
    """What of it the running kernel can't do."""
    if f"mode={mode}" in bonding.lacks:
        yield BadProperty("mode", bonding.lacks[f"mode={mode}"])
    told = [settings.options, *settings.ports.values()]
    for options in told:
        for name, row in table(type(options)).items():
            value = getattr(options, name)
            text = row.option.type.text(value)
            why = bonding.lacks.get(name) or bonding.lacks.get(f"{name}={text}")
            if why and value != row.default:
                yield BadProperty(name, why)


def _given(mode: BondMode, properties: Properties) -> Iterator[tuple[str, Value]]:
    """The options that are given, by the kernel's names; these win over XenAPI's."""
    known = XEN_PROPERTIES.get(mode, {})
    for name, text in properties.items():
        if name in known:
            yield known[name].option, _xen_value(name, known[name], text)
    for name, text in properties.items():
        if name not in known and "." not in name:
            yield _row(mode, name).name, _value(_row(mode, name), name, text)


def _xen_value(name: str, one: XenProperty, text: str) -> Value:
    if one.values and text not in one.values:
        raise BadProperty(name, f"must be {' or '.join(one.values)}")
    return _value(ROWS[one.option], name, one.values.get(text, text))


def _row(mode: BondMode, name: str) -> Row:
    row = ROWS.get(name)
    if name == "active_slave":
        raise BadProperty(name, "no property: Bond.set_active_slave makes a member the active one")
    if row is None or row.name == "mode":
        raise BadProperty(name, f"{mode} has no such property")
    if not row.option.applies(kernel_mode(mode)):
        raise BadProperty(name, f"only {', '.join(sorted(row.option.modes))} have it")
    if mode == BondMode.BALANCE_SLB and row.name == "xmit_hash_policy":
        raise BadProperty(name, f"balance-slb has {SLB_HASH} always")
    return row


def _value(row: Row, name: str, text: str) -> Value:
    try:
        return row.option.type.read(text)
    except ValueError as error:
        raise BadProperty(name, str(error)) from error


def _with_defaults(mode: BondMode, given: Mapping[str, Value]) -> BondOptions:
    """ARP monitoring takes the place of MII monitoring, and both can't be; delays are whole intervals."""
    base = BondOptions(mode=kernel_mode(mode))
    if mode == BondMode.BALANCE_SLB:
        base = replace(base, xmit_hash_policy=SLB_HASH)
    if given.get("arp_interval"):
        base = replace(base, miimon=0)
    miimon = int(str(given.get("miimon", base.miimon)))
    delay = -(-DELAY // miimon) * miimon if miimon else 0
    values: dict[str, Any] = {"updelay": delay, "downdelay": delay, **given}
    return replace(base, **values)


def _check_together(options: BondOptions, given: Mapping[str, Value]) -> None:
    for name, why in _contradictions(options):
        raise BadProperty(name if name in given else next(iter(given), name), why)


def _contradictions(options: BondOptions) -> Iterator[tuple[str, str]]:
    """What the kernel refuses, or takes and then makes nothing of."""
    targets = (*options.arp_ip_target, *options.ns_ip6_target)
    if options.miimon and options.arp_interval:
        yield "arp_interval", "the ports are watched by miimon or by arp_interval, not by both"
    if not options.miimon and not options.arp_interval:
        yield "miimon", "0 without arp_interval: nothing would notice that a port is down"
    if options.arp_interval and not targets:
        yield "arp_interval", "needs addresses to probe: arp_ip_target or ns_ip6_target"
    if options.arp_validate != "none" and not options.arp_interval:
        yield "arp_validate", "needs arp_interval"
    for name, row in ROWS.items():
        value = getattr(options, row.name)
        if name == row.name and row.option.multiple_of and value:
            unit = getattr(options, row.option.multiple_of)
            if not unit:
                yield name, f"needs {row.option.multiple_of}"
            elif value % unit:
                yield name, f"must be a multiple of {row.option.multiple_of}, {unit}"


def _check_primary(options: BondOptions, devices: Sequence[str]) -> None:
    if options.primary and options.primary not in devices:
        raise BadProperty("primary", f"{options.primary} is no member; the members are {', '.join(devices)}")


def _ports(
    mode: BondMode, properties: Properties, devices: Sequence[str]
) -> Iterator[tuple[str, BondPortOptions]]:
    """The options of each port, of the properties `<device>.<option>`."""
    found: dict[str, dict[str, Value]] = {}
    for name, text in properties.items():
        device, dot, option = name.rpartition(".")
        if not dot:
            continue
        row = table(BondPortOptions).get(option)
        if row is None:
            raise BadProperty(
                name, f"ports have no such option; they have {', '.join(table(BondPortOptions))}"
            )
        if device not in devices:
            raise BadProperty(name, f"{device} is no member; the members are {', '.join(devices)}")
        if not row.option.applies(kernel_mode(mode)):
            raise BadProperty(name, f"only {', '.join(sorted(row.option.modes))} have it")
        found.setdefault(device, {})[option] = _value(row, name, text)
    _check_queues(found)
    for device, values in found.items():
        yield device, replace(BondPortOptions(), **values)  # type: ignore[arg-type]  # by the table


def _check_queues(found: Mapping[str, Mapping[str, Value]]) -> None:
    """One queue has one port."""
    seen: dict[Value, str] = {}
    for device, values in found.items():
        queue = values.get("queue_id")
        if queue and queue in seen:
            raise BadProperty(f"{device}.queue_id", f"{seen[queue]} has queue {queue}")
        if queue:
            seen[queue] = device


def _rows() -> Iterator[tuple[str, Row]]:
    for name, row in table(BondOptions).items():
        yield name, row
        for alias in row.option.aliases:
            yield alias, row


ROWS: Mapping[str, Row] = dict(_rows())
"""The options by their names, the other names that the kernel has for some among them."""
