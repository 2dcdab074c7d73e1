"""PCI devices and their names."""

from pathlib import Path

import pytest

from agent.netlink.nics.pci import PCIDevice, names_of, pci_device

ADDRESS = "0000:03:00.0"
REPOSITORY = """\
#
#	List of PCI ID's
#
8086  Intel Corporation
	1521  I350 Gigabit Network Connection
		108e 7b16  Quad Port GbE PCIe 2.0 ExpressModule, UTP
# a comment among the devices
	1572  Ethernet Controller X710 for 10GbE SFP+
14e4  Broadcom Inc. and subsidiaries
	16d8  BCM57416 NetXtreme-E Dual-Media 10G RDMA Ethernet Controller
C 02  Network controller
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "pci.ids"
    path.write_text(REPOSITORY)
    return path


def plugged_in(directory: Path, vendor: str, device: str) -> Path:
    """Where the kernel shows its PCI devices, with one."""
    place = directory / "devices" / ADDRESS
    place.mkdir(parents=True)
    (place / "vendor").write_text(f"0x{vendor}\n")
    (place / "device").write_text(f"0x{device}\n")
    return place.parent


def test_a_device_has_the_ids_of_the_kernel_and_the_names_of_the_repository(
    tmp_path: Path, repository: Path
) -> None:
    devices = plugged_in(tmp_path, "8086", "1572")
    assert pci_device(ADDRESS, devices, [repository]) == PCIDevice(
        "8086", "Intel Corporation", "1572", "Ethernet Controller X710 for 10GbE SFP+"
    )


def test_an_address_where_nothing_is_plugged_in_has_no_device(tmp_path: Path) -> None:
    assert pci_device("usb-0000:00:14.0-1", tmp_path, []) is None


@pytest.mark.parametrize(
    ("vendor", "device", "names"),
    [
        ("8086", "1521", ("Intel Corporation", "I350 Gigabit Network Connection")),
        ("8086", "16d8", ("Intel Corporation", "")),
        ("14e4", "1572", ("Broadcom Inc. and subsidiaries", "")),
        ("1af4", "1000", ("", "")),
        ("108e", "7b16", ("", "")),
    ],
)
def test_a_device_is_its_own_vendors(
    repository: Path, vendor: str, device: str, names: tuple[str, str]
) -> None:
    assert names_of(vendor, device, (repository,)) == names


def test_where_no_repository_is_installed_there_are_no_names(tmp_path: Path, repository: Path) -> None:
    assert names_of("8086", "1572", (tmp_path / "missing",)) == ("", "")
    assert names_of("8086", "1572", (tmp_path / "missing", repository))[0] == "Intel Corporation"
