"""LACP with a real partner: the switch's ports become a bond of the kernel's, in a mood of its own."""

import json
import time
from typing import Any

import pytest
from conftest import Site
from host.pifctl import output
from network.cabling import Cabling
from network.patience import patience

PATIENCE = patience(30)
IN_USE = ("eth0 is in use", "eth1 is in use")


@pytest.fixture
def lacp(site: Site) -> str:
    """eth0 and eth1 in a bond, and the switch says nothing of LACP."""
    network = output(site.home, "network-create", "name-label=Bonded")
    return output(
        site.home,
        "bond-create",
        f"network-uuid={network}",
        "pif-uuids=eth0,eth1",
        "mode=lacp",
        "properties:lacp-time=fast",
    )


def partner(net: Cabling, *ports: str, options: str) -> None:
    """The switch's ports become a bond that speaks LACP."""
    net.batch(
        net.switch,
        f"link add far type bond mode 802.3ad miimon 100 {options}\n"
        + "".join(f"link set {port} down\nlink set {port} master far\n" for port in ports)
        + "link set far up\n",
    )


def status(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output(site.home, "bond-status", "uuid=bond0", "--json"))
    return found


def until_said(site: Site, words: str, *ports: str) -> dict[str, Any]:
    """The status, once it says this of the bond and these of its ports."""
    end = time.monotonic() + PATIENCE
    while True:
        found = status(site)
        told = [port["words"] for port in found["ports"]]
        if (found["words"], told) == (words, [*ports]):
            return found
        assert time.monotonic() < end, (found["words"], told)
        time.sleep(0.2)


def partner_states(found: dict[str, Any]) -> list[set[str]]:
    return [set(port["lacp"]["partner_state"]) for port in found["ports"]]


def test_two_bonds_back_to_back_negotiate_and_a_silent_partner_is_named(site: Site, lacp: str) -> None:
    assert output(site.home, "bond-status", "uuid=bond0").count("the partner sends no LACPDUs") >= 1
    partner(site.net, "port0", "port1", options="lacp_rate fast")
    found = until_said(site, "bond0 uses eth0, eth1", *IN_USE)
    far = site.net.ip(site.net.switch, "-j", "link", "show", "far")
    assert (found["lacp"]["ports"], found["lacp"]["partner_mac"]) == (2, json.loads(far)[0]["address"])
    assert all({"activity", "timeout", "distributing"} <= state for state in partner_states(found))


def test_a_partner_may_be_slow_and_passive_and_pair_one_link_only(site: Site, lacp: str) -> None:
    partner(site.net, "port0", options="lacp_rate slow lacp_active off")
    silent = "eth1 is up but not aggregated: the partner sends no LACPDUs"
    found = until_said(site, "bond0 uses eth0", "eth0 is in use", silent)
    state = partner_states(found)[0]
    assert ("distributing" in state, state & {"activity", "timeout"}) == (True, set())
    assert found["ports"][0]["lacp"]["aggregator"] != found["ports"][1]["lacp"]["aggregator"]
    site.net.batch(site.net.switch, "link set port1 down\nlink set port1 master far\n")
    assert until_said(site, "bond0 uses eth0, eth1", *IN_USE)["lacp"]["ports"] == 2
