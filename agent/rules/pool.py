"""The pool calls: what the calls for one host do, on every host of the pool."""

from collections.abc import Sequence

from agent.errors import PIFNotPresent
from agent.model.draft import Draft, Plan
from agent.model.model import Model, pif_on, pifs_on
from agent.model.records import PIF, Host, Network, Ref
from agent.rules.host import check_address_type, check_usable, hand_over_management
from agent.rules.vlan import add, lower_of_device


def create_vlan_from_pif(model: Model, pif: Ref[PIF], network: Ref[Network], VLAN: int) -> Plan:
    """A VLAN on each host's PIF that is on the same network as this one; gives the upper PIFs."""
    alike, home = pifs_on(model, model.find(PIF, pif).network), model.find(Network, network)
    draft = Draft(model)
    uppers = add_to_all(draft, alike, home, VLAN)
    return Plan(model, draft.model, uppers)


def create_vlan(model: Model, device: str, network: Ref[Network], VLAN: int) -> Plan:
    """XenAPI's older call: on each host's PIF of this device; a host that has none is refused."""
    home = model.find(Network, network)
    lowers = [lower_of_device(model, host.ref, device) for host in model.all(Host)]
    draft = Draft(model)
    uppers = add_to_all(draft, lowers, home, VLAN)
    return Plan(model, draft.model, uppers)


def management_reconfigure(model: Model, network: Ref[Network]) -> Plan:
    """Each host's PIF on the network becomes its management interface (XenAPI, pool.management_reconfigure).

    Other than host.management_reconfigure it compares the address types first.
    """
    home = model.find(Network, network)
    chosen = [pif_of_host(model, home, host) for host in model.all(Host)]
    for pif in chosen:
        check_address_type(model, pif)
        check_usable(pif)
    draft = Draft(model)
    for pif in chosen:
        hand_over_management(draft, pif)
    return Plan(model, draft.model)


def add_to_all(draft: Draft, lowers: Sequence[PIF], network: Network, tag: int) -> tuple[Ref[PIF], ...]:
    """All of the VLANs or none: XenAPI destroys those that it has made as well as it can."""
    return tuple(add(draft, lower, tag, network).untagged_PIF for lower in lowers)


def pif_of_host(model: Model, network: Network, host: Host) -> PIF:
    """The host's PIF on a network.  Raises where it has none."""
    found = pif_on(model, network.ref, host.ref)
    if found is None:
        raise PIFNotPresent(host.ref, network.ref)
    return found
