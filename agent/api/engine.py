"""What the API asks of the engine."""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from agent.api.encodings.request import Value
from agent.engine.engine import Decide
from agent.engine.notifier import Bell
from agent.engine.progress import Progress
from agent.kernel.nic_info import Device
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
        """The PIFs and VIFs that the model has plugged and that could not be had, with the reason."""

    @property
    def bell(self) -> Bell:
        """Rung whenever what a reader sees may have changed."""

    def change(self, decide: Decide, progress: Progress = ...) -> Awaitable[Result]:
        """Carry out what `decide` plans and give its result; raises Failure, and then nothing has changed."""

    def dry_run(self, decide: Decide) -> Awaitable[DryRun]:
        """What `change` would do; raises the Failure that it would raise while deciding."""

    @property
    def links_up(self) -> frozenset[str]:
        """The names of the devices that have carrier: NICs, and the devices of tunnels."""

    @property
    def devices(self) -> Mapping[str, Device]:
        """What the NICs and the bonds say of themselves, by their names."""

    def topology(self) -> Awaitable[Value]:
        """What is connected to what on this host, wanted and actual."""
