"""The network and the daemon that each test gets, and the watch over what is not pifd's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from host.daemon import PATIENCE, Daemon, Home, OpenKernel, await_answer, start_forked
from network.cabling import Cabling, cabling
from runner.seed import SEED

from agent.__main__ import real_kernel


def pytest_sessionstart(session: pytest.Session) -> None:
    """At once, so that it is known as well of a run that does not come to its end."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write_line(f"What fails in a scenario is chosen with PIFD_SEED={SEED}.")


@dataclass
class Site:
    """A network with a daemon on its host."""

    net: Cabling
    home: Home
    daemon: Daemon

    def restart(self, open_kernel: OpenKernel = real_kernel, seconds: float = PATIENCE) -> None:
        """Start the daemon again after it has ended; its start may take so long."""
        self.daemon = start_forked(self.net.host, self.home, open_kernel)
        await_answer(self.home, seconds=seconds)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """The test fails that leaves a namespace, or a device in this one."""
    before = left()
    yield
    assert left() - before == set()


FALLBACK_TUNNELS = {"gre0", "gretap0", "erspan0", "sit0", "tunl0", "ip6tnl0", "ip6gre0"}
"""Come by themselves with the module that the first tunnel of a kind loads, and stay."""


def left() -> set[str]:
    """The names of namespaces, and of this one's devices."""
    found = (path for place in ("/run/netns", "/sys/class/net") for path in Path(place).glob("*"))
    return {str(path) for path in found if path.name not in FALLBACK_TUNNELS}


@pytest.fixture
def net() -> Iterator[Cabling]:
    """A fresh network; what is not pifd's is byte for byte the same at the end."""
    with cabling() as net:
        foreign = net.foreign()
        yield net
        assert net.foreign() == foreign


@pytest.fixture
def site(net: Cabling, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The network with a daemon that has done its first start; its door can be given as a parameter."""
    open_kernel: OpenKernel = getattr(request, "param", real_kernel)
    home = Home(tmp_path)
    site = Site(net, home, start_forked(net.host, home, open_kernel))
    await_answer(home)
    yield site
    assert site.daemon.stop() == 0
