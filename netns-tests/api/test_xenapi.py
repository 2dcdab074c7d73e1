"""The real daemon as users of XenAPI drive it: the client from PyPI, its tasks and its events."""

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from conftest import Site
from host.daemon import Home, await_answer, start_forked
from network.cabling import ADMIN_IPV6, HOST_IP, HOST_IPV6, cabling
from network.ethtool import gro
from network.host_state import GROUP
from network.patience import patience
from network.traffic import answers, watching
from network.witness import bonding, state_of

from agent.api.calls.refresh import OBSERVED
from tests.clients.voices import XMLRPC

PATIENCE = patience(20)
"""Seconds for what must happen."""
ADDRESSES = [f"{HOST_IP}/24", f"{HOST_IPV6}/64"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    """A host where a daemon has been once: laying cables costs seconds in a guest, so the tests share it.

    The socket's path has no underscore, which the client would take for a slash.
    """
    directory = Path(f"/tmp/{uuid4().hex}")
    directory.mkdir(mode=0o700)
    with cabling() as net:
        foreign, home = net.foreign(), Home(directory, carrier_wait=30)
        site = Site(net, home, start_forked(net.host, home))
        await_answer(home)
        assert site.daemon.stop() == 0
        shutil.copytree(directory / "state", directory / "first")
        yield site
        assert net.foreign() == foreign
    shutil.rmtree(directory)


@pytest.fixture
def site(shared: Site) -> Iterator[Site]:
    """The host as it was after its first start, with a daemon."""
    shared.restart()
    yield shared
    assert shared.daemon.stop() == 0
    state = shared.home.directory / "state"
    shutil.rmtree(state)
    shutil.copytree(state.with_name("first"), state)
    shared.net.ip(shared.net.host, "link", "delete", "group", GROUP)


@pytest.fixture
def session(site: Site) -> Iterator[Any]:
    """A session as scripts have it."""
    voice = XMLRPC(site.home.socket)
    yield voice.client
    voice.close()


class Copy:
    """What a client knows of a class or more that hears of nothing but events."""

    def __init__(self, session: Any, *classes: str) -> None:
        self.records: dict[str, Any] = {}
        self.token = ""
        self._session, self._classes = session, list(classes)
        self.take(0.0)

    def hear(self) -> list[Any]:
        """The next events, taken over; there must be some."""
        events = self.take(PATIENCE)
        assert events
        return events

    def take(self, seconds: float) -> list[Any]:
        """The events that come within a time, taken over."""
        batch = self._session.xenapi.event_from(self._classes, self.token, seconds)
        self.token = batch["token"]
        for event in batch["events"]:
            if event["operation"] == "del":
                del self.records[event["ref"]]
            else:
                self.records[event["ref"]] = event["snapshot"]
        return list(batch["events"])

    def hear_until_same(self) -> None:
        """Returns when everything is as the daemon says that it is; a carrier may come after a call."""
        end = time.monotonic() + PATIENCE
        while self.records != everything(self._session):
            assert time.monotonic() < end
            self.take(0.1)


def everything(session: Any) -> dict[str, Any]:
    """Every record that events tell of."""
    return {
        ref: record
        for kind in OBSERVED
        for ref, record in getattr(session.xenapi, kind.class_name).get_all_records().items()
    }


def pif_of(session: Any, device: str) -> Any:
    (pif,) = session.xenapi.PIF.get_all_records_where(f'field "device" = "{device}"')
    return pif


def both(session: Any) -> list[Any]:
    return [pif_of(session, device) for device in ("eth0", "eth1")]


def begin_bond(session: Any) -> Any:
    """The task that puts the management NIC and the other one into a bond."""
    network = session.xenapi.network.create({"name_label": "Bonded"})
    return session.xenapi.Async.Bond.create(network, both(session), "")


def bond_of_both(session: Any) -> Any:
    """A bond that is there, and has carrier on both."""
    network = session.xenapi.network.create({"name_label": "Bonded"})
    return session.xenapi.Bond.create(network, both(session), "")


def seen_of(session: Any, task: Any) -> list[Any]:
    """The records of a task, as events tell of them until it has ended."""
    copy = Copy(session, f"task/{task}")
    seen = [copy.records[task]]
    while seen[-1]["status"] in ("pending", "cancelling"):
        seen += [event["snapshot"] for event in copy.hear()]
    return seen


def mtus(site: Site, *names: str) -> list[int]:
    links = site.net.links()
    return [links[name]["mtu"] for name in names]


def test_a_task_bonds_the_management_NIC_and_tells_how_far_it_is_and_no_ping_is_lost(
    site: Site, session: Any
) -> None:
    with watching(site.net.admin, HOST_IP) as watch:
        seen = seen_of(session, begin_bond(session))
    assert watch.count.lost == 0
    progress = [record["progress"] for record in seen]
    assert progress == sorted(progress)
    assert any(0 < part < 1 for part in progress)
    assert (seen[-1]["status"], seen[-1]["progress"], seen[-1]["error_info"]) == ("success", 1.0, [])
    bond = seen[-1]["result"].removeprefix("<value>").removesuffix("</value>")
    assert session.xenapi.Bond.get_slaves(bond) == both(session)
    assert site.net.ports("bond0") == ["eth0", "eth1"]
    assert site.net.addresses() == {"xapi0": ADDRESSES}


def test_events_tell_of_a_change_on_every_object_that_shows_it(site: Site, session: Any) -> None:
    """Fields of its own and computed ones: slaves and bond_slave_of, PIFs, MTU, links_up."""
    copy = Copy(session, "*")
    network = session.xenapi.network.create({"name_label": "Bonded"})
    copy.hear()
    slaves = both(session)
    bond = session.xenapi.Bond.create(network, slaves, "")
    master = session.xenapi.Bond.get_master(bond)
    told = {event["ref"]: event["operation"] for event in copy.hear()}
    assert {ref: told.get(ref) for ref in (bond, master, *slaves, network)} == {
        bond: "add", master: "add", slaves[0]: "mod", slaves[1]: "mod", network: "mod",
    }  # fmt: skip
    copy.hear_until_same()
    session.xenapi.network.set_MTU(network, "1400")
    told = {event["ref"]: event["operation"] for event in copy.hear()}
    assert (told.get(network), told.get(master)) == ("mod", "mod")
    copy.hear_until_same()
    session.xenapi.Bond.destroy(bond)
    told = {event["ref"]: event["operation"] for event in copy.hear()}
    assert (told.get(bond), told.get(master), told.get(slaves[0])) == ("del", "del", "mod")
    copy.hear_until_same()


def test_a_task_that_is_cancelled_while_a_carrier_is_awaited_leaves_the_host_as_it_was(
    site: Site, session: Any
) -> None:
    """The second NIC's cable comes late, so that there is a half-made bond to take back."""
    site.net.ip(site.net.switch, "link", "set", "port1", "down")
    network = session.xenapi.network.create({"name_label": "Bonded"})
    before = state_of(site.net, site.home)
    with watching(site.net.admin, HOST_IP) as watch:
        task = session.xenapi.Async.Bond.create(network, both(session), "")
        copy = Copy(session, f"task/{task}")
        while site.net.ports("bond0") != ["eth1"]:
            copy.hear()
        while copy.take(0.5):
            pass  # it comes on until it waits
        assert 0 < copy.records[task]["progress"] < 1
        session.xenapi.task.cancel(task)
        assert session.xenapi.task.get_status(task) == "cancelling"
        site.net.ip(site.net.switch, "link", "set", "port1", "up")
        ended = seen_of(session, task)[-1]
    assert (ended["status"], ended["error_info"]) == ("cancelled", ["TASK_CANCELLED", task])
    assert state_of(site.net, site.home) == before
    assert watch.count.lost == 0
    assert session.xenapi.Bond.get_all() == []


def test_MTU_and_other_config_are_on_the_devices_at_once(site: Site, session: Any) -> None:
    eth0 = pif_of(session, "eth0")
    network = session.xenapi.PIF.get_network(eth0)
    session.xenapi.network.set_MTU(network, "1400")
    assert mtus(site, "xenbr0", "eth0", "eth1") == [1400, 1400, 1500]
    session.xenapi.PIF.add_to_other_config(eth0, "mtu", "1300")
    assert (mtus(site, "xenbr0", "eth0"), session.xenapi.PIF.get_MTU(eth0)) == ([1300, 1300], "1300")
    session.xenapi.PIF.remove_from_other_config(eth0, "mtu")
    assert mtus(site, "xenbr0", "eth0") == [1400, 1400]
    session.xenapi.network.add_to_other_config(network, "static-routes", "198.51.100.0/24/192.0.2.1")
    assert routes_to(site, "198.51.100.0/24") == ["192.0.2.1 xenbr0"]
    session.xenapi.network.set_other_config(network, {})
    assert routes_to(site, "198.51.100.0/24") == []


def routes_to(site: Site, destination: str) -> list[str]:
    shown = json.loads(site.net.ip(site.net.host, "-j", "route", "show", destination))
    return [f"{route['gateway']} {route['dev']}" for route in shown]


def test_gro_and_ipv6_are_the_devices_own_at_once(site: Site, session: Any) -> None:
    eth0, other = pif_of(session, "eth0"), "2001:db8::20"
    session.xenapi.PIF.set_property(eth0, "gro", "on")
    assert (gro(site.net, "eth0", "eth1"), session.xenapi.PIF.get_properties(eth0)) == (
        [True, False],
        {"gro": "on"},
    )
    with watching(site.net.admin, HOST_IP) as watch:
        session.xenapi.PIF.reconfigure_ipv6(eth0, "Static", f"{other}/64", ADMIN_IPV6, "")
    assert watch.count.lost == 0
    assert site.net.addresses() == {"xenbr0": [f"{HOST_IP}/24", f"{other}/64"]}
    assert answers(site.net.admin, other)
    assert session.xenapi.PIF.get_IPv6(eth0) == [f"{other}/64"]


def test_a_cable_that_is_pulled_wakes_a_client_that_waits(site: Site, session: Any) -> None:
    bond = bond_of_both(session)
    bonds = Copy(session, f"Bond/{bond}")
    while bonds.records[bond]["links_up"] != "2":
        bonds.hear()
    spare = "port1" if bonding(site.net, "bond0")["Currently Active Slave"] == "eth0" else "port0"
    for state, links_up in (("down", "1"), ("up", "2")):
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(bonds.hear)
            site.net.ip(site.net.switch, "link", "set", spare, state)
            (event,) = waiting.result()
        assert (event["operation"], event["ref"]) == ("mod", bond)
        assert event["snapshot"]["links_up"] == links_up
    assert answers(site.net.admin, HOST_IP)


def test_a_client_goes_on_after_a_restart_and_is_told_everything_again(site: Site, session: Any) -> None:
    copy, handle = Copy(session, "*"), session.handle
    known = copy.records
    assert site.daemon.stop() == 0
    site.restart()
    copy.records = {}
    assert {event["operation"] for event in copy.hear()} == {"add"}
    assert session.handle != handle
    copy.hear_until_same()
    assert copy.records.keys() == known.keys()
