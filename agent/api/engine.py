"""What the API asks of the engine, and Agent, what a method has to work with."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agent.api.codec import JSON
from agent.api.sessions import Sessions
from agent.draft import Plan, Result
from agent.engine import Decide
from agent.model import Model
from agent.record import Ref


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

    def change(self, decide: Decide) -> Awaitable[Result]:
        """Carry out what `decide` plans and give its result; raises Failure, and then nothing has changed."""

    def dry_run(self, decide: Decide) -> Awaitable[DryRun]:
        """What `change` would do; raises the Failure that it would raise while deciding."""

    def links_up(self) -> Awaitable[frozenset[str]]:
        """The names of the devices that have carrier: NICs, and the devices of tunnels."""

    def topology(self) -> Awaitable[JSON]:
        """What is connected to what on this host, wanted and actual."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The engine that acts and the sessions that may ask it to."""

    engine: Engine
    sessions: Sessions
