"""The commands of PIFs, beside those that every class has."""

from collections.abc import Sequence
from typing import Any

from agent.cli.change import CHANGE, Message, sends, sends_all, the
from agent.cli.command import Call, Command
from agent.cli.errors import CommandError
from agent.cli.parameter import boolean, one_of, optional, required

NONE, STATIC = "None", "Static"
IP_MODE = one_of("ip configuration mode", NONE, "DHCP", STATIC)
IPv6_MODE = one_of("ipv6 configuration mode", NONE, "DHCP", STATIC, "Autoconf")
ADDRESS_TYPE = one_of("primary address type", "IPv4", "IPv6")

A_PIF = required("uuid", "The PIF: its uuid, the beginning of it, or its device, such as eth0 or eth0.5.")
HOST = optional("host-uuid", "The host.  May be left out when there is only one.")


def host(call: Call) -> str:
    """The host that host-uuid= names; without it, the only host."""
    if call.values["host-uuid"]:
        return call.find("host", "host-uuid")
    hosts = call.objects.of("host")
    if len(hosts) != 1:
        raise CommandError("Required parameter not found: host-uuid", f"(there are {len(hosts)} hosts)")
    return next(iter(hosts))


def ip_configuration(call: Call) -> Sequence[Message]:
    """PIF.reconfigure_ip, of addresses that go together."""
    values = call.values
    check_static(values, "IP", "netmask", "gateway", "DNS")
    IP, netmask = with_netmask(values["IP"], values["netmask"])
    if IP and not netmask and values["mode"] == STATIC:
        raise CommandError(f"Error: IP={IP} has no netmask: give netmask=…, or IP={IP}/<prefix length>")
    arguments = [call.find("PIF", "uuid"), values["mode"], IP, netmask, values["gateway"], values["DNS"]]
    return [Message("PIF.reconfigure_ip", arguments)]


def check_static(values: dict[str, Any], *names: str) -> None:
    """Without addresses, what would belong to one is not dropped without a word."""
    given = [name for name in names if values[name]]
    if values["mode"] == NONE and given:
        raise CommandError(f"Error: mode={NONE} is without addresses: leave out {', '.join(given)}")


def with_netmask(IP: str, netmask: str) -> tuple[str, str]:
    """The address and the netmask; 192.0.2.10/24 stands for both."""
    address, slash, length = IP.partition("/")
    if ":" in address:
        raise CommandError(f"Error: {IP} is no IPv4 address: pif-reconfigure-ipv6 sets those of IPv6")
    if not slash:
        return IP, netmask
    if not (length.isascii() and length.isdigit() and len(length) <= 2 and int(length) <= 32):
        raise CommandError(f"Error: Failed to parse parameter 'IP': {length} is no prefix length (0 to 32)")
    bits = (0xFFFFFFFF << (32 - int(length))) & 0xFFFFFFFF
    told = ".".join(str(bits >> shift & 0xFF) for shift in (24, 16, 8, 0))
    if netmask not in ("", told):
        raise CommandError(f"Error: IP={IP} has the netmask {told}, and netmask={netmask} is another")
    return address, told


def ipv6_configuration(call: Call) -> Sequence[Message]:
    """PIF.reconfigure_ipv6, of addresses that go together."""
    values = call.values
    check_static(values, "IPv6", "gateway", "DNS")
    given = [values[name] for name in ("mode", "IPv6", "gateway", "DNS")]
    return [Message("PIF.reconfigure_ipv6", [call.find("PIF", "uuid"), *given])]


COMMANDS = (
    Command(
        "pif-plug",
        sends("PIF.plug", the("PIF")),
        (A_PIF, *CHANGE),
        "Bring a PIF up: its link, its bridge and its IP configuration.",
        "A tunnel's needs the PIF below it, which is plugged, too.",
        examples=("pifctl pif-plug uuid=eth1",),
        errors=(
            "CANNOT_PLUG_BOND_SLAVE",
            "TRANSPORT_PIF_NOT_CONFIGURED",
            "PIF_UNMANAGED",
            "PIF_CONFIGURATION_ERROR",
        ),
    ),
    Command(
        "pif-unplug",
        sends("PIF.unplug", the("PIF")),
        (A_PIF, *CHANGE),
        "Take a PIF down.",
        "The tunnels that run over it are unplugged first.",
        examples=("pifctl pif-unplug uuid=eth1",),
        errors=("PIF_IS_MANAGEMENT_INTERFACE", "VIF_IN_USE", "PIF_DOES_NOT_ALLOW_UNPLUG", "PIF_UNMANAGED"),
    ),
    Command(
        "pif-reconfigure-ip",
        sends_all(ip_configuration),
        (
            A_PIF,
            required("mode", "None, DHCP or Static, in any case.", IP_MODE),
            optional("IP", "The address, for Static: 192.0.2.10 with a netmask, or 192.0.2.10/24."),
            optional("netmask", "The netmask, for Static, such as 255.255.255.0."),
            optional("gateway", "The gateway of the default route, for Static."),
            optional("DNS", "Name servers, with commas in between."),
            *CHANGE,
        ),
        "Change the IPv4 configuration of a PIF.",
        "What is not given becomes empty; nothing is kept of the configuration before.",
        examples=(
            "pifctl pif-reconfigure-ip uuid=eth1 mode=static IP=192.0.2.10 netmask=255.255.255.0",
            "pifctl pif-reconfigure-ip uuid=eth1 mode=none",
        ),
        errors=("INVALID_IP_ADDRESS_SPECIFIED", "PIF_IS_MANAGEMENT_INTERFACE", "PIF_UNMANAGED"),
    ),
    Command(
        "pif-reconfigure-ipv6",
        sends_all(ipv6_configuration),
        (
            A_PIF,
            required("mode", "None, DHCP, Static or Autoconf, in any case.", IPv6_MODE),
            optional("IPv6", "The address and its prefix length, for Static, such as 2001:db8::10/64."),
            optional("gateway", "The gateway of the default route, for Static."),
            optional("DNS", "Name servers with IPv6 addresses, with commas in between."),
            *CHANGE,
        ),
        "Change the IPv6 configuration of a PIF.",
        "What is not given becomes empty; nothing is kept of the IPv6 configuration before.",
        examples=(
            "pifctl pif-reconfigure-ipv6 uuid=eth1 mode=static IPv6=2001:db8::10/64",
            "pifctl pif-reconfigure-ipv6 uuid=eth1 mode=none",
        ),
        errors=(
            "INVALID_CIDR_ADDRESS_SPECIFIED",
            "INVALID_IP_ADDRESS_SPECIFIED",
            "PIF_IS_MANAGEMENT_INTERFACE",
            "PIF_UNMANAGED",
        ),
    ),
    Command(
        "pif-set-primary-address-type",
        sends("PIF.set_primary_address_type", the("PIF"), "primary_address_type"),
        (A_PIF, required("primary_address_type", "IPv4 or IPv6, in any case.", ADDRESS_TYPE), *CHANGE),
        "Say which of its addresses a PIF is known by, once it is the management interface.",
        "It cannot be changed on the management interface itself.",
        examples=("pifctl pif-set-primary-address-type uuid=eth1 primary_address_type=ipv6",),
        errors=("PIF_IS_MANAGEMENT_INTERFACE", "PIF_UNMANAGED"),
    ),
    Command(
        "pif-scan",
        sends("PIF.scan", host),
        (HOST, *CHANGE),
        "Look for NICs that have no PIF yet, and make PIFs and networks for them.",
        "Nothing is plugged, and the PIF of a NIC that is gone stays.",
        examples=("pifctl pif-scan",),
    ),
    Command(
        "pif-introduce",
        sends("PIF.introduce", host, "mac", "device", "managed"),
        (
            required("device", "The NIC's device, such as eth2."),
            HOST,
            optional("mac", "The NIC's MAC address; without it, the device's is looked up."),
            optional("managed", "false: pifd leaves the NIC alone.  The default is true.", boolean, True),
            *CHANGE,
        ),
        "Make a PIF for one NIC.",
        prints="the uuid of the PIF",
        examples=("pifctl pif-introduce device=eth2",),
        errors=(
            "DUPLICATE_PIF_DEVICE_NAME",
            "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
            "MAC_INVALID",
        ),
    ),
    Command(
        "pif-replace",
        sends("PIF.replace", the("PIF"), "device"),
        (A_PIF, required("device", "The other NIC's device, such as eth2."), *CHANGE),
        "Have another NIC take the place of a PIF's own, say of one that is gone.",
        "Everything on the PIF follows.  The PIF of the other NIC goes; nothing may be on that.",
        examples=("pifctl pif-replace uuid=eth1 device=eth2",),
        errors=(
            "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
            "PIF_ALREADY_BONDED",
            "PIF_IS_MANAGEMENT_INTERFACE",
            "PIF_IS_NOT_PHYSICAL",
            "PIF_TUNNEL_STILL_EXISTS",
            "PIF_VLAN_STILL_EXISTS",
            "INVALID_VALUE",
        ),
    ),
    Command(
        "pif-forget",
        sends("PIF.forget", the("PIF")),
        (A_PIF, *CHANGE),
        "Remove the PIF of a NIC.",
        "The NIC is taken down first, if pifd manages it.  Its network stays.",
        examples=("pifctl pif-forget uuid=eth2",),
        errors=(
            "PIF_IS_MANAGEMENT_INTERFACE",
            "PIF_ALREADY_BONDED",
            "PIF_VLAN_STILL_EXISTS",
            "PIF_TUNNEL_STILL_EXISTS",
            "PIF_IS_NOT_PHYSICAL",
        ),
    ),
)
