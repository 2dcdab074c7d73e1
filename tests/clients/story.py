"""The story: a host's life in which every declared call is made, told in plain, Async or InternalAsync calls.

In the end there is an object of every class, and a bond with a VLAN, a VM's VIF and a tunnel on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import loads

from tests.clients.daemon import Daemon
from tests.clients.voices import Voice

Do = Callable[..., Any]


class Teller:
    """Makes calls and keeps the results of those that succeed, by method."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.results: dict[str, list[Any]] = {}

    def ask(self, method: str, *params: Any) -> Any:
        """The result of one call."""
        result = self.voice(method, *params)
        self.results.setdefault(method, []).append(result)
        return result

    def plainly(self, method: str, *params: Any) -> Any:
        """A change, after a dry run of it."""
        self.ask(f"DryRun.{method}", *params)
        return self.ask(method, *params)

    def later(self, prefix: str) -> Do:
        """Changes by tasks."""

        def do(method: str, *params: Any) -> Any:
            return self.waited_for(self.ask(f"{prefix}.{method}", *params))

        return do

    def waited_for(self, task: str) -> Any:
        """The result of a task, when it has ended; the task is destroyed."""
        token = ""
        while self.ask("task.get_status", task) == "pending":
            token = self.ask("event.from", [f"task/{task}"], token, 10.0)["token"]
        error, result = self.ask("task.get_error_info", task), self.ask("task.get_result", task)
        self.ask("task.destroy", task)
        assert error == []
        return unwrapped(result)


def unwrapped(result: str) -> Any:
    """What is in a task's result, which is XML-RPC's `<value>`, or nothing."""
    if not result:
        return ""
    (value,), _ = loads(f"<params><param>{result}</param></params>")
    return value


@dataclass(frozen=True)
class Host:
    """The references that the story knows by name."""

    ref: str
    pifs: dict[str, str]
    networks: dict[str, str]


def host_of(ask: Do) -> Host:
    """The host's PIFs by their devices, and networks by their bridges."""
    pifs = {record["device"]: ref for ref, record in ask("PIF.get_all_records").items()}
    networks = {record["bridge"]: ref for ref, record in ask("network.get_all_records").items()}
    return Host(ask("host.get_all")[0], pifs, networks)


def tell(do: Do, teller: Teller, daemon: Daemon) -> None:
    """The whole story.  do: makes a change and gives its result."""
    host = host_of(teller.ask)
    of_networks(do, host)
    of_pifs(do, host)
    of_addresses(do, host)
    of_management(do, host)
    of_vlans(do, host)
    of_a_tunnel(do, host)
    of_a_vm(do, host, daemon)
    of_a_bond(do, host)


def new_network(do: Do, label: str) -> Any:
    return do("network.create", {"name_label": label, "name_description": "", "other_config": {}})


def of_networks(do: Do, host: Host) -> None:
    network = do("network.create", {"name_label": "lab", "MTU": 1400, "bridge": "lab", "tags": ["red"]})
    do("network.set_default_locking_mode", network, "unlocked")
    do("network.set_purpose", network, [])
    do("network.remove_purpose", network, "nbd")
    do("network.destroy", network)
    do("network.attach", host.networks["xenbr3"], host.ref)
    do("network.create", {"name_label": "free", "bridge": "free"})


def of_pifs(do: Do, host: Host) -> None:
    eth2, eth5 = host.pifs["eth2"], host.pifs["eth5"]
    do("PIF.plug", eth2)
    do("PIF.set_disallow_unplug", eth2, True)
    do("PIF.set_disallow_unplug", eth2, False)
    for device in ("eth1", "eth2"):
        do("PIF.set_property", host.pifs[device], "gro", "off")
    do("PIF.unplug", eth2)
    do("PIF.replace", eth2, "eth2")
    do("PIF.forget", eth5)
    do("PIF.forget", do("PIF.introduce", host.ref, "", "eth5"))
    do("PIF.scan", host.ref)


def of_addresses(do: Do, host: Host) -> None:
    eth2, eth3 = host.pifs["eth2"], host.pifs["eth3"]
    do("PIF.reconfigure_ip", eth2, "Static", "198.51.100.2", "255.255.255.0", "", "198.51.100.53")
    do("PIF.reconfigure_ipv6", eth2, "Static", "2001:db8::2/64", "", "2001:db8::53")
    do("PIF.set_primary_address_type", eth3, "IPv6")
    do("PIF.set_primary_address_type", eth3, "IPv4")


def of_management(do: Do, host: Host) -> None:
    do("host.management_reconfigure", host.pifs["eth2"])
    do("host.management_disable")
    do("pool.management_reconfigure", host.networks["xenbr0"])
    do("pool.designate_new_master", host.ref)


def of_vlans(do: Do, host: Host) -> None:
    home = new_network(do, "VLANs")
    do("VLAN.destroy", do("VLAN.create", host.pifs["eth1"], 5, home))
    do("PIF.destroy", do("PIF.create_VLAN", "eth1", home, host.ref, 6))
    for upper in do("pool.create_VLAN_from_PIF", host.pifs["eth1"], home, 7):
        do("PIF.destroy", upper)
    do("pool.create_VLAN", "eth1", home, 8)


def of_a_tunnel(do: Do, host: Host) -> None:
    private = new_network(do, "private")
    do("tunnel.destroy", do("tunnel.create", host.pifs["eth2"], private))
    do("tunnel.create", host.pifs["eth2"], private, "vxlan")


def of_a_vm(do: Do, host: Host, daemon: Daemon) -> None:
    vm = do("VM.create", {"name_label": "web", "name_description": "", "other_config": {"mac_seed": "s"}})
    vif = do("VIF.create", {"device": "0", "network": host.networks["xenbr1"], "VM": vm, "MTU": 1500})
    do("VM.set_domid", vm, 7)
    daemon.do(lambda: daemon.world.make_vif("vif7.0"))
    do("VM.start_on", vm, host.ref, False, False)
    do("VM.set_PV_drivers_detected", vm, True)
    of_a_vif(do, host, vif)
    of_states(do, host, vm)
    do("VIF.destroy", do("VIF.create", {"device": "1", "network": host.networks["xenbr3"], "VM": vm}))
    do("VM.destroy", do("VM.create", {}))
    halted = do("VM.create", {"name_label": "halted"})
    do("VIF.create", {"device": "0", "network": host.networks["xenbr3"], "VM": halted})


def of_a_vif(do: Do, host: Host, vif: str) -> None:
    do("VIF.unplug", vif)
    do("VIF.plug", vif)
    do("VIF.unplug_force", vif)
    do("VIF.plug", vif)
    do("VIF.move", vif, host.networks["xenbr3"])
    do("VIF.move", vif, host.networks["xenbr1"])
    do("VIF.set_locking_mode", vif, "network_default")
    do("VIF.set_ipv4_allowed", vif, [])
    do("VIF.remove_ipv4_allowed", vif, "10.0.0.1")
    do("VIF.set_ipv6_allowed", vif, [])
    do("VIF.remove_ipv6_allowed", vif, "fe80::1")
    do("VIF.set_trunks", vif, [])
    do("VIF.remove_trunks", vif, 42)
    do("VIF.set_qos_algorithm_type", vif, "")
    do("VIF.set_qos_algorithm_params", vif, {})
    do("VIF.put_in_qos_algorithm_params", vif, {})
    do("VIF.remove_from_qos_algorithm_params", vif, "kbps")


def of_states(do: Do, host: Host, vm: str) -> None:
    """A VM's domain has another number each time that it is made, unless that is set before."""
    do("VM.pause", vm)
    do("VM.unpause", vm)
    for resume in (("VM.resume", vm), ("VM.resume_on", vm, host.ref)):
        do("VM.suspend", vm)
        do("VM.set_domid", vm, 7)
        do(*resume)
    for end in ("VM.clean_shutdown", "VM.hard_shutdown", "VM.shutdown"):
        do(end, vm)
        do("VM.set_domid", vm, 7)
        do("VM.start", vm)
    do("VM.set_PV_drivers_detected", vm, True)


def of_a_bond(do: Do, host: Host) -> None:
    home = new_network(do, "bonded")
    members = [host.pifs["eth1"], host.pifs["eth2"]]
    do("Bond.destroy", do("Bond.create", home, members, "", "active-backup", {}))
    bond = do("Bond.create", home, members, "")
    do("Bond.set_mode", bond, "active-backup")
    do("Bond.set_property", bond, "miimon", "50")
    do("Bond.remove_property", bond, "miimon")
    do("Bond.set_primary_slave", bond, members[1])
    do("Bond.set_active_slave", bond, members[1])
    do("Bond.remove_member", bond, members[0])
    do("Bond.add_member", bond, members[0])
