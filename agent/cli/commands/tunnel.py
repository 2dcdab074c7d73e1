"""The commands of tunnels."""

from agent.cli.change import CHANGE, sends, the
from agent.cli.command import Call, Command
from agent.cli.parameter import one_of, optional, required

A_NETWORK = the("network", "network-uuid")
PROTOCOL = one_of("tunnel protocol", "gre", "vxlan")


def access_PIF(call: Call, made: str) -> str:
    """xe prints the PIF on top of a new tunnel, which is what one goes on with."""
    access: str = call.session.ask("tunnel.get_access_PIF", made, shape=str)
    return access


COMMANDS = (
    Command(
        "tunnel-create",
        sends(
            "tunnel.create",
            the("PIF", "pif-uuid"),
            the("network", "network-uuid"),
            "protocol",
            prints=access_PIF,
        ),
        (
            required("pif-uuid", "The PIF below, which has an IP configuration: uuid or device."),
            required("network-uuid", "The network of the tunnel: uuid, name-label or bridge."),
            optional("protocol", "gre (the default) or vxlan.", PROTOCOL, "gre"),
            *CHANGE,
        ),
        "Make a tunnel to other hosts, for a network.",
        "The other hosts' addresses are set afterwards, with tunnel-param-set\n"
        "other-config:remote-ips=<address>,<address>.  Its key is the network's other-config:tunnel-key,\n"
        "or the first free number; tunnel-list prints it with the status.",
        "the uuid of the PIF on top of the tunnel",
        (
            "pifctl tunnel-create pif-uuid=eth0 network-uuid=private protocol=vxlan",
            "pifctl tunnel-param-set uuid=tunnel0 other-config:remote-ips=192.0.2.7,192.0.2.8",
        ),
        (
            "NETWORK_ALREADY_CONNECTED",
            "CANNOT_ADD_TUNNEL_TO_BOND_SLAVE",
            "IS_TUNNEL_ACCESS_PIF",
            "TRANSPORT_PIF_NOT_CONFIGURED",
            "INVALID_VALUE",
        ),
    ),
    Command(
        "tunnel-destroy",
        sends("tunnel.destroy", the("tunnel")),
        (required("uuid", "The tunnel: its uuid, the beginning of it, or its device, as tunnel0."), *CHANGE),
        "Remove a tunnel and the PIF on top of it.",
        "Its network stays.",
        examples=("pifctl tunnel-destroy uuid=tunnel0",),
        errors=("PIF_IS_MANAGEMENT_INTERFACE", "VIF_IN_USE"),
    ),
)
