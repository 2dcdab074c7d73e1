"""What the RW fields that pifd acts on may hold, and how they must fit what is above and below."""

import re

from agent.errors import InvalidValue, OperationNotAllowed, PIFAlreadyBonded
from agent.model.model import Model, pifs_on, tunnels_on, vifs_on, vlan_over, vlans_on
from agent.model.mtu import MTU_KEY, mtu_of
from agent.model.records import PIF, VIF, VM, Host, Network, PowerState, Tunnel
from agent.model.static_routes import check_static_routes
from agent.model.tunnels import REMOTE_IPS
from agent.model.vifs import HOST_DEVICE, is_plugged
from agent.rules import network as networks
from agent.rules import vif as vifs
from agent.rules.pif import ETHTOOL, moves
from agent.rules.transport import check_remote_ips, check_room, check_transport
from agent.rules.vlan import check_fits
from agent.rules.vm import check_power_state

DOMAIN = "domain"
"""The other_config key of a PIF that is the resolver's search domain."""

BOOLEANS = ("defaultroute", "peerdns")
"""The other_config keys of a PIF that are true or false."""

PLAIN_NUMBER = re.compile("[0-9]{1,5}")


def check_network_mtu(model: Model, before: Network, after: Network) -> None:
    """What is below the network carries so much, and what is above it and in it no more than that."""
    for vif in vifs_on(model, after.ref):
        vifs.check_mtu(vif, after)
    for pif in pifs_on(model, after.ref):
        check_pif_fits(model, pif)


def check_network_other_config(model: Model, before: Network, after: Network) -> None:
    """static-routes and tunnel-key; the options of a bridge's device are refused."""
    for key, value in after.other_config.items():
        if key.startswith(ETHTOOL) and before.other_config.get(key) != value:
            raise invalid_value(key, value, "this version of pifd does not set it")
    networks.check_other_config(model, after)


def check_pif_other_config(model: Model, before: PIF, after: PIF) -> None:
    """The keys that pifd acts on are well-formed; those that it would not act on are refused."""
    new = {key: value for key, value in after.other_config.items() if before.other_config.get(key) != value}
    if after.bond_slave_of is not None and any(moves(key) for key in new):
        raise PIFAlreadyBonded(after.ref)  # create, step 12: it is the master that has them
    for key, value in new.items():
        check_pif_key(key, value)
    check_static_routes(new)
    if before.other_config.get(MTU_KEY) != after.other_config.get(MTU_KEY):
        check_pif_fits(model, after)


def check_pif_key(key: str, value: str) -> None:
    """One key of a PIF's other_config, by itself."""
    if key.startswith(ETHTOOL) or key == DOMAIN:
        raise invalid_value(key, value, "this version of pifd does not set it")
    if key in BOOLEANS and value not in ("true", "false"):
        raise invalid_value(key, value, "neither true nor false")
    if key == MTU_KEY and not (PLAIN_NUMBER.fullmatch(value) and int(value) in networks.MTU_RANGE):
        raise invalid_value(key, value, "no MTU that a device can have")


def check_pif_fits(model: Model, pif: PIF) -> None:
    """The PIF's MTU is no larger than that below; VLANs on top fit, and so does IPv6 in the tunnels."""
    own = vlan_over(model, pif)
    if own is not None:
        check_fits(model, mtu_of(model, pif), model.get(own.tagged_PIF))
    for vlan in vlans_on(model, pif.ref):
        check_fits(model, mtu_of(model, model.get(vlan.untagged_PIF)), pif)
    for tunnel in tunnels_on(model, pif.ref):
        check_room(model, tunnel)


def check_tunnel_other_config(model: Model, before: Tunnel, after: Tunnel) -> None:
    """remote-ips; a plugged tunnel still has an address in the family of the other ends, and room."""
    if before.other_config.get(REMOTE_IPS) == after.other_config.get(REMOTE_IPS):
        return
    check_remote_ips(model, after)
    if model.get(after.access_PIF).currently_attached:
        check_transport(model, after)


def check_vif_other_config(model: Model, before: VIF, after: VIF) -> None:
    """host-device, which a plugged VIF can't change: its device would be another one."""
    if before.other_config.get(HOST_DEVICE) == after.other_config.get(HOST_DEVICE):
        return
    if is_plugged(model, before):
        raise OperationNotAllowed("the VIF is attached by its present device")
    vifs.check_host_device(model, after)


def check_affinity(model: Model, before: VM, after: VM) -> None:
    """A host that is there, or none."""
    if after.affinity is not None:
        model.find(Host, after.affinity)


def check_is_a_template(model: Model, before: VM, after: VM) -> None:
    """A template has no state, and so only a halted VM becomes one."""
    check_power_state(after, PowerState.HALTED)


def invalid_value(key: str, value: str, why: str) -> InvalidValue:
    """A key of other_config that can't be so."""
    return InvalidValue("other_config", f"{key} = {value}: {why}")
