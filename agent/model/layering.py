"""Which PIFs of a model are up, in which bridge, and on which NIC or bond each of them stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.model.addresses import Way, all_interfaces, ways
from agent.model.model import Model, bond_of_master, slaves, tunnel_over, vlan_over
from agent.model.records import PIF, VIF, Bond, Network, Ref
from agent.model.vifs import device_of, is_plugged


@dataclass(frozen=True, slots=True)
class Given:
    """The devices that pifd did not make and is to configure: the NICs, and the plugged VIFs' devices.

    interfaces, ways: the addresses and routes that records ask for; on these devices they are pifd's, whoever
    made them there.
    """

    nics: frozenset[str] = frozenset()
    vifs: frozenset[str] = frozenset()
    interfaces: frozenset[str] = frozenset()
    ways: frozenset[Way] = frozenset()

    def __or__(self, other: "Given") -> "Given":
        return Given(
            self.nics | other.nics,
            self.vifs | other.vifs,
            self.interfaces | other.interfaces,
            self.ways | other.ways,
        )

    @property
    def names(self) -> frozenset[str]:
        return self.nics | self.vifs


def given_by(model: Model) -> Given:
    """What the model gives to pifd."""
    pifs = model.all(PIF)
    return Given(
        frozenset(pif.device for pif in pifs if pif.physical and pif.managed),
        frozenset(device_of(model, vif) for vif in model.all(VIF) if is_plugged(model, vif)),
        frozenset(interface for pif in pifs for interface in all_interfaces(pif)),
        frozenset(way for pif in pifs for way in ways(pif)),
    )


def attached(model: Model) -> tuple[PIF, ...]:
    """The PIFs whose bridge is to be up."""
    return tuple(pif for pif in model.all(PIF) if pif.currently_attached and pif.managed)


def bridge_of(model: Model, pif: PIF) -> str:
    """The bridge of a PIF's network."""
    return model.get(pif.network).bridge


def bridge_mac(model: Model, pif: PIF) -> str:
    """A VLAN's bridge has the MAC of the PIF below: its own is only a stand-in in the record (XenAPI)."""
    vlan = vlan_over(model, pif)
    return pif.MAC if vlan is None else model.get(vlan.tagged_PIF).MAC


def uplinks(model: Model) -> Iterator[PIF]:
    """The PIFs of all NICs and bonds: those that stand on no other PIF."""
    uppers = {*model.vlans_by_upper, *model.tunnels_by_access}
    for ref, record in model.records.items():
        if isinstance(record, PIF) and ref not in uppers:
            yield record


def uplink_devices(model: Model) -> tuple[str, ...]:
    return tuple(pif.device for pif in uplinks(model))


def uplink_of(model: Model, pif: PIF) -> PIF:
    """The NIC's or bond's PIF on which this one stands; their own is itself."""
    tunnel, vlan = tunnel_over(model, pif), vlan_over(model, pif)
    if tunnel is not None:
        return uplink_of(model, model.get(tunnel.transport_PIF))
    return pif if vlan is None else uplink_of(model, model.get(vlan.tagged_PIF))


def attached_uplinks(model: Model) -> Mapping[Ref[PIF], str]:
    """The NICs' and bonds' PIFs whose device is to be up, each with the bridge that it is a port of, if any.

    A device that only VLANs need is in no bridge: its own network is not up.
    """
    found: dict[Ref[PIF], str] = {}
    for pif in attached(model):
        vlan = vlan_over(model, pif)
        if vlan is not None:
            found.setdefault(vlan.tagged_PIF, "")
        elif tunnel_over(model, pif) is None:
            found[pif.ref] = bridge_of(model, pif)
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a NIC belongs: in a bond or a bridge, or alone; `uplink` is the PIF whose MTU it has."""

    nic: PIF
    uplink: PIF
    bond: Bond | None
    master: str


def nic_places(model: Model) -> Iterator[Place]:
    """The place of every NIC that is to be up."""
    for ref, bridge in attached_uplinks(model).items():
        uplink = model.get(ref)
        bond = bond_of_master(model, uplink)
        if bond is None:
            yield Place(uplink, uplink, None, bridge)
        else:
            yield from (Place(slave, uplink, bond, uplink.device) for slave in slaves(model, bond))


def needed_nics(model: Model) -> frozenset[tuple[str, str]]:
    """(device, NIC) for each NIC that an attached PIF needs; device is the bridge or bond that it is in."""
    return frozenset((place.master, place.nic.device) for place in nic_places(model))


def plugged_networks(model: Model) -> Iterator[Network]:
    """The networks that have a plugged VIF, each once."""
    seen = dict.fromkeys(vif.network for vif in model.all(VIF) if is_plugged(model, vif))
    return (model.get(network) for network in seen)
