"""What the API asks of the engine."""

from collections.abc import Awaitable, Collection, Iterable, Mapping
from typing import Any, Protocol

from agent.engine.condition import Condition
from agent.engine.decisions import Decide
from agent.engine.link_history import LinkHistory
from agent.engine.notifier import Notifier
from agent.engine.progress import Progress
from agent.kernel.live import Device, LiveLink
from agent.kernel.state import KernelState
from agent.model.draft import Plan, Result
from agent.model.model import Model
from agent.model.records import Ref


class DryRun(Protocol):
    """What a call would do: its plan, and the steps on the kernel in words, in their order."""

    @property
    def plan(self) -> Plan: ...

    @property
    def steps(self) -> tuple[str, ...]: ...


class Engine(Protocol):
    """Decides and carries out one change at a time; reads never wait for it."""

    @property
    def model(self) -> Model:
        """The last model that was committed."""

    @property
    def failures(self) -> Mapping[Ref[Any], str]:
        """The PIFs and VIFs that the model has plugged and that failed to come up, with the reason."""

    @property
    def condition(self) -> Condition:
        """What is not as the model says, and why."""

    @property
    def words(self) -> str:
        """One line on how the network is."""

    @property
    def notifier(self) -> Notifier:
        """Notifies whenever what a reader sees may have changed."""

    def change(self, decide: Decide, progress: Progress = ...) -> Awaitable[Result]:
        """Carry out what `decide` plans and give its result; raises Failure, and then nothing has changed."""

    def dry_run(self, decide: Decide) -> Awaitable[DryRun]:
        """What `change` would do; raises the Failure that it would raise while deciding."""

    @property
    def links_up(self) -> frozenset[str]:
        """The names of the devices that have carrier: NICs, and the devices of tunnels."""

    @property
    def ports_up(self) -> frozenset[str]:
        """The names of the members of bonds that have carrier and are in their bond."""

    @property
    def devices(self) -> Mapping[str, Device]:
        """What the NICs and the bonds say of themselves, by their names."""

    @property
    def history(self) -> LinkHistory:
        """What became of the links of bonds, and the messages about it."""

    def bonds_heard_of(self) -> Collection[str]:
        """The references of the bonds that may do something else now; asked again, there are none."""

    def live_links(self, names: Iterable[str]) -> Awaitable[Mapping[str, LiveLink]]:
        """Those of the named links that are there, with what bonds and their ports say of themselves now."""

    def kernel_state(self) -> Awaitable[KernelState]:
        """The kernel as it is now."""
