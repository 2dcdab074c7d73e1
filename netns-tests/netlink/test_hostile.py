"""While others make and delete devices, addresses, routes and names as fast as they can, no call fails."""

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from conftest import Site
from host.pifctl import output
from netlink.test_picture import NAMES as OTHERS
from netlink.test_picture import change
from network.cabling import HOST_IP, Cabling
from network.witness import is_pingable, kernel_of, without_operstates
from runner.seed import SEED

CALLS = int(os.environ.get("PIFD_HOSTILE_CALLS", "4"))
"""Bonds that are made and destroyed."""
STARTS = int(os.environ.get("PIFD_HOSTILE_STARTS", "1"))
LINES = 3000
"""Changes in one batch; whoever works through it begins anew at its end."""


@contextmanager
def others_at_work(net: Cabling) -> Iterator[None]:
    """Devices of others come and go on the host, without a pause."""
    draw = random.Random(SEED)
    drawn = (change(draw) for _ in range(LINES))
    lines = "\n".join(line for line in drawn if "192.0.2" not in line)
    command = f"while :; do ip -n {net.host} -force -batch - <<'.'\n{lines}\n.\ndone"
    with subprocess.Popen(["sh", "-c", command], stdout=-3, stderr=-3, start_new_session=True) as working:
        try:
            yield
        finally:
            os.killpg(working.pid, 15)


def pifds_own(net: Cabling) -> dict[str, object]:
    """The host's links without those of the others, whose names say so."""
    links = without_operstates(kernel_of(net)).links
    return {name: link for name, link in links.items() if name not in OTHERS}


def test_calls_and_starts_succeed_while_others_change_everything_else(site: Site) -> None:
    network = output(site.home, "network-create", "name-label=Bonded")
    before = pifds_own(site.net)
    with others_at_work(site.net):
        for _ in range(CALLS):
            output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
            output(site.home, "bond-destroy", "uuid=bond0")
        for _ in range(STARTS):
            site.daemon.kill()
            site.daemon.wait()
            site.restart()
    assert pifds_own(site.net) == before
    assert is_pingable(site.net, HOST_IP)
