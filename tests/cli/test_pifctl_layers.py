"""VLANs and tunnels on the command line."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.cli.world import ETH0, ETH0_5, ETH1, MADE, STORAGE, TUNNEL, TUNNEL0, VLAN, ref

UPPER = "61000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize("given", ["eth0.5", VLAN, "70", ETH0_5, ETH0_5.upper()])
def test_a_VLAN_is_destroyed_by_its_uuid_its_PIFs_uuid_or_its_name(
    run: Run, host: Daemon, given: str
) -> None:
    assert run("vlan-destroy", f"uuid={given}") == (0, "", "")
    assert host.made() == [("VLAN.destroy", [ref(VLAN)])]


def test_a_uuid_that_is_no_VLANs_is_refused(run: Run, host: Daemon) -> None:
    error = f"The uuid you supplied was invalid.\ntype: VLAN\nuuid: {ETH0}\ncode: UUID_INVALID\n"
    assert run("vlan-destroy", f"uuid={ETH0}") == (1, "", error)
    assert host.made() == []


@pytest.mark.parametrize(("tag", "sent"), [("5", 5), ("0", 0), ("-1", -1), ("4095", 4095)])
def test_a_VLAN_is_made_and_the_uuid_of_the_PIF_on_it_is_printed(
    run: Run, host: Daemon, tag: str, sent: int
) -> None:
    host.results |= {"VLAN.create": ref(MADE), "VLAN.get_untagged_PIF": ref(UPPER)}
    command = ("vlan-create", "pif-uuid=eth1", f"vlan={tag}", "network-uuid=storage")
    assert run(*command) == (0, f"{UPPER}\n", "")
    create = ("VLAN.create", [ref(ETH1), sent, ref(STORAGE)])
    assert host.made() == [create, ("VLAN.get_untagged_PIF", [ref(MADE)])]
    assert json.loads(run(*command, "--json").output) == {"uuid": UPPER}


@pytest.mark.parametrize("tag", ["5 ", "abc", "", "5.0", "\u0665", "9" * 30])
def test_what_is_no_number_is_no_tag(run: Run, host: Daemon, tag: str) -> None:
    error = (
        "Error: Failed to parse parameter 'vlan': expecting an integer\n"
        f"Got '{tag}'; a VLAN tag is a number from 0 to 4094\n"
    )
    assert run("vlan-create", "pif-uuid=eth1", f"vlan={tag}", "network-uuid=storage") == (1, "", error)
    assert host.calls == []


@pytest.mark.parametrize("tag", ["-1", "4095"])
def test_the_daemons_refusal_of_a_tag_names_it(run: Run, host: Daemon, tag: str) -> None:
    host.failures["VLAN.create"] = ("VLAN_TAG_INVALID", [tag])
    error = (
        "The VLAN tag you gave was invalid -- it must be between 0 and 4094. "
        f"The parameter echoes the VLAN tag you gave.\nVLAN: {tag}\ncode: VLAN_TAG_INVALID\n"
    )
    command = ("vlan-create", "pif-uuid=eth1", f"vlan={tag}", "network-uuid=storage")
    assert run(*command) == (1, "", error)


def test_a_VLAN_in_the_whole_pool_prints_the_PIFs_on_it(run: Run, host: Daemon) -> None:
    host.results["pool.create_VLAN_from_PIF"] = [ref(MADE), ref(UPPER)]
    command = ("pool-vlan-create", "pif-uuid=eth1", "vlan=5", "network-uuid=storage")
    assert run(*command) == (0, f"{MADE}\n{UPPER}\n", "")
    assert host.made() == [("pool.create_VLAN_from_PIF", [ref(ETH1), ref(STORAGE), 5])]
    assert json.loads(run(*command, "--json").output) == {"uuids": [MADE, UPPER]}


def test_a_dry_run_of_a_VLAN_makes_nothing_and_asks_for_no_PIF(run: Run, host: Daemon) -> None:
    told = run("vlan-create", "pif-uuid=eth1", "vlan=5", "network-uuid=storage", "--dry-run")
    assert told.output.startswith("Dry run of vlan-create: nothing has been changed.\n")
    assert host.made() == [("DryRun.VLAN.create", [ref(ETH1), 5, ref(STORAGE)])]


TUNNELS: list[tuple[str, list[Any]]] = [
    ("", [ref(ETH1), ref(STORAGE), "gre"]),
    ("protocol=VXLAN", [ref(ETH1), ref(STORAGE), "vxlan"]),
]


@pytest.mark.parametrize(("more", "sent"), TUNNELS)
def test_a_tunnel_is_made_and_the_uuid_of_its_access_PIF_is_printed(
    run: Run, host: Daemon, more: str, sent: list[Any]
) -> None:
    host.results |= {"tunnel.create": ref(MADE), "tunnel.get_access_PIF": ref(UPPER)}
    command = ("tunnel-create", "pif-uuid=eth1", "network-uuid=storage", *more.split())
    assert run(*command) == (0, f"{UPPER}\n", "")
    assert host.made() == [("tunnel.create", sent), ("tunnel.get_access_PIF", [ref(MADE)])]


def test_a_protocol_that_there_is_not_is_refused(run: Run, host: Daemon) -> None:
    error = "Error: Invalid tunnel protocol. Got ipip\nKnown are: gre, vxlan\n"
    assert run("tunnel-create", "pif-uuid=a", "network-uuid=b", "protocol=ipip") == (1, "", error)
    assert host.calls == []


def test_a_tunnel_is_destroyed_by_its_name(run: Run, host: Daemon) -> None:
    assert run("tunnel-destroy", "uuid=tunnel0") == (0, "", "")
    assert host.made() == [("tunnel.destroy", [ref(TUNNEL)])]


def test_a_VLANs_fields_are_in_the_order_of_xe(run: Run, host: Daemon) -> None:
    expected = f"""\
uuid ( RO)            : {VLAN}
      tagged-PIF ( RO): {ETH0}
    untagged-PIF ( RO): {ETH0_5}
             tag ( RO): 5


"""
    assert run("vlan-list") == (0, expected, "")
    assert run("vlan-param-list", "uuid=eth0.5") == (0, expected, "")


def test_a_tunnels_fields_are_in_the_order_of_xe(run: Run, host: Daemon) -> None:
    expected = f"""\
uuid ( RO)             : {TUNNEL}
       access-PIF ( RO): {TUNNEL0}
    transport-PIF ( RO): {ETH0}
           status ( RO): active: true; key: 1
     other-config (MRW): remote-ips: 192.0.2.7; colour: red
         protocol ( RO): gre


"""
    assert run("tunnel-list", "params=all") == (0, expected, "")
    asked = ("tunnel-param-get", "uuid=tunnel0", "param-name=status", "param-key=key")
    assert run(*asked) == (0, "1\n", "")
