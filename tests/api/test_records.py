"""The full record of an object."""

from dataclasses import replace

import pytest

from agent.api.records import field_names, record_of
from agent.model import PIF, AddressType, Bond, Host, IPConfiguration, IPMode, Model, Network, Pool, Record
from agent.rules import bond, network
from tests.api.world import EngineInMemory

NULL = "OpaqueRef:NULL"
NO_LINKS: frozenset[str] = frozenset()

# XenAPI's fields, as documented for its classes; of pool and host, those that networking reads.
FIELDS: dict[type[Record], str] = {
    Network: "uuid name_label name_description allowed_operations current_operations VIFs PIFs MTU "
    "other_config bridge managed blobs tags default_locking_mode assigned_ips purpose",
    PIF: "uuid device network host MAC MTU VLAN metrics physical currently_attached ip_configuration_mode IP "
    "netmask gateway DNS bond_slave_of bond_master_of VLAN_master_of VLAN_slave_of management other_config "
    "disallow_unplug tunnel_access_PIF_of tunnel_transport_PIF_of ipv6_configuration_mode IPv6 ipv6_gateway "
    "primary_address_type managed properties capabilities igmp_snooping_status sriov_physical_PIF_of "
    "sriov_logical_PIF_of PCI",
    Bond: "uuid master slaves other_config primary_slave mode properties links_up auto_update_mac",
    Host: "uuid name_label name_description enabled address hostname software_version other_config "
    "resident_VMs PIFs metrics",
    Pool: "uuid name_label name_description master other_config ha_enabled ha_allow_overcommit "
    "redo_log_enabled igmp_snooping_enabled",
}


def bonded(engine: EngineInMemory) -> tuple[Model, Bond]:
    """eth1 and eth2 in a bond on a network of their own."""
    model = network.create(engine.model, {"name_label": "storage", "bridge": "storage0"}).after
    home = next(n for n in model.all(Network) if n.bridge == "storage0")
    model = bond.create(model, home.ref, [engine.pif("eth1").ref, engine.pif("eth2").ref], "").after
    return model, model.all(Bond)[0]


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.class_name)
def test_a_class_has_all_of_xenapis_fields_and_no_other(kind: type[Record]) -> None:
    assert sorted(field_names(kind)) == sorted(FIELDS[kind].split())


def test_a_record_has_the_fields_that_its_class_names_in_their_order(engine: EngineInMemory) -> None:
    model, _ = bonded(engine)
    for record in model.records.values():
        assert tuple(record_of(model, record, NO_LINKS)) == field_names(type(record))


async def test_a_PIFs_record_is_flat(engine: EngineInMemory) -> None:
    pif = engine.pif("eth0")
    assert record_of(engine.model, pif, NO_LINKS) == {
        "uuid": pif.uuid,
        "device": "eth0",
        "network": engine.network("xenbr0").ref,
        "host": engine.host().ref,
        "MAC": "02:00:00:00:00:00",
        "MTU": 1500,
        "VLAN": -1,
        "physical": True,
        "currently_attached": True,
        "ip_configuration_mode": "Static",
        "IP": "10.0.0.2",
        "netmask": "255.255.255.0",
        "gateway": "10.0.0.1",
        "DNS": "",
        "ipv6_configuration_mode": "None",
        "IPv6": [],
        "ipv6_gateway": "",
        "primary_address_type": "IPv4",
        "bond_slave_of": NULL,
        "management": True,
        "other_config": {},
        "disallow_unplug": False,
        "managed": True,
        "properties": dict(pif.properties),
        "bond_master_of": [],
        "metrics": NULL,
        "VLAN_master_of": NULL,
        "VLAN_slave_of": [],
        "tunnel_access_PIF_of": [],
        "tunnel_transport_PIF_of": [],
        "capabilities": [],
        "igmp_snooping_status": "unknown",
        "sriov_physical_PIF_of": [],
        "sriov_logical_PIF_of": [],
        "PCI": NULL,
    }


def test_what_connects_objects_is_computed_from_both_sides(engine: EngineInMemory) -> None:
    model, made = bonded(engine)
    slaves = [engine.pif("eth1").ref, engine.pif("eth2").ref]
    master = model.get(made.master)
    assert record_of(model, made, NO_LINKS)["slaves"] == slaves
    assert record_of(model, master, NO_LINKS)["bond_master_of"] == [made.ref]
    assert [record_of(model, model.records[slave], NO_LINKS)["bond_slave_of"] for slave in slaves] == [
        made.ref
    ] * 2
    assert record_of(model, model.get(master.network), NO_LINKS)["PIFs"] == [master.ref]
    assert record_of(model, engine.host(), NO_LINKS)["PIFs"] == [pif.ref for pif in model.all(PIF)]


@pytest.mark.parametrize(("up", "count"), [((), 0), (("eth1",), 1), (("eth0", "eth1", "eth2"), 2)])
def test_links_up_counts_the_slaves_that_have_carrier(
    engine: EngineInMemory, up: tuple[str, ...], count: int
) -> None:
    model, made = bonded(engine)
    assert record_of(model, made, frozenset(up))["links_up"] == count


def test_the_hosts_address_is_its_management_interfaces(engine: EngineInMemory) -> None:
    assert record_of(engine.model, engine.host(), NO_LINKS)["address"] == "10.0.0.2"


def test_the_hosts_address_is_of_the_family_that_management_prefers(engine: EngineInMemory) -> None:
    ip = IPConfiguration(
        IP="10.0.0.2",
        ipv6_configuration_mode=IPMode.STATIC,
        IPv6=("fd00::2/64",),
        primary_address_type=AddressType.IPV6,
    )
    pif = replace(engine.pif("eth0"), ip_configuration=ip)
    model = Model({**engine.model.records, pif.ref: pif})
    assert record_of(model, engine.host(), NO_LINKS)["address"] == "fd00::2"


def test_a_host_without_management_has_no_address(engine: EngineInMemory) -> None:
    host = engine.host()
    assert record_of(Model({host.ref: host}), host, NO_LINKS)["address"] == ""
