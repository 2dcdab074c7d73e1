"""Condition: what of the host's network is not as the model says, and why, for people to read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.desired.desired import desired
from agent.engine.fault_attribution import devices_of
from agent.engine.faults import Faults
from agent.kernel.parts import differences
from agent.kernel.state import KernelState
from agent.model.layering import Given, attached_with_ip, bridge_of
from agent.model.model import Model, vlan_over, vlans_on
from agent.model.records import PIF, VIF, Ref
from agent.model.vifs import device_of, is_plugged

Port = PIF | VIF


@dataclass(frozen=True)
class Condition:
    """failures: the PIFs and VIFs that should be up and are not, with the reason.  deviations: those that are
    up, or need not be, and have not all that they should.  others: what is nobody's of these.

    missing: the devices that were given to pifd and are not there.  without_ipv6: the bridges that should
    have IPv6 addresses, and on which IPv6 is switched off.
    """

    failures: Mapping[Ref[Any], str] = field(default_factory=dict)
    deviations: Mapping[Ref[Any], str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset()
    without_ipv6: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.failures or self.deviations or self.others)


ALL_IS_WELL = Condition()
NOTHING: Mapping[Any, str] = MappingProxyType({})


def condition_of(
    model: Model, actual: KernelState, given: Given, faults: Faults, unclear: Mapping[Ref[Any], str] = NOTHING
) -> Condition:
    """How a model's network is.  unclear: why the cards of some PIFs are not there."""
    missing = dict(_missing(model, actual))
    missing |= {ref: unclear[ref] for ref in missing if ref in unclear}
    failures = {ref: why for ref, why in faults.ports.items() if ref in model.records}
    failures |= {ref: why for ref, why in missing.items() if _is_wanted(model, model.get(ref))}
    deviations = {ref: why for ref, why in missing.items() if ref not in failures}
    others: list[str] = []
    found = differences(actual, desired(model, actual, given))
    owners = _owners(model) if found else {}
    for part, words in found.items():
        why, owner = faults.parts.get(part, words), owners.get(part.link)
        if owner is None:
            others.append(why)
        elif part.is_structure and _is_wanted(model, owner):
            failures.setdefault(owner.ref, why)
        elif owner.ref not in failures:
            deviations.setdefault(owner.ref, why)
    off = without_ipv6(model, actual)
    for pif in off.values():
        deviations.setdefault(pif.ref, f"IPv6 is switched off on {bridge_of(model, pif)}, by disable_ipv6")
    devices = {_lower_device(model, model.get(ref)) for ref in missing}
    devices |= {device_of(model, vif) for vif in missing_vifs(model, actual)}
    return Condition(failures, deviations, tuple(dict.fromkeys(others)), frozenset(devices), frozenset(off))


def without_ipv6(model: Model, actual: KernelState) -> Mapping[str, PIF]:
    """By its bridge each PIF that should have IPv6 addresses, and can't."""
    if not actual.no_ipv6:
        return {}
    asked = {bridge_of(model, pif): pif for pif in attached_with_ip(model) if pif.ip_configuration.IPv6}
    return {bridge: pif for bridge, pif in asked.items() if bridge in actual.no_ipv6}


def _missing(model: Model, actual: KernelState) -> Iterator[tuple[Ref[Any], str]]:
    """The PIFs of NICs that are not there, and of VLANs on such."""
    for nic in model.by(PIF, "physical", True):
        if nic.managed and nic.device not in actual.links:
            uppers = (vlan.untagged_PIF for vlan in vlans_on(model, nic.ref))
            yield from ((ref, f"{nic.device} is not there") for ref in (nic.ref, *uppers))


def missing_vifs(model: Model, actual: KernelState) -> Iterator[VIF]:
    """The plugged VIFs whose devices are not there: that is the toolstack's affair."""
    return (
        vif
        for vif in model.by(VIF, "currently_attached", True)
        if is_plugged(model, vif) and device_of(model, vif) not in actual.links
    )


def _is_wanted(model: Model, port: Port) -> bool:
    """Whether it should be up; a slave with its bond."""
    if isinstance(port, VIF):
        return is_plugged(model, port)
    if port.bond_slave_of is not None:
        return model.get(model.get(port.bond_slave_of).master).currently_attached
    return port.currently_attached


def _owners(model: Model) -> Mapping[str, Port]:
    """Whose each device is; a bridge is its plugged PIF's."""
    found: dict[str, Port] = {}
    for pif in model.all(PIF):
        if pif.currently_attached:
            found[bridge_of(model, pif)] = pif
    for vif in model.all(VIF):
        if is_plugged(model, vif):
            found[device_of(model, vif)] = vif
    for pif in model.all(PIF):
        found |= dict.fromkeys(devices_of(model, pif), pif)
    return found


def _lower_device(model: Model, port: PIF) -> str:
    vlan = vlan_over(model, port)
    return port.device if vlan is None else model.get(vlan.tagged_PIF).device


def words_for(model: Model, condition: Condition, trouble: str = "") -> str:
    """One line for the service manager and the log."""
    if not model.table.has(PIF):
        return trouble or "there is no NIC"
    wrong = [trouble] if trouble else []
    wrong += [f"{_name(model, model.get(ref))} is not up ({why})" for ref, why in condition.failures.items()]
    wrong += [f"{_name(model, model.get(ref))}: {why}" for ref, why in condition.deviations.items()]
    wrong += condition.others
    if not model.by(PIF, "management", True):
        wrong.append("there is no management interface")
    if not wrong:
        return "the network is in the model's state"
    more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
    return f"not in the model's state: {'; '.join(wrong[:MOST_TOLD])}{more}"


MOST_TOLD = 5
"""How many faults one line names."""


def _name(model: Model, port: Port) -> str:
    return (
        device_of(model, port) if isinstance(port, VIF) else "/".join(devices_of(model, port)) or port.device
    )
