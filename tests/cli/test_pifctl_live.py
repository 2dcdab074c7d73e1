"""Live bonds, as the daemon's own topology tells of them."""

from agent.api.records.computed import View
from agent.api.records.record import record_of
from agent.api.views.topology import topology
from agent.model.records import Bond
from tests.cli.conftest import Run
from tests.cli.fake_daemon import Daemon
from tests.worlds.world import World

TABLE = """\
bond   mode           MAC                links-up  slave  link  active
bond0  active-backup  02:00:00:00:00:00  2 of 2    eth0   up
                                                   eth1   up    yes
"""


async def test_a_live_bond_shows_what_the_topology_says(world: World, run: Run, daemon: Daemon) -> None:
    await world.create_bond("eth0", "eth1")
    view = View(world.model)
    daemon.records["Bond"] = {bond.ref: record_of(view, bond) for bond in world.model.all(Bond)}
    daemon.results["pifd.topology"] = topology(
        world.model, await world.engine.kernel_state(), world.engine.failures
    )
    assert run("bond-list", "--live") == (0, TABLE, "")
