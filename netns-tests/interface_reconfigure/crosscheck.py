"""Crosscheck: whether iproute2, /proc and the model say the same of a host.

Nothing of pifd's own is used here: what the devices have to be follows from the records as XenAPI shows
them, and what they are is told by `ip`, `bridge` and /proc/net/bonding.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_interface
from typing import Any

from host.xenapi import Records
from network.host_state import Device, HostState, default_routes, device_state, owned, tunnel_states

NOBODY = "OpaqueRef:NULL"
LINUX_MODES = {"lacp": "802.3ad", "balance-slb": "balance-xor"}
"""The modes that have another name there than in XenAPI."""


def disagreements(told: HostState, records: Records) -> list[str]:
    """What the programs and the model say differently, in words."""
    wanted = Wanted(records)
    return [
        *wanted.contradictions(),
        *differing_devices(told, dict(wanted.devices())),
        *differing("pifd's own devices", owned(told), wanted.owned()),
        *differing("tunnel devices", tunnel_states(told), sorted(wanted.tunnels())),
        *differing("addresses", sorted(told.addresses), sorted(wanted.addresses())),
        *differing("default routes", sorted(default_routes(told)), sorted(wanted.default_routes())),
    ]


def differing(what: str, told: object, wanted: object) -> Iterator[str]:
    if told != wanted:
        yield f"{what}: are {told}, should be {wanted}"


def differing_devices(told: HostState, wanted: Mapping[str, Device]) -> Iterator[str]:
    for name, device in sorted(wanted.items()):
        if name not in told.links:
            yield f"{name} is not there"
            continue
        found = device_state(told, name)
        yield from (
            f"{name}: {key} is {found.get(key)}, should be {value}"
            for key, value in device.items()
            if found.get(key) != value
        )


class Wanted:
    """What follows from the records."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._pifs = {ref: r for ref, r in records.items() if r["class"] == "PIF" and r["managed"]}
        self._attached = {ref: pif for ref, pif in self._pifs.items() if pif["currently_attached"]}
        self._vlans = {vlan["untagged_PIF"]: vlan for vlan in self._of("VLAN")}
        self._tunnels = {tunnel["access_PIF"]: tunnel for tunnel in self._of("tunnel")}
        self._bonds = {bond["master"]: bond for bond in self._of("Bond")}

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in self._records.values() if record["class"] == kind]

    def bridge(self, pif: Mapping[str, Any]) -> str:
        return str(self._records[pif["network"]]["bridge"])

    def contradictions(self) -> Iterator[str]:
        """What the records say against one another, or against the design."""
        management = [pif["device"] for pif in self._pifs.values() if pif["management"]]
        yield from differing("management interfaces", len(management), 1)
        networks = [pif["network"] for pif in self._pifs.values()]
        yield from differing("PIFs on one network", len(networks), len(set(networks)))
        for ref, pif in self._pifs.items():
            if pif["bond_slave_of"] != NOBODY:
                yield from self._on_slave(ref, pif)

    def _on_slave(self, ref: str, pif: Mapping[str, Any]) -> Iterator[str]:
        """Nothing is on a slave (design, New behaviour for Bond Slaves)."""
        there = {
            "is attached": pif["currently_attached"],
            "is management": pif["management"],
            "has an address": pif["IP"] or any(pif["IPv6"]),
            "has a VLAN": any(vlan["tagged_PIF"] == ref for vlan in self._vlans.values()),
            "has a tunnel": any(tunnel["transport_PIF"] == ref for tunnel in self._tunnels.values()),
            "has a plugged VIF": any(vif["network"] == pif["network"] for vif in self._plugged_vifs()),
            "may not be unplugged": pif["disallow_unplug"],
        }
        yield from (f"the slave {pif['device']} {what}" for what, is_so in there.items() if is_so)

    def devices(self) -> Iterator[tuple[str, Device]]:
        """Every device that the model speaks of, tunnels' apart."""
        for pif in self._pifs.values():
            if pif["physical"]:
                yield pif["device"], {"master": None, "up": False}
        yield from self._bridges()
        yield from self._bases()
        for ref, vlan in self._vlans.items():
            if ref in self._attached:
                yield self._vlan(self._attached[ref], vlan)
        for vif in self._plugged_vifs():
            yield self._device_of(vif), {"master": self.bridge(vif), "up": True}

    def _bridges(self) -> Iterator[tuple[str, Device]]:
        shape: Device = {"kind": "bridge", "up": True, "master": None, "stp": 0}
        for vif in self._plugged_vifs():
            yield self.bridge(vif), shape
        for pif in self._attached.values():
            yield self.bridge(pif), {**shape, "MTU": pif["MTU"]}

    def _bases(self) -> Iterator[tuple[str, Device]]:
        """NICs and bonds that are in a bridge, or carry a VLAN."""
        below = {self._vlans[ref]["tagged_PIF"] for ref in self._attached if ref in self._vlans}
        for ref, pif in self._pifs.items():
            is_base = ref not in self._vlans and ref not in self._tunnels
            if not is_base or ref not in {*self._attached, *below}:
                continue
            device: Device = {"up": True, "master": self.bridge(pif) if ref in self._attached else None}
            yield from self._bond(ref, pif, device) if ref in self._bonds else [(pif["device"], device)]

    def _bond(self, ref: str, pif: Mapping[str, Any], device: Device) -> Iterator[tuple[str, Device]]:
        bond = self._bonds[ref]
        slaves = sorted(self._records[slave]["device"] for slave in bond["slaves"])
        shape = {
            "kind": "bond",
            "mode": LINUX_MODES.get(bond["mode"], bond["mode"]),
            "slaves": slaves,
            "MAC": pif["MAC"],
        }
        yield pif["device"], {**device, **shape}
        yield from ((slave, {"master": pif["device"], "up": True}) for slave in slaves)

    def _vlan(self, pif: Mapping[str, Any], vlan: Mapping[str, Any]) -> tuple[str, Device]:
        lower = self._records[vlan["tagged_PIF"]]["device"]
        shape: Device = {"kind": "vlan", "below": lower, "tag": vlan["tag"], "MTU": pif["MTU"]}
        return f"{lower}.{vlan['tag']}", {**shape, "master": self.bridge(pif), "up": True}

    def _plugged_vifs(self) -> list[dict[str, Any]]:
        return [
            vif
            for vif in self._of("VIF")
            if vif["currently_attached"] and self._records[vif["VM"]]["power_state"] in ("Running", "Paused")
        ]

    def _device_of(self, vif: Mapping[str, Any]) -> str:
        named = vif["other_config"].get("host-device")
        return str(named or f"vif{self._records[vif['VM']]['domid']}.{vif['device']}")

    def owned(self) -> list[str]:
        """What pifd made: bridges, bonds and VLANs."""
        made = {name for name, device in self.devices() if device.get("kind") in ("bridge", "bond", "vlan")}
        return sorted(made)

    def tunnels(self) -> Iterator[tuple[object, ...]]:
        """As tunnel_states has them: GRE has a device for each other end, VXLAN one for all."""
        for ref, tunnel in self._tunnels.items():
            if ref not in self._attached:
                continue
            pif, key = self._attached[ref], int(tunnel["status"]["key"])
            ends = sorted(filter(None, tunnel["other_config"].get("remote-ips", "").split(",")))
            local = self._address(tunnel["transport_PIF"], 6 if any(":" in end for end in ends) else 4)
            place = (self.bridge(pif), True, pif["MTU"])
            if tunnel["protocol"] == "vxlan":
                yield "vxlan", key, local, ends, place[0], False, *place[1:]
            else:
                kind = "ip6gretap" if ":" in local else "gretap"
                yield from ((kind, key, local, [end], place[0], True, *place[1:]) for end in ends)

    def _address(self, ref: str, version: int) -> str:
        pif = self._records[ref]
        return str(pif["IPv6"][0].partition("/")[0] if version == 6 else pif["IP"])

    def addresses(self) -> Iterator[tuple[str, str]]:
        """A PIF's addresses are on its network's bridge, and no others are on any device of pifd's."""
        for pif in self._attached.values():
            if pif["ip_configuration_mode"] == "Static":
                yield self.bridge(pif), ip_interface(f"{pif['IP']}/{pif['netmask']}").with_prefixlen
            yield from ((self.bridge(pif), address) for address in pif["IPv6"] if address)

    def default_routes(self) -> Iterator[tuple[str, str]]:
        """Over the management interface where that has a gateway, else over the first that has one."""
        for field in ("gateway", "ipv6_gateway"):
            having = [pif for pif in self._attached.values() if pif[field]]
            having.sort(key=lambda pif: not pif["management"])
            yield from ((pif[field], self.bridge(pif)) for pif in having[:1])
