"""rectify: what breaks the rules is put right at start-up, and each thing is told."""

from dataclasses import replace

from agent.model.model import Model
from agent.model.records import IPConfiguration, IPMode, Network
from agent.rules.rectify import Rectified, rectify
from tests.docs.design import design
from tests.rules.log_lines import told
from tests.worlds.laden import (
    ELSEWHERE,
    home_of,
    lower_of,
    tunnel_of,
    upper_of,
    vif_of,
    vlan_of,
    with_tunnel,
    with_vif,
    with_vlan,
)
from tests.worlds.world import (
    bond_of,
    bonded,
    host,
    nic,
    static,
    taken_over,
    with_network,
    with_pif,
    with_record,
)

MODEL = taken_over(host(nic(0), nic(1), nic(2)))


"""eth0 is management with an address; eth1 and eth2 have nothing."""


BONDED = bonded(MODEL, "eth1", "eth2")
IP = static("198.51.100.2/24")
OTHER_IP = static("203.0.113.2/24")


def enslaved(model: Model, *devices: str) -> Model:
    """The model with NICs put into a bond on a new network by hand, with all that they have."""
    aside = with_network(bonded(Model(MODEL.records, seed=b"aside"), *devices), "xapi0", bridge="bonded")
    bond, master = bond_of(aside), lower_of(aside, "bond0")
    plain = replace(master, ip_configuration=IPConfiguration(), management=False, disallow_unplug=False)
    for record in (replace(plain, currently_attached=False), bond, aside.get(master.network)):
        model = with_record(model, record)
    for device in devices:
        model = with_record(model, replace(lower_of(model, device), bond_slave_of=bond.ref))
    return model


def test_a_model_that_keeps_the_rules_stays_as_it_is() -> None:
    model = with_vlan(with_tunnel(BONDED, lower_of(BONDED, "eth0").ref), "bond0", 5)
    model = with_vif(model, home_of(model, "eth0"), "vm")
    assert rectify(model) == Rectified(model, ())


@design("start", 2)
def test_VLANs_on_a_slave_move_up() -> None:
    model = enslaved(with_vlan(MODEL, "eth1", 5), "eth1")
    vlan, slave, master = vlan_of(model, "eth1", 5), lower_of(model, "eth1"), lower_of(model, "bond0")
    place = f"was on slave PIF eth1 ({slave.uuid}): moved up to PIF bond0 ({master.uuid})"
    after = told(model, f"VLAN {vlan.uuid}, tag 5, {place}").model
    assert upper_of(after, "bond0", 5) == replace(upper_of(model, "eth1", 5), device="bond0")


@design("start", 2)
def test_of_VLANs_with_one_tag_the_bonds_own_stays() -> None:
    model = enslaved(with_vlan(MODEL, "eth1", 5, currently_attached=False), "eth1")
    model = with_vif(with_vlan(model, "bond0", 5), upper_of(model, "eth1", 5).network, "vm", "Suspended")
    after = told(model, "moved up", "joined").model
    assert upper_of(after, "bond0", 5).uuid == upper_of(model, "bond0", 5).uuid
    assert vif_of(after, "vm").network == upper_of(model, "bond0", 5).network


def test_an_IP_configuration_for_which_there_is_no_room_is_dropped_and_told() -> None:
    model = with_vlan(with_vlan(MODEL, "eth1", 5, ip_configuration=IP), "eth2", 5, ip_configuration=OTHER_IP)
    after = told(enslaved(model, "eth1", "eth2"), "moved up", "moved up", "joined", OTHER_IP.IP).model
    assert upper_of(after, "bond0", 5).ip_configuration == IP


def test_managements_IP_configuration_wins() -> None:
    model = with_vlan(MODEL, "eth1", 5, ip_configuration=IP)
    model = with_pif(
        with_vlan(model, "eth2", 5, ip_configuration=OTHER_IP, management=True), "eth0", management=False
    )
    after = told(enslaved(model, "eth1", "eth2"), "moved up", "moved up", "joined", IP.IP).model
    upper = upper_of(after, "bond0", 5)
    assert (upper.ip_configuration, upper.management) == (OTHER_IP, True)


@design("start", 2)
def test_tunnels_on_a_slave_move_up() -> None:
    model = with_pif(MODEL, "eth1", ip_configuration=IP)
    model = enslaved(with_tunnel(model, lower_of(model, "eth1").ref), "eth1")
    after = told(model, "tunnel", "the IPv4 configuration, being plugged moved up").model
    assert tunnel_of(after) == replace(tunnel_of(model), transport_PIF=lower_of(model, "bond0").ref)


@design("start", 2)
def test_VIFs_to_move_on_the_network_of_a_slave_move_up_and_others_stay() -> None:
    model = with_record(BONDED, ELSEWHERE)
    home = home_of(model, "eth1")
    model = with_vif(
        with_vif(with_vif(model, home, "runs"), home, "sleeps", "Suspended"), home, "off", "Halted"
    )
    after = told(model, "VIF", "VIF", "PIF bond0").model
    homes = [vif_of(after, name).network for name in ("runs", "sleeps", "off")]
    assert homes == [home_of(model, "bond0")] * 2 + [home]
    assert lower_of(after, "bond0").currently_attached is True


@design("start", 2)
def test_management_on_a_slave_moves_up_with_its_IP_configuration() -> None:
    model = with_pif(enslaved(MODEL, "eth0"), "bond0", ip_configuration=IP)
    after = told(model, "management, the IPv4 configuration, being plugged moved up", IP.IP).model
    master, slave = lower_of(after, "bond0"), lower_of(after, "eth0")
    assert (master.management, master.currently_attached) == (True, True)
    assert master.ip_configuration == lower_of(MODEL, "eth0").ip_configuration
    assert (slave.management, slave.ip_configuration) == (False, IPConfiguration())


def test_the_first_slaves_IP_configuration_goes_to_a_master_that_has_none() -> None:
    model = with_pif(with_pif(MODEL, "eth1", ip_configuration=IP), "eth2", ip_configuration=OTHER_IP)
    after = told(enslaved(model, "eth1", "eth2"), "eth1", OTHER_IP.IP).model
    assert lower_of(after, "bond0").ip_configuration == IP


def test_a_master_keeps_its_IP_configuration() -> None:
    model = with_pif(
        enslaved(with_pif(MODEL, "eth1", ip_configuration=IP), "eth1"), "bond0", ip_configuration=OTHER_IP
    )
    after = told(model, IP.IP).model
    assert [lower_of(after, d).ip_configuration for d in ("bond0", "eth1")] == [OTHER_IP, IPConfiguration()]


def test_the_status_of_slaves_goes_to_the_master() -> None:
    model = with_pif(with_pif(BONDED, "eth1", disallow_unplug=True), "eth2", currently_attached=True)
    after = told(model, "disallow_unplug", "being plugged").model
    status = [
        (lower_of(after, d).disallow_unplug, lower_of(after, d).currently_attached)
        for d in ("bond0", "eth1", "eth2")
    ]
    assert status == [(True, True), (False, False), (False, False)]


def test_a_VLAN_that_is_too_large_for_the_bond_shrinks() -> None:
    model = with_vlan(with_network(MODEL, "xenbr1", MTU=9000), "eth1", 5, MTU=9000)
    after = told(enslaved(model, "eth1"), "moved up", "now 1500").model
    assert after.get(upper_of(after, "bond0", 5).network).MTU == 1500


def test_the_later_of_two_PIFs_on_a_network_gets_its_own_unplugged() -> None:
    model = with_pif(with_pif(MODEL, "eth1", currently_attached=True), "eth2", currently_attached=True)
    model = with_pif(model, "eth2", network=home_of(model, "eth1"))
    after = told(model, "shared its network").model
    assert [lower_of(after, d).currently_attached for d in ("eth1", "eth2")] == [True, False]
    assert len(after.all(Network)) == len(model.all(Network)) + 1


def test_management_keeps_its_network() -> None:
    model = with_pif(
        with_pif(MODEL, "eth0", management=False), "eth1", management=True, currently_attached=True
    )
    after = told(with_pif(model, "eth1", network=home_of(model, "eth0")), "PIF eth0").model
    assert home_of(after, "eth1") == home_of(model, "eth0")


def test_the_first_of_two_management_interfaces_stays() -> None:
    model = with_pif(MODEL, "eth1", management=True)
    assert told(model, "not any more").model == MODEL


def test_what_a_plugged_VIF_needs_is_plugged() -> None:
    model = with_vif(MODEL, home_of(MODEL, "eth1"), "vm")
    after = told(model, "was not plugged, but something on it is").model
    assert lower_of(after, "eth1").currently_attached is True


def test_the_primary_slaves_configuration_counts_before_an_older_slaves() -> None:
    model = with_pif(with_pif(MODEL, "eth1", ip_configuration=IP), "eth2", ip_configuration=OTHER_IP)
    model = enslaved(model, "eth1", "eth2")
    model = with_record(model, replace(bond_of(model), primary_slave=lower_of(model, "eth2").ref))
    after = told(model, "eth2", IP.IP).model
    assert lower_of(after, "bond0").ip_configuration == OTHER_IP


def test_a_slave_that_was_management_is_the_primary_slave() -> None:
    model = enslaved(MODEL, "eth1", "eth0")
    model = with_record(model, replace(bond_of(model), primary_slave=lower_of(model, "eth1").ref))
    after = told(model, "management").model
    assert bond_of(after).primary_slave == lower_of(after, "eth0").ref
    assert lower_of(after, "bond0").ip_configuration == lower_of(MODEL, "eth0").ip_configuration


def test_of_two_management_interfaces_one_that_is_no_slave_stays() -> None:
    model = bonded(MODEL, "eth0", "eth1")
    stale = with_pif(model, "eth1", management=True, ip_configuration=IP)
    after = told(stale, "beside", "was dropped: that of PIF bond0").model
    assert lower_of(after, "bond0") == lower_of(model, "bond0")


IPV6 = IPConfiguration(
    ipv6_configuration_mode=IPMode.STATIC, IPv6=("2001:db8:9::2/64",), DNS="2001:db8:9::53"
)


def test_a_slaves_IPv6_configuration_goes_to_a_master_that_has_only_IPv4() -> None:
    model = enslaved(with_pif(MODEL, "eth1", ip_configuration=IPV6), "eth1")
    model = with_pif(model, "bond0", ip_configuration=IP)
    after = told(model, "the IPv6 configuration moved up").model
    assert lower_of(after, "bond0").ip_configuration == replace(
        IP, ipv6_configuration_mode=IPV6.ipv6_configuration_mode, IPv6=IPV6.IPv6, DNS=IPV6.DNS
    )


def test_of_two_families_the_one_for_which_there_is_no_room_is_dropped_in_plain_words() -> None:
    both = replace(IPV6, ip_configuration_mode=IPMode.STATIC, IP="203.0.113.9", netmask="255.255.255.0")
    model = enslaved(with_pif(MODEL, "eth1", ip_configuration=both), "eth1")
    model = with_pif(model, "bond0", ip_configuration=IP)
    slave, master = lower_of(model, "eth1"), lower_of(model, "bond0")
    dropped = (
        f"the IPv4 configuration of PIF eth1 ({slave.uuid}) (203.0.113.9/255.255.255.0) was dropped: "
        f"that of PIF bond0 ({master.uuid}) (198.51.100.2/255.255.255.0) stays, there can be one only"
    )
    after = told(model, "the IPv6 configuration moved up", dropped).model
    ip = lower_of(after, "bond0").ip_configuration
    assert (ip.IP, ip.IPv6) == (IP.IP, IPV6.IPv6)


def test_managements_families_win_and_the_others_stay() -> None:
    model = enslaved(with_pif(MODEL, "eth0", ip_configuration=IP), "eth0")
    model = with_pif(
        model, "bond0", ip_configuration=replace(IPV6, ip_configuration_mode=IPMode.STATIC, IP="203.0.113.9")
    )
    after = told(model, "management, the IPv4 configuration", "dropped").model
    ip = lower_of(after, "bond0").ip_configuration
    assert (ip.IP, ip.IPv6) == (IP.IP, IPV6.IPv6)


def test_static_routes_move_with_their_family() -> None:
    routes = {"static-routes": "2001:db8:7::/48/2001:db8:9::1,10.7.0.0/16/203.0.113.1"}
    own = {"static-routes": "10.8.0.0/16/198.51.100.1"}
    model = enslaved(with_pif(MODEL, "eth1", ip_configuration=IPV6, other_config=routes), "eth1")
    model = with_pif(model, "bond0", ip_configuration=IP, other_config=own)
    after = told(model, "the IPv6 configuration").model
    assert lower_of(after, "bond0").other_config == {
        "static-routes": "10.8.0.0/16/198.51.100.1,2001:db8:7::/48/2001:db8:9::1"
    }
