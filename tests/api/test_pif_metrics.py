"""PIF_metrics: which PIFs have them, and what they say of NICs and bonds."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from agent.api.views.pif_metrics import NEVER, PIFMetrics, metrics_of, metrics_uuid, pif_metrics
from agent.kernel.live import Device
from agent.model.model import Model
from agent.model.records import PIF
from tests.worlds.uppers import with_tunnel, with_VLAN
from tests.worlds.world import bonded, host, nic, pif_of, static, taken_over, with_record

BOTH_UP = frozenset({"eth0", "eth1"})
READ_AT = datetime(2026, 8, 21, 10, 0, tzinfo=UTC)
INTEL = Device(
    speed=10000,
    full_duplex=True,
    bus_path="0000:03:00.0",
    vendor_id="8086",
    vendor_name="Intel Corporation",
    device_id="1572",
    device_name="Ethernet Controller X710 for 10GbE SFP+",
    read_at=READ_AT,
)
HALF = Device(speed=100, full_duplex=False, read_at=READ_AT)


def host_with_uppers() -> tuple[Model, PIF, PIF]:
    """A bond, a VLAN on it, and a tunnel that runs from the VLAN's address; the PIFs of the two."""
    model = bonded(taken_over(host(nic(0), nic(1))), "eth0", "eth1")
    model, over = with_VLAN(model, pif_of(model, "bond0"), 10)
    tagged = replace(model.get(over.untagged_PIF), ip_configuration=static("198.51.100.2/24"))
    model, tunnel = with_tunnel(with_record(model, tagged), tagged)
    return model, tagged, model.get(tunnel.access_PIF)


def of(model: Model, device: str, up: frozenset[str], **devices: Device) -> PIFMetrics:
    """The metrics of the PIF of a device."""
    every = {found.ref: found for found in pif_metrics(model, up, devices)}
    return every[metrics_of(model, pif_of(model, device))]


def test_a_NIC_says_what_it_is_and_what_its_link_does() -> None:
    model = taken_over(host())
    assert of(model, "eth0", BOTH_UP, eth0=INTEL) == PIFMetrics(
        uuid=metrics_uuid(pif_of(model, "eth0").uuid),
        carrier=True,
        vendor_id="8086",
        vendor_name="Intel Corporation",
        device_id="1572",
        device_name="Ethernet Controller X710 for 10GbE SFP+",
        speed=10000,
        duplex=True,
        pci_bus_path="0000:03:00.0",
        last_updated=READ_AT,
    )


def test_without_carrier_there_is_neither_speed_nor_duplex() -> None:
    found = of(taken_over(host()), "eth0", frozenset({"eth1"}), eth0=INTEL)
    assert (found.carrier, found.speed, found.duplex) == (False, 0, False)
    assert (found.vendor_id, found.last_updated) == ("8086", READ_AT)


def test_half_duplex_is_not_full() -> None:
    found = of(taken_over(host()), "eth0", BOTH_UP, eth0=HALF)
    assert (found.carrier, found.speed, found.duplex) == (True, 100, False)


def test_a_NIC_that_is_on_no_PCI_bus_has_XenAPIs_words_for_it() -> None:
    assert of(taken_over(host()), "eth0", BOTH_UP, eth0=HALF).pci_bus_path == "N/A"


def test_a_NIC_that_is_gone_has_metrics_that_say_nothing() -> None:
    found = of(taken_over(host()), "eth0", frozenset())
    assert (found.carrier, found.speed, found.pci_bus_path) == (False, 0, "N/A")
    assert found.last_updated == NEVER


def test_a_bond_has_carrier_while_one_of_its_slaves_has() -> None:
    model = bonded(taken_over(host()), "eth0", "eth1")
    up = [BOTH_UP, frozenset({"eth0"}), frozenset({"eth1"}), frozenset()]
    assert [of(model, "bond0", names).carrier for names in up] == [True, True, True, False]


def test_a_bond_has_the_speed_that_the_kernel_adds_up_and_no_place_on_a_bus() -> None:
    model = bonded(taken_over(host()), "eth0", "eth1")
    sending = Device(speed=2000, full_duplex=True, read_at=READ_AT)
    found = of(model, "bond0", BOTH_UP, bond0=sending, eth0=INTEL)
    assert (found.speed, found.duplex, found.pci_bus_path) == (2000, True, "")
    assert of(model, "bond0", frozenset(), bond0=sending).speed == 0


def test_NICs_and_bonds_have_metrics_and_nobody_else() -> None:
    model, tagged, access = host_with_uppers()
    own = [pif for pif in model.all(PIF) if pif.ref not in (tagged.ref, access.ref)]
    expected = [metrics_of(model, pif) for pif in own]
    assert [found.ref for found in pif_metrics(model, BOTH_UP, {})] == expected
    assert {"eth0", "eth1", "bond0"} <= {pif.device for pif in own}
    assert len(set(expected)) == len(own)


def test_VLANs_and_tunnels_share_the_metrics_of_what_they_stand_on() -> None:
    model, tagged, access = host_with_uppers()
    below = metrics_of(model, pif_of(model, "bond0"))
    assert [metrics_of(model, pif) for pif in (tagged, access)] == [below, below]


def test_a_reference_to_metrics_stays_the_same_for_ever() -> None:
    assert metrics_uuid("00000000-0000-0000-0000-00000000000e") == "99657f30-96e3-5cff-b556-bc0b71f7a7d8"


def test_metrics_have_uuids_of_their_own() -> None:
    model = taken_over(host())
    found = metrics_of(model, pif_of(model, "eth0"))
    assert found == f"OpaqueRef:{UUID(found.removeprefix('OpaqueRef:'))}"
    assert found not in model.records
