"""Lists: xe's layout, fields, filters and --minimal."""

import json
from typing import Any

import pytest

from agent.cli.classes import CLASSES
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import BOND, BOND0, ETH0, ETH1, ETH2, HOST, MANAGEMENT, POOL, STORAGE, TASK, VIF, VM, ref

ONE_PIF = f"""\
uuid ( RO)                  : {ETH0}
                device ( RO): eth0
                   MAC ( RO): 00:16:3e:00:00:0a
    currently-attached ( RO): true
                  VLAN ( RO): -1
          network-uuid ( RO): {MANAGEMENT}
             host-uuid ( RO): {HOST}


"""


def test_a_pif_list_is_printed_as_xe_prints_it(run: Run) -> None:
    assert run("pif-list", "device=eth0") == (0, ONE_PIF, "")


def test_two_empty_lines_follow_every_record(run: Run) -> None:
    expected = "uuid ( RO)      : {}\n    device ( RO): {}\n\n\n"
    pairs = [(ETH0, "eth0"), (ETH1, "eth1"), (ETH2, "eth2"), (BOND0, "bond0")]
    everything = "".join(expected.format(*pair) for pair in pairs)
    assert run("pif-list", "params=device,uuid") == (0, everything, "")


def test_a_bond_list_shows_master_and_slaves_by_uuid(run: Run) -> None:
    expected = f"uuid ( RO)      : {BOND}\n    master ( RO): {BOND0}\n    slaves ( RO): {ETH1}; {ETH2}\n\n\n"
    assert run("bond-list") == (0, expected, "")


def test_all_fields_of_a_bond_are_in_the_order_of_xe(run: Run) -> None:
    expected = f"""\
uuid ( RO)               : {BOND}
             master ( RO): {BOND0}
             slaves ( RO): {ETH1}; {ETH2}
               mode ( RO): active-backup
         properties (MRO): 
      primary-slave ( RO): {ETH1}
           links-up ( RO): 2
    auto-update-mac ( RO): true


"""  # noqa: W291
    assert run("bond-list", "params=all") == (0, expected, "")
    assert run("bond-param-list", "uuid=bond0") == (0, expected, "")


def test_sets_maps_and_settable_fields_have_their_marks(run: Run) -> None:
    expected = f"""\
uuid ( RO)            : {STORAGE}
             MTU ( RW): 1500
    other-config (MRW): 
            tags (SRW): blue, fast


"""  # noqa: W291
    asked = run("network-list", "name-label=storage", "params=uuid,tags,MTU,other-config")
    assert asked == (0, expected, "")


def test_a_reference_to_nothing_is_not_in_the_database(run: Run) -> None:
    assert run("pif-param-get", "uuid=eth0", "param-name=bond-slave-of") == (0, "<not in database>\n", "")


def test_a_reference_to_an_object_that_is_gone_is_invalid(run: Run, daemon: Daemon) -> None:
    daemon.records["network"].clear()
    asked = run("pif-param-get", "uuid=eth0", "param-name=network-name-label")
    assert asked == (0, "<invalid reference>\n", "")


def test_no_records_print_nothing(run: Run, daemon: Daemon) -> None:
    daemon.records["Bond"].clear()
    assert run("bond-list") == (0, "", "")
    assert run("bond-list", "--minimal") == (0, "\n", "")


def test_minimal_prints_the_first_field_on_one_line(run: Run) -> None:
    assert run("pif-list", "--minimal") == (0, f"{ETH0},{ETH1},{ETH2},{BOND0}\n", "")
    assert run("pif-list", "params=device", "minimal=true") == (0, "eth0,eth1,eth2,bond0\n", "")


def test_every_command_takes_minimal_and_prints_values_on_one_line(run: Run, host: Daemon) -> None:
    host.results |= {"network.create": ref(MANAGEMENT), "pool.create_VLAN_from_PIF": [ref(ETH1), ref(ETH2)]}
    assert run("network-create", "name-label=x", "--minimal") == (0, f"{MANAGEMENT}\n", "")
    vlans = run("pool-vlan-create", "pif-uuid=eth0", "vlan=5", "network-uuid=storage", "--minimal")
    assert vlans == (0, f"{ETH1},{ETH2}\n", "")
    assert run("pif-plug", "uuid=eth0", "--minimal") == (0, "\n", "")
    assert run("pif-param-list", "uuid=eth0", "--minimal") == (0, f"{ETH0}\n", "")
    assert run("network-param-get", "uuid=storage", "param-name=tags", "--minimal") == (
        0,
        "blue\\, fast\n",
        "",
    )


def test_minimal_escapes_commas_and_backslashes(run: Run, daemon: Daemon) -> None:
    daemon.records["network"] = dict([next(iter(daemon.records["network"].items()))])
    next(iter(daemon.records["network"].values()))["name_label"] = "a,b\\c"
    assert run("network-list", "params=name-label", "--minimal") == (0, "a\\,b\\\\c\n", "")


def test_filters_are_anded_and_match_the_printed_value(run: Run) -> None:
    both = run("pif-list", "physical=true", "currently-attached=true", "params=device", "--minimal")
    assert both == (0, "eth0\n", "")
    assert run("pif-list", "device=eth", "--minimal") == (0, "\n", "")


def test_a_filter_on_mac_ignores_case(run: Run) -> None:
    assert run("pif-list", "MAC=00:16:3E:00:00:0A", "--minimal") == (0, f"{ETH0}\n", "")


def test_filters_look_into_maps_and_sets(run: Run) -> None:
    assert run("pif-list", "properties:gro=off", "--minimal") == (0, "\n", "")
    assert run("pif-list", "properties:gro=on", "device=eth0", "--minimal") == (0, f"{ETH0}\n", "")
    assert run("network-list", "PIF-uuids:contains=" + ETH0, "--minimal") == (0, f"{MANAGEMENT}\n", "")


def test_flags_that_xe_takes_with_every_list_are_no_filters(run: Run) -> None:
    assert run("pool-list", "--minimal", "--multiple", "--all") == (0, f"{POOL}\n", "")


def test_json_has_the_field_names_of_xe_and_real_types(run: Run) -> None:
    wanted = run("pif-list", "device=eth0", "params=device,management,bond-slave-of,properties", "--json")
    expected = [{"device": "eth0", "management": True, "bond-slave-of": None, "properties": {"gro": "on"}}]
    assert json.loads(wanted.output) == expected


def test_one_key_of_a_map_can_be_asked_for(run: Run) -> None:
    asked = ("pif-param-get", "uuid=eth0", "param-name=properties")
    assert run(*asked) == (0, "gro: on\n", "")
    assert run(*asked, "param-key=gro") == (0, "on\n", "")
    assert run(*asked, "param-key=mtu") == (1, "", "Error: Key mtu not found in map\n")
    assert run(*asked, "--json") == (0, '{\n  "gro": "on"\n}\n', "")


# What xe has, in its order; what pifctl has besides comes at the end.
OF_XE = {
    "PIF": """uuid device MAC physical managed currently-attached MTU VLAN vlan-master-of vlan-slave-of
        bond-master-of bond-slave-of sriov-physical-PIF-of sriov-logical-PIF-of tunnel-access-PIF-of
        tunnel-transport-PIF-of management network-uuid network-name-label host-uuid host-name-label
        IP-configuration-mode IP netmask gateway IPv6-configuration-mode IPv6 IPv6-gateway
        primary-address-type DNS properties capabilities io_read_kbs io_write_kbs carrier vendor-id
        vendor-name device-id device-name speed duplex disallow-unplug pci-bus-path other-config
        igmp-snooping-status""",
    "Bond": "uuid master slaves mode properties primary-slave links-up auto-update-mac",
    "VLAN": "uuid tagged-PIF untagged-PIF tag",
    "tunnel": "uuid access-PIF transport-PIF status other-config protocol",
    "VIF": """uuid vm-uuid vm-name-label allowed-operations current-operations device MAC MAC-autogenerated
        MTU currently-attached qos_algorithm_type qos_algorithm_params qos_supported_algorithms other-config
        network-uuid network-name-label io_read_kbs io_write_kbs locking-mode ipv4-allowed ipv6-allowed
        ipv4-configuration-mode ipv4-addresses ipv4-gateway ipv6-configuration-mode ipv6-addresses
        ipv6-gateway""",
    "network": """uuid name-label name-description VIF-uuids PIF-uuids MTU bridge managed other-config blobs
        tags default-locking-mode purpose""",
    "task": """uuid name-label name-description subtask_of subtasks resident-on status progress type result
        created finished error_info allowed_operations current_operations other-config""",
}


@pytest.mark.parametrize("class_name", OF_XE)
def test_the_fields_of_xe_are_in_its_order_and_others_after_them(class_name: str) -> None:
    ours = [field.xe for field in CLASSES[class_name].in_xe]
    of_xe = OF_XE[class_name].split()
    assert ours[: len(of_xe)] == of_xe
    of_pifd = {"VIF": ["status-code", "status-detail", "trunks"], "PIF": ["status-detail"]}
    assert ours[len(of_xe) :] == of_pifd.get(class_name, [])


METRICS = [
    ("carrier", "true", True),
    ("vendor-name", "Intel", "Intel"),
    ("speed", "1000 Mbit/s", 1000),
    ("duplex", "full", "full"),
    ("pci-bus-path", "0000:01:00.0", "0000:01:00.0"),
    ("io_read_kbs", "<unknown>", "<unknown>"),
]


@pytest.mark.parametrize(("field", "printed", "value"), METRICS)
def test_a_PIFs_metrics_are_printed_as_xe_prints_them(run: Run, field: str, printed: str, value: Any) -> None:
    asked = ("pif-param-get", "uuid=eth0", f"param-name={field}")
    assert run(*asked) == (0, f"{printed}\n", "")
    assert json.loads(run(*asked, "--json").output) == value


def test_the_duplex_of_a_link_without_carrier_is_not_known(run: Run, daemon: Daemon) -> None:
    metrics = next(iter(daemon.records["PIF_metrics"].values()))
    asked = ("pif-list", "device=eth0", "params=duplex", "--minimal")
    metrics["duplex"] = False
    assert run(*asked).output == "half\n"
    metrics["carrier"] = False
    assert run(*asked).output == "unknown\n"


def test_a_PIF_without_metrics_has_no_speed(run: Run) -> None:
    assert run("pif-param-get", "uuid=eth1", "param-name=speed") == (0, "<not in database>\n", "")


def test_a_list_that_shows_no_metrics_does_not_ask_for_them(run: Run, daemon: Daemon) -> None:
    run("pif-list")
    assert [method for method, _ in daemon.calls if "metrics" in method] == []


def test_expensive_fields_are_not_told_in_lists(run: Run) -> None:
    expected = "device ( RO)         : eth0\n    io_read_kbs ( RO): <expensive field>\n\n\n"
    assert run("pif-list", "device=eth0", "params=device,io_read_kbs") == (0, expected, "")
    assert run("pif-list", "io_read_kbs=<unknown>", "device=eth0", "--minimal") == (0, f"{ETH0}\n", "")


def test_a_task_list_is_printed_as_xe_prints_it(run: Run, host: Daemon) -> None:
    expected = f"""\
uuid ( RO)                : {TASK}
          name-label ( RO): Async.Bond.create
    name-description ( RO): 
              status ( RO): pending
            progress ( RO): 0.500


"""  # noqa: W291
    assert run("task-list", "progress=0.500") == (0, expected, "")
    assert run("task-cancel", "uuid=Async.Bond.create") == (0, "", "")
    assert host.made() == [("task.cancel", [ref(TASK)])]


def test_operations_under_way_are_listed_without_their_tasks(run: Run, host: Daemon) -> None:
    host.records["VIF"][ref(VIF)]["current_operations"] = {ref(TASK): "plug"}
    asked = ("vif-list", "current-operations:contains=plug", "params=current-operations", "--minimal")
    assert run(*asked) == (0, "plug\n", "")


def test_templates_are_listed_when_they_are_asked_for(run: Run, host: Daemon) -> None:
    host.records["VM"][ref(VM)]["is_a_template"] = True
    assert run("vm-list") == (0, "", "")
    assert run("vm-list", "--all", "--minimal") == (0, f"{VM}\n", "")
    assert run("vm-list", "is-a-template=true", "--minimal") == (0, f"{VM}\n", "")
    assert run("vm-list", "--all", "name-label=other", "--minimal") == (0, "\n", "")


def test_filters_of_maps_and_sets_may_have_a_hyphen_as_they_first_had(run: Run) -> None:
    assert run("pif-list", "properties-gro=on", "device=eth0", "--minimal") == (0, f"{ETH0}\n", "")
    assert run("network-list", f"PIF-uuids-contains={ETH0}", "--minimal") == (0, f"{MANAGEMENT}\n", "")


def test_a_filter_on_a_part_of_what_has_none_is_refused(run: Run) -> None:
    assert run("pif-list", "device:x=y") == (1, "", "Error: Field 'device' is not a set or map\n")
    error = "Error: Invalid syntax for set filtering (should be tags:contains=<member>)\n"
    assert run("network-list", "tags:x=y") == (1, "", error)


def test_words_for_booleans_are_taken_in_any_case(run: Run) -> None:
    for word in ("TRUE", "t", "Yes", "y", "1"):
        assert run("pif-list", "device=eth0", f"minimal={word}") == (0, f"{ETH0}\n", "")
    for word in ("False", "F", "no", "N", "0"):
        assert run("pif-list", "device=eth0", "params=device", f"minimal={word}").output.startswith("device")


def node(name: str, uuid: str, state: str, *notes: str) -> dict[str, Any]:
    """A node of the topology."""
    plain = {"MAC": "00:16:3e:00:00:0b", "MTU": 1500, "addresses": [], "children": []}
    return {"kind": "NIC", "name": name, "uuid": uuid, "state": state, "notes": list(notes), **plain}
