"""A pool of three hosts on a real kernel and a real etcd: taking over, the mesh, and being cut off."""

from collections.abc import Iterator

import pytest
from host.pifctl import output
from host.xenapi import XenAPIError
from network.traffic import answers
from pool.pool_hosts import Ground, PoolHost, pool_of, until


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
    assert "master" not in third.link("eth1")
    foreseen = output(third.home, "pool-sync", "--dry-run")
    assert "bond on bonded: as the master's" in foreseen
    assert "bond0" in foreseen
    assert "master" not in third.link("eth1")
    assert output(third.home, "host-list", "params=live", "--minimal") == "true,true,true"
    assert answers(ground.admin, member.address)
    assert answers(ground.admin, master.address)


def test_a_call_about_another_hosts_bond_is_carried_out_there(ground: Ground) -> None:
    _, member, third = ground.hosts
    own = [ref for ref, bond in third.records("Bond").items() if host_of(third, bond) == member.this()]
    third.api.call("Bond.destroy", own[0])
    assert member.link("bond0") == ""
    assert answers(ground.admin, member.address)


def host_of(asked: PoolHost, bond: dict[str, str]) -> str:
    return str(asked.records("PIF")[bond["master"]]["host"])


@pytest.mark.parametrize("protocol", ["gre", "vxlan"])
def test_a_tunnel_network_is_a_mesh_in_which_every_pair_talks(ground: Ground, protocol: str) -> None:
    label = f"mesh-{protocol}"
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
    pairs = [(one, two) for one in ground.hosts for two in ground.hosts if one is not two]
    for one, two in pairs:
        until(lambda one=one, two=two: answers(one.namespace, f"10.99.0.{two.number + 1}"), "every pair")  # type: ignore[misc]
    for host in ground.hosts:
        host.ip("addr", "del", f"10.99.0.{host.number + 1}/24", "dev", bridge)
        for ref, tunnel in host.records("tunnel").items():
            access = host.records("PIF")[tunnel["access_PIF"]]
            if access["host"] == host.this() and access["network"] == home:
                host.api.call("tunnel.destroy", ref)


def test_a_host_that_is_cut_off_changes_its_own_and_is_told_of_what_is_shared(ground: Ground) -> None:
    master, member, third = ground.hosts
    ground.stop_etcd()
    until(lambda: refused(third), "it is noticed")
    third.stop()
    third.start()
    assert answers(ground.admin, third.address)
    third.api.call("PIF.plug", third.pif("eth1"))
    assert "master" in third.link("eth1")
    ground.start_etcd()
    until(lambda: not refused(third), "it is back")
    until(lambda: has_bond(member, third), "it takes its master's bond over now, and tells of it")
    assert "master bond0" in third.link("eth1")
    assert [answers(ground.admin, host.address) for host in (master, third)] == [True, True]


def has_bond(asked: PoolHost, host: PoolHost) -> bool:
    """Whether one host knows that another one has a bond."""
    return any(host_of(asked, bond) == host.this() for bond in asked.records("Bond").values())


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
