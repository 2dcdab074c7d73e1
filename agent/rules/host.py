"""host.management_reconfigure."""

from dataclasses import replace

from agent.draft import Draft, Plan
from agent.errors import (
    PIFHasNoNetworkConfiguration,
    PIFHasNoV6NetworkConfiguration,
    PIFIncompatiblePrimaryAddressType,
)
from agent.model import Model, management_of
from agent.record import PIF, AddressType, Ref
from agent.rules.attach import bring_up, check_managed, check_not_slave
from agent.rules.pif import address_type_is_configured


def management_reconfigure(model: Model, pif: Ref[PIF]) -> Plan:
    """Make a PIF the management interface, plugged; the one before stays up with its address.

    Beyond XenAPI, an unmanaged PIF is refused and the address type is really compared (in XenAPI's
    implementation that check sits where it never surfaces).
    """
    new = model.find(PIF, pif)
    old = management_of(model, new.host)
    check_not_slave(new)
    check_has_ip(new)
    check_managed(new)
    if old is not None and _type(old) != _type(new):
        raise PIFIncompatiblePrimaryAddressType(new.ref)
    draft = Draft(model)
    if old is not None:
        draft.put(replace(old, management=False))
    bring_up(draft, new)
    draft.put(replace(draft.model.get(new.ref), management=True))
    return Plan(model, draft.model)


def check_has_ip(pif: PIF) -> None:
    """Management needs an IP configuration in the family that the PIF prefers."""
    if not address_type_is_configured(pif):
        if _type(pif) == AddressType.IPV6:
            raise PIFHasNoV6NetworkConfiguration(pif.ref)
        raise PIFHasNoNetworkConfiguration(pif.ref)


def _type(pif: PIF) -> AddressType:
    return pif.ip_configuration.primary_address_type
