"""PIF_metrics: what NICs and bonds say of themselves, as objects of XenAPI's class.  They are not stored."""

import uuid as uuids
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from agent.kernel.live import Device
from agent.model.layering import uplink_of, uplinks
from agent.model.model import Model, bond_of_master, is_here, slaves
from agent.model.records import PIF, Record, Ref

NAMESPACE = uuids.UUID("d9f1c6a8-7a0e-4e1b-9c55-2f6f0b1a7c43")
"""What the metrics' uuids are digests in; it stays as it is."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
SILENT = Device(read_at=NEVER)
"""A device that nobody has asked."""
NO_BUS = "N/A"
"""What XenAPI has for a NIC that is not on a bus; a bond has an empty text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PIFMetrics(Record):
    """One of every NIC and bond.  speed: Mbit/s.  duplex: whether it is full.

    Of another host's nothing is known here.  Of a bond, carrier says whether any slave has it, and the speed
    is that of those which send, added up.
    last_updated: when the device was asked last, at the latest when its carrier came or went.
    """

    class_name = "PIF_metrics"
    carrier: bool
    vendor_id: str
    vendor_name: str
    device_id: str
    device_name: str
    speed: int
    duplex: bool
    pci_bus_path: str
    last_updated: datetime


def pif_metrics(
    model: Model, links_up: Collection[str], devices: Mapping[str, Device]
) -> Iterator[PIFMetrics]:
    """The metrics of all NICs and bonds.

    links_up: the names of the devices with carrier.  devices: what the NICs and bonds say, by their names.
    """
    for pif in uplinks(model):
        device = devices.get(pif.device, SILENT) if is_here(model, pif) else SILENT
        yield metrics(model, pif, links_up, device)


def metrics(model: Model, pif: PIF, links_up: Collection[str], device: Device) -> PIFMetrics:
    """Those of one NIC or bond; without carrier there is neither speed nor duplex (XenAPI)."""
    bond = bond_of_master(model, pif)
    links = [pif] if bond is None else slaves(model, bond)
    carrier = is_here(model, pif) and any(link.device in links_up for link in links)
    return PIFMetrics(
        uuid=metrics_uuid(pif.uuid),
        carrier=carrier,
        vendor_id=device.vendor_id,
        vendor_name=device.vendor_name,
        device_id=device.device_id,
        device_name=device.device_name,
        speed=device.speed if carrier else 0,
        duplex=device.full_duplex and carrier,
        pci_bus_path=device.bus_path or (NO_BUS if bond is None else ""),
        last_updated=device.read_at,
    )


def metrics_of(model: Model, pif: PIF) -> Ref[PIFMetrics]:
    """The metrics of a PIF; VLANs and tunnels share those of what they stand on (XenAPI)."""
    return Ref(f"OpaqueRef:{metrics_uuid(uplink_of(model, pif).uuid)}")


@lru_cache(maxsize=1024)
def metrics_uuid(pif: str) -> str:
    """It follows from the PIF's, so that references to it stay what they are when the daemon starts anew."""
    return str(uuids.uuid5(NAMESPACE, pif))
