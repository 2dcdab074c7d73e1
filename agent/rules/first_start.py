"""The first start on a host: what the model is to be when the store is empty."""

from collections.abc import Sequence
from dataclasses import replace

from agent.errors import CannotTakeOver, ConfiguredByOther, LeftBehind
from agent.model.draft import Draft, Plan
from agent.model.facts import NIC, Facts
from agent.model.model import Model
from agent.model.records import AddressType, Host, IPConfiguration, Pool
from agent.rules.pif import add_physical
from agent.rules.take_over import family_of, is_taken_over, take_over


def first_start(hostname: str, facts: Facts, seed: bytes = b"", *, plug_spares: bool = False) -> Plan:
    """Every NIC gets its PIF and network; those in use are plugged as they are, one is management.

    plug_spares: those that nobody uses are plugged, too, unless they are down: then somebody wants that.
    """
    check_no_leftovers(facts.owned)
    check_supported(facts.nics)
    draft = Draft(Model(seed=seed))
    host = draft.put(Host(uuid=draft.new_uuid(), name_label=hostname, hostname=hostname))
    draft.put(Pool(uuid=draft.new_uuid(), master=host.ref))
    management = management_nic(facts.nics)
    if management is not None and management.configured_by:
        raise ConfiguredByOther(management.device, management.configured_by)
    free = IPConfiguration(primary_address_type=family_of(management) if management else AddressType.IPV4)
    for nic in facts.nics:
        pif = draft.put(replace(add_physical(draft, host, nic, facts), ip_configuration=free))
        if nic == management:
            pif = take_over(draft, pif, nic, facts.nameservers, management=True)
            draft.put(replace(pif, management=True))
        elif is_taken_over(nic):
            take_over(draft, pif, nic)
        elif plug_spares and pif.managed:
            draft.put(replace(pif, currently_attached=nic.up, stays_unplugged=not nic.up))
    return Plan(Model(), draft.model)


def management_nic(nics: Sequence[NIC]) -> NIC | None:
    """The NIC of the default route that the kernel takes, IPv4's first; else the first with an address."""
    usable = [nic for nic in nics if is_taken_over(replace(nic, configured_by=""))]
    ipv4 = [(nic.metric, n) for n, nic in enumerate(usable) if nic.metric is not None]
    ipv6 = [(nic.ipv6_metric, n) for n, nic in enumerate(usable) if nic.ipv6_metric is not None]
    for routed in (ipv4, ipv6):
        if routed:
            return usable[min(routed)[1]]
    return next(iter([*(nic for nic in usable if nic.addresses), *usable]), None)


def check_no_leftovers(owned: Sequence[str]) -> None:
    """Devices of pifd's without their model: to go on would delete them, and the host's address with them."""
    if owned:
        raise LeftBehind(
            ", ".join(owned), "made by a pifd whose store is not here: put it back, or delete the device"
        )


def check_supported(nics: Sequence[NIC]) -> None:
    """Refuse a host with an address or a route that would be lost: it might be the one it is reached by."""
    for nic in nics:
        if is_taken_over(nic) and nic.unsupported:
            raise CannotTakeOver(nic.device, ", ".join(nic.unsupported))
