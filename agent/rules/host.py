"""The host calls: management_reconfigure, management_disable, local_management_reconfigure."""

from dataclasses import replace

from agent.errors import (
    NotInEmergencyMode,
    OperationNotAllowed,
    PIFHasNoNetworkConfiguration,
    PIFHasNoV6NetworkConfiguration,
    PIFIncompatiblePrimaryAddressType,
)
from agent.model.default_route import gateway_pif
from agent.model.draft import Draft, Plan
from agent.model.model import Model, here, management, management_of
from agent.model.records import PIF, AddressType, Ref
from agent.rules.pif import address_type_is_configured
from agent.rules.plugging import bring_up, check_managed, check_not_slave


def management_reconfigure(model: Model, pif: Ref[PIF]) -> Plan:
    """Make a PIF the management interface, plugged; the one before stays up with its address.

    Beyond XenAPI, an unmanaged PIF is refused and the address type is really compared (in XenAPI's
    implementation that check sits where it never surfaces).
    """
    new = model.find(PIF, pif)
    check_usable(new)
    check_address_type(model, new)
    draft = Draft(model)
    hand_over_management(draft, new)
    return Plan(model, draft.model)


def management_disable(model: Model) -> Plan:
    """This host has no management interface any more (XenAPI, host.management_disable).

    Nothing is unplugged and no address goes: this API is not served over the network anyway.
    """
    draft = Draft(model)
    old = management(model)
    if old is not None:
        draft.put(replace(old, management=False))
    check_default_routes_stay(here(model), here(draft.model))
    return Plan(model, draft.model)


def local_management_reconfigure(model: Model, interface: str) -> Plan:
    """XenAPI's way out of an emergency, in which a pool's member has lost its master: never so here."""
    raise NotInEmergencyMode()


def check_usable(pif: PIF) -> None:
    """What a management interface must be, in XenAPI's order: no slave, configured, and pifd's."""
    check_not_slave(pif)
    check_has_ip(pif)
    check_managed(pif)


def check_address_type(model: Model, new: PIF) -> None:
    """The PIF prefers the family that management has now."""
    old = management_of(model, new.host)
    if old is not None and _type(old) != _type(new):
        raise PIFIncompatiblePrimaryAddressType(new.ref)


def hand_over_management(draft: Draft, new: PIF) -> None:
    """The PIF is plugged, and management in the place of the one before."""
    old = management_of(draft.model, new.host)
    if old is not None:
        draft.put(replace(old, management=False))
    bring_up(draft, draft.model.get(new.ref))
    draft.put(replace(draft.model.get(new.ref), management=True))


def check_has_ip(pif: PIF) -> None:
    """Management needs an IP configuration in the family that the PIF prefers."""
    if not address_type_is_configured(pif):
        if _type(pif) == AddressType.IPV6:
            raise PIFHasNoV6NetworkConfiguration(pif.ref)
        raise PIFHasNoNetworkConfiguration(pif.ref)


def check_default_routes_stay(before: Model, after: Model) -> None:
    """Without a management interface no other PIF's gateway is taken: the host could be cut off by that."""
    for version in (4, 6):
        old, new = (gateway_pif(_plugged(model), version) for model in (before, after))
        if old is not None and new is not None and old.ref != new.ref:
            raise OperationNotAllowed(
                f"the default route would go from {old.device} to {new.device}: "
                "say by other_config:defaultroute=true whose it is"
            )


def _plugged(model: Model) -> list[PIF]:
    return [pif for pif in model.all(PIF) if pif.currently_attached and pif.managed]


def _type(pif: PIF) -> AddressType:
    return pif.ip_configuration.primary_address_type
