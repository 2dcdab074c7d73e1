"""Starting again on a real kernel: nothing to do means no write, and what was lost is made again."""

from pathlib import Path

import pytest
from conftest import Site
from host.daemon import Home, await_answer, start_forked
from host.pifctl import output
from network.cabling import HOST_IP, HOST_IPV6, Cabling
from network.witness import is_pingable, kernel_of, settled, state_of

from agent.engine.kernel import Kernel
from agent.kernel.steps import Step
from agent.netlink import Netlink
from agent.settings import Settings

LIFETIME = "valid_lft 900 preferred_lft 900"


class Counting(Netlink):
    """Writes the number of netlink messages that change something to a file, at each step and each read."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.resolv_conf, settings.carrier_wait)
        self._count = settings.socket.parent / "writes"

    async def apply(self, step: Step) -> None:
        await super().apply(step)
        self._count.write_text(str(self.writes))

    async def read(self):  # type: ignore[no-untyped-def]
        state = await super().read()
        self._count.write_text(str(self.writes))
        return state


def counting(settings: Settings) -> Kernel:
    return Counting(settings)


def bonded(site: Site) -> None:
    """A bond of both NICs."""
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")


def written(home: Path) -> int:
    return int((home / "writes").read_text())


def test_a_restart_with_nothing_to_do_writes_nothing(site: Site) -> None:
    bonded(site)
    before = state_of(site.net, site.home)
    assert site.daemon.stop() == 0
    site.restart(counting)
    assert written(site.home.directory) == 0
    assert state_of(site.net, site.home) == before


def test_stopping_the_daemon_leaves_the_network_as_it_is(site: Site) -> None:
    bonded(site)
    before = kernel_of(site.net)
    assert site.daemon.stop() == 0
    assert kernel_of(site.net) == before
    assert is_pingable(site.net, HOST_IP)
    site.restart()


@pytest.mark.parametrize("lost", ["xapi0", "bond0", "address", "port", "down"])
def test_what_was_lost_while_the_daemon_was_away_is_made_again(site: Site, lost: str) -> None:
    bonded(site)
    before = state_of(site.net, site.home)
    assert site.daemon.stop() == 0
    damage = {
        "xapi0": ("link", "delete", "xapi0"),
        "bond0": ("link", "delete", "bond0"),
        "address": ("addr", "delete", f"{HOST_IP}/24", "dev", "xapi0"),
        "port": ("link", "set", "eth1", "nomaster"),
        "down": ("link", "set", "xapi0", "down"),
    }
    site.net.ip(site.net.host, *damage[lost])
    site.restart()
    assert settled(state_of(site.net, site.home)) == settled(before)
    assert is_pingable(site.net, HOST_IP)


def test_an_address_with_a_lifetime_that_is_the_hosts_only_one_is_kept(net: Cabling, tmp_path: Path) -> None:
    net.batch(
        net.host, f"addr flush dev eth0 scope global\naddr add {HOST_IPV6}/64 dev eth0 nodad {LIFETIME}\n"
    )
    home = Home(tmp_path)
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert net.addresses() == {"xenbr0": [f"{HOST_IPV6}/64"]}
    assert is_pingable(net, HOST_IPV6)
    assert daemon.stop() == 0


def test_after_a_reboot_the_model_is_made_from_nothing(site: Site) -> None:
    bonded(site)
    before = state_of(site.net, site.home)
    assert site.daemon.stop() == 0
    gone = ["link delete bond0", "link delete xapi0", "link set eth0 down", "link set eth1 down"]
    site.net.batch(site.net.host, "\n".join(gone))
    site.restart()
    assert settled(state_of(site.net, site.home)) == settled(before)
    assert is_pingable(site.net, HOST_IP)


def test_a_spare_nic_is_plugged_by_each_start_unless_somebody_has_unplugged_it(
    net: Cabling, tmp_path: Path
) -> None:
    home = Home(tmp_path, plug_spares=True)
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert net.ports("xenbr1") == ["eth1"]
    output(home, "pif-reconfigure-ip", "uuid=eth1", "mode=static", "IP=198.51.100.2/24")
    assert net.addresses()["xenbr1"] == ["198.51.100.2/24"]
    output(home, "pif-unplug", "uuid=eth1")
    assert daemon.stop() == 0
    daemon = start_forked(net.host, home)
    await_answer(home)
    assert "xenbr1" not in net.links()
    assert daemon.stop() == 0
