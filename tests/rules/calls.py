"""Any call of the rules', with arguments drawn from what the model has and from nonsense."""

from collections.abc import Callable, Mapping, Sequence
from inspect import getmembers, isfunction, signature
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

from agent.model.draft import Plan
from agent.model.facts import NIC, Facts
from agent.model.model import Model
from agent.model.records import CLASSES, PIF, VM, Host, Network, Record, Ref
from agent.rules import (
    bond,
    constant_fields,
    host,
    network,
    pif,
    pool,
    reconfigure,
    setters,
    tunnel,
    vif,
    vlan,
    vm,
)
from agent.schema import CLASSES as SCHEMA
from agent.schema.field import RW
from tests.worlds.models import Numbers
from tests.worlds.world import mac

Rule = Callable[..., Plan]

NOTHING = Ref[Record]("OpaqueRef:00000000-0000-0000-0000-00000000dead")
FACTS = Facts(nics=tuple(NIC(device=f"eth{n}", MAC=mac(n + 1), MTU=1500) for n in range(8)))
TEXTS: Mapping[str, Sequence[str]] = {
    "MAC": ("", "", mac(200), "junk"),
    "mode": ("Static", "Static", "None", "Magic"),
    "IP": ("10.9.0.2", "10.0.3.2", ""),
    "netmask": ("255.255.255.0", ""),
    "gateway": ("", "", "10.9.0.1", "10.1.1.1", "2001:db8:9::1", "fe80::1"),
    "IPv6": ("2001:db8:9::2/64", "2001:db8:1::10/64", "fe80::2/64", "", "junk"),
    "primary_address_type": ("IPv4", "IPv6", "IPv5"),
    "name": ("gro", "colour"),
    "value": ("on", "active-backup", "lacp", "unlocked", "network_default", "nbd"),
    "DNS": ("", "192.0.2.53", "junk"),
    "device": ("eth0", "bond0", "eth6", "no device"),
    "protocol": ("gre", "vxlan", "ip"),
}
NUMBERS = (5, 6, 7, 0, 9000, 1280, 4095, -1)
MAPS: Sequence[Mapping[str, str]] = (
    {},
    {"colour": "red"},
    {"mtu": "1400"},
    {"static-routes": "junk"},
    {"tunnel-key": "7"},
    {"remote-ips": "10.0.3.9"},
    {"host-device": "tap7"},
)


def rules_of(module: ModuleType) -> list[Rule]:
    """The calls of a module: the functions that make a Plan of a Model."""
    found = [rule for _, rule in getmembers(module, isfunction) if rule.__module__ == module.__name__]
    return [rule for rule in found if is_call(rule)]


def is_call(rule: Callable[..., Any]) -> bool:
    hints = get_type_hints(rule)
    parameters = [name for name in signature(rule).parameters if name != "model"]
    return hints.get("return") is Plan and not any(
        isinstance(hints[name], type) and issubclass(hints[name], Record) for name in parameters
    )


MODULES = (bond, constant_fields, host, network, pif, pool, reconfigure, tunnel, vif, vlan, vm)
CALLS = [
    rule
    for module in MODULES
    for rule in rules_of(module)
    if rule != host.management_disable  # it takes management away, which no other call does
]
BONDS: Sequence[Rule] = (bond.create, bond.destroy)
OFTEN = (*CALLS, *BONDS, *BONDS, *BONDS, *BONDS)
RW_FIELDS = [
    (kind, field.name) for kind in CLASSES for field in SCHEMA[kind.class_name].fields if field.access == RW
]


def called(model: Model, drawn: Numbers) -> Plan:
    """What a call decides, often a bond's, sometimes a setter's; may raise a Failure."""
    if drawn.once_in(6):
        return set_something(model, drawn)
    rule = drawn.one_of(OFTEN)
    hints = get_type_hints(rule)
    given = {
        name: argument(model, drawn, rule, name, hints[name])
        for name in signature(rule).parameters
        if name != "model"
    }
    return rule(model, **given)


def set_something(model: Model, drawn: Numbers) -> Plan:
    """A field that a client may write gets some value of its type."""
    kind, name = drawn.one_of(RW_FIELDS)
    value = {
        "other_config": drawn.one_of(MAPS),
        "MTU": drawn.one_of(NUMBERS),
        "tags": ["a"],
        "possible_hosts": [drawn.one_of(model.all(Host)).ref],
        "affinity": drawn.one_of(model.all(Host)).ref,
        "is_a_template": drawn.once_in(2),
    }.get(name, "some words")
    return setters.set_field(model, kind, name, some_ref(model, drawn, kind), value)


def argument(model: Model, drawn: Numbers, rule: Rule, name: str, kind: Any) -> Any:
    """A value for a parameter, by its type and name."""
    if name == "record":
        return record_for(model, drawn, rule)
    if (rule, name) == (bond.create, "mode"):
        return drawn.one_of(("active-backup", "balance-slb", "lacp", "balance-xor", "magic"))
    if name in TEXTS and kind is str:
        return drawn.one_of(TEXTS[name])
    if get_origin(kind) is Ref:
        return some_ref(model, drawn, get_args(kind)[0])
    if name == "members":
        NICs = [pif.ref for pif in model.all(PIF) if pif.physical] or [NOTHING]
        return [
            drawn.one_of(NICs) if drawn.below(8) else some_ref(model, drawn, PIF)
            for _ in range(1 + drawn.below(3))
        ]
    by_type: Mapping[Any, Any] = {bool: drawn.once_in(2), int: drawn.one_of(NUMBERS), Facts: FACTS}
    return by_type.get(kind, {})


def record_for(model: Model, drawn: Numbers, rule: Rule) -> Mapping[str, Any]:
    """What the creating calls take."""
    if rule == network.create:
        return {"MTU": drawn.one_of((1500, 9000, 1300)), "other_config": drawn.one_of(MAPS)}
    if rule == vm.create:
        return {"name_label": "new", "possible_hosts": [drawn.one_of(model.all(Host)).ref]}
    return {
        "device": str(drawn.below(4)),
        "VM": some_ref(model, drawn, VM),
        "network": some_ref(model, drawn, Network),
        "currently_attached": drawn.once_in(4),
    }


def some_ref(model: Model, drawn: Numbers, kind: type[Record]) -> Ref[Any]:
    """A reference of the class, most often to a free network; seldom of another class, or to nothing."""
    free = kind is Network and drawn.below(4)
    own = [r.ref for r in model.all(kind) if not free or not model.by(PIF, "network", r.ref)]
    anything = [NOTHING, *(record.ref for record in model.records.values())]
    return drawn.one_of(anything if drawn.once_in(20) or not own else own)
