"""The setters that every class has for its RW fields: set_<field>, and add and remove for maps and sets.

A key or a value that pifd cannot act on is refused, because nothing that a caller asks for may be dropped
silently; keys that pifd does not know are the caller's own (CHECKS).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.errors import MapDuplicateKey
from agent.model.draft import Draft, Plan
from agent.model.facts import NO_FACTS, Facts
from agent.model.model import Model
from agent.model.records import PIF, VIF, VM, Network, R, Ref, Tunnel
from agent.rules import field_checks as checks
from agent.rules.bond_checks import check_old_keys
from agent.rules.network import checked_mtu
from agent.rules.vm import checked_hosts

Check = Callable[[Model, Any, Any], None]
"""Takes the model with the change in it, and the record before and after; raises Failure."""

CHECKS: Mapping[tuple[str, str], Check] = {
    (Network.class_name, "MTU"): checks.check_network_mtu,
    (Network.class_name, "other_config"): checks.check_network_other_config,
    (PIF.class_name, "other_config"): checks.check_pif_other_config,
    (Tunnel.class_name, "other_config"): checks.check_tunnel_other_config,
    (VIF.class_name, "other_config"): checks.check_vif_other_config,
    (VM.class_name, "affinity"): checks.check_affinity,
    (VM.class_name, "is_a_template"): checks.check_is_a_template,
}


def set_field(
    model: Model, kind: type[R], name: str, self: Ref[R], value: Any, *, facts: Facts = NO_FACTS
) -> Plan:
    """set_<field>: the field of a record gets this value."""
    before = model.find(kind, self)
    draft = Draft(model)
    after = draft.put(replace(before, **{name: stored_value(model, kind, name, value)}))
    check = CHECKS.get((kind.class_name, name))
    if check is not None:
        check(draft.model, before, after)
    if isinstance(before, PIF) and isinstance(after, PIF):
        check_old_keys(draft.model, before, after, facts)
    return Plan(model, draft.model)


def add_to(
    model: Model, kind: type[R], name: str, self: Ref[R], key: str, value: str, *, facts: Facts = NO_FACTS
) -> Plan:
    """add_to_<map>: a key that is there already is refused, as in XenAPI."""
    record = model.find(kind, self)
    known: Mapping[str, str] = getattr(record, name)
    if key in known:
        raise MapDuplicateKey(kind.class_name, name, record.uuid, key)
    return set_field(model, kind, name, self, {**known, key: value}, facts=facts)


def put_in(
    model: Model, kind: type[R], name: str, self: Ref[R], value: Mapping[str, str], *, facts: Facts = NO_FACTS
) -> Plan:
    """put_in_<map>, pifd's own: keys get these values, and the others keep theirs, whoever sets them."""
    known: Mapping[str, str] = getattr(model.find(kind, self), name)
    return set_field(model, kind, name, self, {**known, **value}, facts=facts)


def remove_from(
    model: Model, kind: type[R], name: str, self: Ref[R], key: str, *, facts: Facts = NO_FACTS
) -> Plan:
    """remove_from_<map>: a key that is not there is no matter, as in XenAPI."""
    known: Mapping[str, str] = getattr(model.find(kind, self), name)
    if key not in known:
        return Plan(model, model)
    return set_field(model, kind, name, self, {k: v for k, v in known.items() if k != key}, facts=facts)


def add(model: Model, kind: type[R], name: str, self: Ref[R], value: str) -> Plan:
    """add_<set>: a value that is there already is no matter, as in XenAPI."""
    known: Sequence[str] = getattr(model.find(kind, self), name)
    return set_field(model, kind, name, self, (*known, value))


def remove(model: Model, kind: type[R], name: str, self: Ref[R], value: str) -> Plan:
    """remove_<set>: a value that is not there is no matter, as in XenAPI."""
    known: Sequence[str] = getattr(model.find(kind, self), name)
    return set_field(model, kind, name, self, tuple(item for item in known if item != value))


def stored_value(model: Model, kind: type[R], name: str, value: Any) -> Any:
    """The value in the form that a record keeps: a set has each element once, an MTU of 0 is the default."""
    if (kind, name) == (VM, "possible_hosts"):
        return checked_hosts(model, value)
    if (kind, name) == (Network, "MTU"):
        return checked_mtu(value)
    return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value
