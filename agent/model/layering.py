"""Which PIFs of a model are up, in which bridge, and on which NIC or bond each of them stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.model.addresses import Way, all_interfaces, ways
from agent.model.device_names import link_names
from agent.model.model import Model, bond_of_master, pifs_on, slaves, tunnel_over, vlan_over
from agent.model.records import PIF, VIF, VLAN, Bond, Network, Ref
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
    return model.once(_given_by)


def _given_by(model: Model) -> Given:
    vifs = model.by(VIF, "currently_attached", True)
    plugged = frozenset(device_of(model, vif) for vif in vifs if is_plugged(model, vif))
    return nics_given_by(model) | Given(vifs=plugged)


def nics_given_by(model: Model) -> Given:
    """The same without VIFs, whatever those refer to."""
    pifs = model.with_ip()
    return Given(
        frozenset(pif.device for pif in model.by(PIF, "physical", True) if pif.managed),
        interfaces=frozenset(interface for pif in pifs for interface in all_interfaces(pif)),
        ways=frozenset(way for pif in pifs for way in ways(pif)),
    )


def is_attached(pif: PIF) -> bool:
    """Whether the PIF's bridge is to be up."""
    return pif.currently_attached and pif.managed


def attached(model: Model) -> tuple[PIF, ...]:
    """The PIFs whose bridge is to be up."""
    return tuple(pif for pif in model.all(PIF) if is_attached(pif))


def attached_with_ip(model: Model) -> tuple[PIF, ...]:
    """Those of them that have anything of IP."""
    return tuple(pif for pif in model.with_ip() if is_attached(pif))


def has_attached_pif(model: Model, bridge: str) -> bool:
    """Whether a bridge is that of an attached PIF's network."""
    networks = model.by(Network, "bridge", bridge)
    return any(is_attached(pif) for network in networks for pif in pifs_on(model, network.ref))


def bridge_of(model: Model, pif: PIF) -> str:
    """The bridge of a PIF's network."""
    return model.get(pif.network).bridge


def bridge_mac(model: Model, pif: PIF) -> str:
    """A VLAN's bridge has the MAC of the PIF below: its own is only a stand-in in the record (XenAPI)."""
    vlan = vlan_over(model, pif)
    return pif.MAC if vlan is None else model.get(vlan.tagged_PIF).MAC


def uplinks(model: Model) -> Iterator[PIF]:
    """The PIFs of all NICs and bonds: those that stand on no other PIF."""
    masters = [model.get(bond.master) for bond in model.all(Bond)]
    found = {pif.ref: pif for pif in [*model.by(PIF, "physical", True), *masters]}
    yield from (found[Ref(ref)] for ref in model.table.in_order(found))


def uplink_devices(model: Model) -> tuple[str, ...]:
    return tuple(pif.device for pif in uplinks(model))


def shown_devices(model: Model) -> frozenset[str]:
    """The devices that records show something of."""
    return frozenset([*link_names(model), *uplink_devices(model)])


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
    places = {pif.ref: place_of(model, pif) for pif in uplinks(model)}
    return {ref: place for ref, place in places.items() if place is not None}


def place_of(model: Model, pif: PIF) -> str | None:
    """The bridge that a NIC's or a bond's device is a port of, "" for none; None when it is not to be up."""
    is_uplink = vlan_over(model, pif) is None and tunnel_over(model, pif) is None
    if is_uplink and is_attached(pif):
        return bridge_of(model, pif)
    above = model.any_by(VLAN, "tagged_PIF", pif.ref)
    return "" if any(is_attached(model.get(vlan.untagged_PIF)) for vlan in above) else None


def master_of_nic(model: Model, uplink: PIF) -> str:
    """The bridge or bond that the NICs of an uplink are ports of, "" for none."""
    bond = bond_of_master(model, uplink)
    return place_of(model, uplink) or "" if bond is None else uplink.device


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
