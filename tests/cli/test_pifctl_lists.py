"""Lists: xe's layout, fields, filters and --minimal."""

import json

from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import BOND, BOND0, ETH0, ETH1, ETH2, HOST, MANAGEMENT, POOL, STORAGE

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
    assert run(*asked, "param-key=mtu") == (1, "", "Error: Key mtu not found in properties\n")
    assert run(*asked, "--json") == (0, '{\n  "gro": "on"\n}\n', "")
