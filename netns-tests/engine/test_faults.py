"""Every step of a bond's creation and destruction fails, or the daemon is killed there, on a real kernel."""

from collections.abc import Sequence

import pytest
from conftest import Site
from host.fault import REFUSAL, Fault, disarm, faulty_kernel, inject
from host.pifctl import output, pifctl
from network.cabling import HOST_IP
from network.witness import is_pingable, settled, state_of

FAULTY = pytest.mark.parametrize("site", [faulty_kernel], indirect=True)
DESTROY = ("bond-destroy", "uuid=bond0")
FEWEST_PARTS, MOST_PARTS = 12, 60
"""So many faults must have happened at the least, lest a loop ends early, and can happen at the most."""


def create(site: Site) -> tuple[str, ...]:
    """The words that create the bond."""
    network = output(site.home, "network-create", "name-label=Bonded")
    return ("bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")


def refuse_each_part(site: Site, words: Sequence[str]) -> int:
    """Fail the command at each part, the first, the second …, until it gets through; how often it failed."""
    before = state_of(site.net, site.home)
    for part in range(1, MOST_PARTS):
        inject(site.home, Fault("refuse", part))
        outcome = pifctl(site.home, *words)
        if disarm(site.home):
            assert outcome.status == 0
            return part - 1
        assert outcome.status == 1
        assert REFUSAL in outcome.error
        assert state_of(site.net, site.home) == before
        assert_reachable(site)
    raise AssertionError(f"more than {MOST_PARTS} parts")


def kill_at_each_part(site: Site, words: Sequence[str]) -> int:
    """Kill the daemon at each part, and start it again; how often it was killed."""
    before = state_of(site.net, site.home)
    for part in range(1, MOST_PARTS):
        inject(site.home, Fault("kill", part))
        outcome = pifctl(site.home, *words)
        if disarm(site.home):
            assert outcome.status == 0
            return part - 1
        assert outcome.status == 1
        site.daemon.wait()
        assert_reachable(site)
        site.restart(faulty_kernel)
        assert settled(state_of(site.net, site.home)) == settled(before)
        assert_reachable(site)
    raise AssertionError(f"more than {MOST_PARTS} parts")


def assert_reachable(site: Site) -> None:
    assert is_pingable(site.net, HOST_IP)


@FAULTY
def test_when_a_step_of_create_or_destroy_is_refused_everything_is_as_before(site: Site) -> None:
    words = create(site)
    assert refuse_each_part(site, words) >= FEWEST_PARTS
    assert refuse_each_part(site, DESTROY) >= FEWEST_PARTS


@FAULTY
def test_when_the_daemon_is_killed_at_a_step_of_create_its_restart_makes_everything_as_before(
    site: Site,
) -> None:
    assert kill_at_each_part(site, create(site)) >= FEWEST_PARTS


@FAULTY
def test_when_the_daemon_is_killed_at_a_step_of_destroy_its_restart_makes_everything_as_before(
    site: Site,
) -> None:
    output(site.home, *create(site))
    assert kill_at_each_part(site, DESTROY) >= FEWEST_PARTS
