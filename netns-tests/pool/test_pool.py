"""A pool of three hosts on a real kernel and a real etcd: taking over, the mesh, and being cut off."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from host.pifctl import output
from host.xenapi import XenAPIError
from network.traffic import answers
from pool.pool_hosts import Ground, PoolHost, pool_of, until

DYING = os.environ.get("PIFD_DYING_MESHES", "vxlan").split()
"""The protocols of the meshes in which a host dies; it takes 20 s for each (also "gre")."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with pool_of(tmp_path_factory.mktemp("pool"), 3, "pifdpool") as ground:
        yield ground


def network_called(host: PoolHost, label: str) -> str:
    found = host.api.call("network.get_by_name_label", label)
    assert len(found) == 1, (label, found)
    return str(found[0])


def test_a_member_takes_over_its_masters_bond_at_its_start_and_stays_reachable(ground: Ground) -> None:
    master, member, third = ground.hosts
    crowded(member)
    home = master.api.call("network.create", {"name_label": "bonded"})
    for host in (member, third):
        until(lambda host=host: host.api.call("network.get_by_name_label", "bonded"), "the network")  # type: ignore[misc]
    master.api.call("Bond.create", home, [master.pif("eth0"), master.pif("eth1")], "", "active-backup")
    until(lambda: member.records("Bond"), "the member knows of the master's bond")
    member.stop()
    member.start()
    until(lambda: len(member.records("Bond")) == 2, "the member has it, too")
    assert "master bond0" in member.link("eth0")
    assert "master bond0" in member.link("eth1")
    bridge = master.api.call("network.get_bridge", home)
    assert f"master {bridge}" in member.link("vif1.0")
    assert "vlan protocol 802.1Q id 7 " in member.link("bond0.7")
    assert member.link("eth0.7") == member.link("eth1.7") == ""
    assert "master" not in third.link("eth1")
    foreseen = output(third.home, "pool-sync", "--dry-run")
    assert "bond on bonded: as the master's" in foreseen
    assert "bond0" in foreseen
    assert "master" not in third.link("eth1")
    assert output(third.home, "host-list", "params=live", "--minimal") == "true,true,true"
    assert answers(ground.admin, member.address)
    assert answers(ground.admin, master.address)


def crowded(host: PoolHost) -> None:
    """VLANs of one tag on both NICs, management on one, a running VM on the other."""
    for device in ("eth0", "eth1"):
        home = host.api.call("network.create", {"name_label": f"vlan7 on {device}"})
        host.api.call("VLAN.create", host.pif(device), 7, home)
    vm = host.api.call("VM.create", {"name_label": "alpha"})
    net = host.records("PIF")[host.pif("eth1")]["network"]
    host.api.call("VIF.create", {"device": "0", "network": net, "VM": vm})
    host.ip("link", "add", "vif1.0", "type", "veth", "peer", "name", "guest0")
    host.api.call("VM.set_domid", vm, "1")
    host.api.call("VM.start", vm)
    host.api.call("VM.set_PV_drivers_detected", vm, True)
    assert "master" in host.link("vif1.0")


def test_a_call_about_another_hosts_bond_is_carried_out_there(ground: Ground) -> None:
    _, member, third = ground.hosts
    own = [ref for ref, bond in third.records("Bond").items() if host_of(third, bond) == member.this()]
    third.api.call("Bond.destroy", own[0])
    assert member.link("bond0") == ""
    assert "vlan protocol 802.1Q id 7 " in member.link("eth0.7")
    assert answers(ground.admin, member.address)


def host_of(asked: PoolHost, bond: dict[str, str]) -> str:
    return str(asked.records("PIF")[bond["master"]]["host"])


@pytest.mark.parametrize("protocol", ["gre", "vxlan"])
def test_a_tunnel_network_is_a_mesh_in_which_every_pair_talks(ground: Ground, protocol: str) -> None:
    with mesh(ground, protocol):
        for one, two in pairs(ground.hosts):
            until(lambda one=one, two=two: talks(one, two), "every pair")  # type: ignore[misc]


@contextmanager
def mesh(ground: Ground, protocol: str) -> Iterator[None]:
    """A tunnel network on all hosts, on which host <number> has the address 10.99.0.<number + 1>."""
    label = f"mesh-{protocol}-{time.monotonic_ns()}"
    home = ground.hosts[0].api.call("network.create", {"name_label": label})
    for host in ground.hosts:
        until(lambda host=host: host.api.call("network.get_by_name_label", label), label)  # type: ignore[misc]
        transport = next(
            ref
            for ref, pif in host.records("PIF").items()
            if pif["management"] in (True, "true") and pif["host"] == host.this()
        )
        host.api.call("tunnel.create", transport, home, protocol)
    bridge = ground.hosts[0].api.call("network.get_bridge", home)
    for host in ground.hosts:
        host.ip("addr", "add", f"10.99.0.{host.number + 1}/24", "dev", bridge)
    yield
    for host in ground.hosts:
        host.ip("addr", "del", f"10.99.0.{host.number + 1}/24", "dev", bridge)
        own = {ref for ref, pif in host.records("PIF").items() if pif["host"] == host.this()}
        for ref, tunnel in host.records("tunnel").items():
            if tunnel["access_PIF"] in own and host.records("PIF")[tunnel["access_PIF"]]["network"] == home:
                host.api.call("tunnel.destroy", ref)


def pairs(hosts: list[PoolHost]) -> list[tuple[PoolHost, PoolHost]]:
    return [(one, two) for one in hosts for two in hosts if one is not two]


def talks(one: PoolHost, two: PoolHost) -> bool:
    return answers(one.namespace, f"10.99.0.{two.number + 1}")


def has_end(host: PoolHost, other: PoolHost) -> bool:
    """Whether a tunnel of a host ends at another one, in the kernel."""
    links = host.ip("-d", "link")
    return f"remote {other.address} " in links or any(f"dst {other.address} " in one for one in host.flood())


def bonded(host: PoolHost) -> str:
    """A bond of both NICs, on a network of its own."""
    home = host.api.call("network.create", {"name_label": "transport"})
    made: str = host.api.call("Bond.create", home, [host.pif("eth0"), host.pif("eth1")], "", "active-backup")
    return made


def is_live(asked: PoolHost, host: PoolHost) -> bool:
    return asked.records("host")[host.this()]["live"] in (True, "true")


def test_a_host_that_is_cut_off_changes_its_own_and_is_told_of_what_is_shared(ground: Ground) -> None:
    master, member, third = ground.hosts
    way = third.api.call("network.create", {"name_label": "in the way"})
    in_the_way = third.api.call("Bond.create", way, [third.pif("eth1")], "", "active-backup")
    ground.stop_etcd()
    until(lambda: refused(third), "it is noticed")
    third.stop()
    third.start()
    assert answers(ground.admin, third.address)
    third.api.call("PIF.plug", third.pif("bond0"))
    assert "master bond0" in third.link("eth1")
    ground.start_etcd()
    until(lambda: not refused(third), "it is back")
    until(lambda: has_bond(member, third, but=in_the_way), "it takes over now, and tells of it")
    assert in_the_way not in third.records("Bond")
    links = [third.link(device) for device in ("eth0", "eth1")]
    assert ["master bond" in link for link in links] == [True, True], links
    assert [answers(ground.admin, host.address) for host in (master, third)] == [True, True]


@pytest.mark.parametrize("protocol", DYING)
def test_a_mesh_keeps_who_is_cut_off_from_etcd_and_not_who_is_dead(ground: Ground, protocol: str) -> None:
    master, member, third = ground.hosts
    with mesh(ground, protocol):
        for one, two in pairs(ground.hosts):
            until(lambda one=one, two=two: talks(one, two), "every pair")  # type: ignore[misc]
        made = bonded(member)
        assert has_end(master, member)
        assert [talks(*pair) for pair in pairs(ground.hosts)] == [True] * 6
        member.api.call("Bond.destroy", made)
        assert [talks(*pair) for pair in pairs(ground.hosts)] == [True] * 6
        with ground.no_etcd_for(third):
            until(lambda: not is_live(master, third), "its lease is over")
            time.sleep(4)  # the others have asked it
            assert [talks(*pair) for pair in pairs(ground.hosts)] == [True] * 6
            third.daemon.kill()
            ground.cut(third.number, off=True)
            for host in (master, member):
                until(lambda host=host: not has_end(host, third), "it is no end any more")  # type: ignore[misc]
            assert talks(master, member)
        ground.cut(third.number, off=False)
        third.api.close()
        third.daemon.reap()
        third.start()
        for one, two in pairs(ground.hosts):
            until(lambda one=one, two=two: talks(one, two), "it is back")  # type: ignore[misc]


def has_bond(asked: PoolHost, host: PoolHost, but: str) -> bool:
    """Whether one host knows that another one has a bond, beside one that it may have."""
    bonds = asked.records("Bond").items()
    return any(ref != but and host_of(asked, bond) == host.this() for ref, bond in bonds)


def refused(host: PoolHost) -> bool:
    try:
        host.api.call("network.create", {"name_label": "more"})
    except XenAPIError as error:
        return error.code == "PIFD_POOL_UNAVAILABLE"
    return False


def test_a_host_that_is_ejected_goes_on_alone(ground: Ground) -> None:
    master, _, third = ground.hosts
    master.api.call("pool.eject", third.this())
    until(lambda: len(third.records("host")) == 1, "it is alone")
    until(lambda: len(master.records("host")) == 2, "and is gone")
    assert answers(ground.admin, third.address)
