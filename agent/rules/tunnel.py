"""tunnel.create and tunnel.destroy."""

from dataclasses import replace

from agent.errors import CannotAddTunnelToBondSlave, InvalidValue, IsTunnelAccessPIF
from agent.model.draft import Draft, Plan
from agent.model.mac import local_mac
from agent.model.model import Model, tunnel_over
from agent.model.records import PIF, Network, Ref, Tunnel, TunnelProtocol
from agent.model.tunnels import peers_of
from agent.rules.device_name_checks import is_free
from agent.rules.network import check_can_be_connected
from agent.rules.pif import no_ip_like
from agent.rules.plugging import bring_down, bring_up, check_managed, vifs_in_use
from agent.rules.tunnel_key import keep_key, key_for


def create(model: Model, transport_PIF: Ref[PIF], network: Ref[Network], protocol: str = "gre") -> Plan:
    """A tunnel over a PIF that has an IP configuration, plugged (XenAPI, tunnel.create).

    The transport PIF is plugged with it.  XenAPI's records stay when the plug fails; here nothing does.
    """
    draft = Draft(model)
    tunnel = add(draft, model.find(PIF, transport_PIF), model.find(Network, network), protocol)
    return Plan(model, draft.model, tunnel.ref)


def add(draft: Draft, transport: PIF, home: Network, protocol: str, *, plugged: bool = True) -> Tunnel:
    """The tunnel and its access PIF, after all checks in XenAPI's order.

    One that is not to be plugged is so all the same where VMs are on its network already.
    """
    model = draft.model
    check_can_be_connected(model, home, transport.host)
    check_managed(transport)
    check_below(model, transport)
    wrapping = checked_protocol(protocol)
    access = draft.put(access_PIF(draft, transport, home))
    tunnel = draft.put(
        Tunnel(
            uuid=draft.new_uuid(),
            access_PIF=access.ref,
            transport_PIF=transport.ref,
            protocol=wrapping,
            key=key_for(model, home),
        )
    )
    draft.put(replace(tunnel, peers=peers_of(draft.model, tunnel)))
    keep_key(draft, home, tunnel.key)
    if plugged or vifs_in_use(model, home.ref, transport.host):
        bring_up(draft, access)
    return tunnel


def destroy(model: Model, self: Ref[Tunnel]) -> Plan:
    """The tunnel goes with its access PIF, which is unplugged by PIF.unplug's checks; the network stays."""
    tunnel = model.find(Tunnel, self)
    draft = Draft(model)
    bring_down(draft, model.get(tunnel.access_PIF))
    draft.remove(tunnel.ref)
    draft.remove(tunnel.access_PIF)
    return Plan(model, draft.model)


def check_below(model: Model, transport: PIF) -> None:
    """A tunnel is on no bond slave (design, New behaviour for Bond Slaves), and in no other tunnel."""
    if transport.bond_slave_of is not None:
        raise CannotAddTunnelToBondSlave(transport.ref)
    if tunnel_over(model, transport) is not None:
        raise IsTunnelAccessPIF(transport.ref)


def checked_protocol(protocol: str) -> TunnelProtocol:
    """One of the two that there are."""
    if protocol not in set(TunnelProtocol):
        raise InvalidValue("protocol", protocol)
    return TunnelProtocol(protocol)


def access_PIF(draft: Draft, transport: PIF, network: Network) -> PIF:
    """The upper side, of a device and a MAC of its own."""
    return PIF(
        uuid=draft.new_uuid(),
        device=free_device(draft.model),
        network=network.ref,
        host=transport.host,
        MAC=local_mac(draft.draw()),
        MTU=network.MTU,
        ip_configuration=no_ip_like(transport),
    )


def free_device(model: Model) -> str:
    """`tunnel<N>`, N the smallest non-negative integer that leaves a name nothing has."""
    return next(
        name for name in (f"tunnel{n}" for n in range(len(model.records) + 1)) if is_free(model, name)
    )
