"""The steps of the scenarios by short names, and what several rows expect alike."""

from collections.abc import Mapping

from tests.scenarios.scenario import (
    ADDRESS,
    FAR_ADDRESS,
    Call,
    Plugged,
    Refusal,
    The,
)

Steps = tuple[Call | Plugged, ...]

TAG = 10
ON_THE_VLAN = "198.51.100.10"
MANAGED, FREE = ("eth0", "eth1"), ("eth1", "eth2")
"""The members of a bond: with management on the first, and without."""


def network(name: str) -> Steps:
    return (Call("network.create", ({"name_label": name},), name),)


def vlan(name: str, below: str, on: str) -> Steps:
    """A VLAN with a mark of its own, by which it is known to be the same afterwards."""
    return (
        Call("VLAN.create", (The(below), TAG, The(on)), name),
        Call("VLAN.add_to_other_config", (The(name), "mark", name)),
    )


def tunnel(protocol: str, below: str, on: str) -> Steps:
    """A tunnel to the far host."""
    return (
        Call("tunnel.create", (The(below), The(on), protocol), "tunnel"),
        Call("tunnel.add_to_other_config", (The("tunnel"), "remote-ips", FAR_ADDRESS)),
    )


def halted_vm(name: str, on: str) -> Steps:
    """A VM with one VIF."""
    return (
        Call("VM.create", ({"name_label": name},), name),
        Call("VIF.create", ({"device": "0", "network": The(on), "VM": The(name)},), f"{name}'s VIF"),
    )


def running_vm(name: str, on: str, device: str, segment: int, drivers: str = "no PV drivers") -> Steps:
    """A VM that has come up."""
    return (
        *halted_vm(name, on),
        Plugged(f"{name}'s VIF", device, segment),
        Call("VM.start", (The(name),)),
        Call("VM.set_PV_drivers_detected", (The(name), drivers == "PV drivers")),
    )


def address(pif: str) -> Steps:
    """An address on the VLAN."""
    return (Call("PIF.reconfigure_ip", (The(pif), "Static", ON_THE_VLAN, "255.255.255.0", "", "")),)


def management(pif: str) -> Steps:
    return (Call("host.management_reconfigure", (The(pif),)),)


def plug(pif: str) -> Steps:
    return (Call("PIF.plug", (The(pif),)),)


def create(members: tuple[str, ...], *mode: str) -> Call:
    return Call("Bond.create", (The("bonded"), [The(member) for member in members], "", *mode), "bond")


DESTROY = Call("Bond.destroy", (The("bond"),))

MASTER = "master of bond"
BONDED = network("bonded")
AT_REST = {"xenbr0": f"{ADDRESS}/24"}
BOND_MANAGES: Mapping[str, Mapping[str, object]] = {
    MASTER: {"device": "bond0", "management": True, "currently_attached": True, "IP": ADDRESS},
    "bond": {"primary_slave": The("eth0")},
    "eth0": {"management": False, "currently_attached": False, "IP": "", "bond_slave_of": The("bond")},
    "eth1": {"management": False, "currently_attached": False, "bond_slave_of": The("bond")},
}
ETH0_MANAGES: Mapping[str, Mapping[str, object] | None] = {
    "eth0": {"management": True, "currently_attached": True, "IP": ADDRESS},
    "eth1": {"currently_attached": False, "IP": ""},
    "bond": None,
    MASTER: None,
}
ON_FREE_BOND: Mapping[str, Mapping[str, object] | None] = {
    MASTER: {"device": "bond0", "management": False, "currently_attached": False, "IP": ""},
    "eth0": {"management": True},
}
"""A bond of eth1 and eth2 that is not plugged itself: what is on it is."""


def refused(*names: str) -> Refusal:
    """The VM that has no PV drivers is named."""
    return Refusal("VM_MISSING_PV_DRIVERS", tuple(The(name) for name in names), names[0])
