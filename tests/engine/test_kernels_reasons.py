"""Whatever the kernel has against a change is told in its words, and never as an error of pifd's own."""

import errno
import os
from dataclasses import fields
from typing import Any

import pytest

from agent.engine.fault_attribution import failure
from agent.errors import InternalError, PIFConfigurationError
from agent.kernel.state import Address, Link, Route
from agent.kernel.steps import CreateLink, Refused, SetResolver, SetUp, Step
from agent.model.draft import Plan
from agent.model.model import Model
from agent.netlink.sockets.error_reply import ErrorReply
from agent.netlink.sockets.socket import NetlinkError
from agent.rules import bond, network, vlan
from tests.worlds.world import host, pif_of, taken_over, with_new_network

MODEL, HOME = with_new_network(taken_over(host()))
VLAN = vlan.create(MODEL, pif_of(MODEL, "eth0").ref, 5, HOME)
NICS = [pif_of(MODEL, name).ref for name in ("eth0", "eth1")]
BOND = bond.create(MODEL, HOME, NICS, "", "active-backup", {})
NETWORK = network.create(MODEL, {})
STEPS: tuple[tuple[Plan, Step, str], ...] = (
    (VLAN, CreateLink(Link(name="eth0.5", kind="vlan", lower="eth0")), "eth0"),
    (BOND, CreateLink(Link(name="bond0", kind="bond")), "eth0"),
    (BOND, SetUp("eth1"), "eth1"),
    (NETWORK, SetResolver(""), "eth0"),
)


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_errno_is_told_in_words_of_the_pif_that_is_closest(code: int) -> None:
    for plan, step, device in STEPS:
        for cause in (
            Refused(step, str(ErrorReply(code))),
            Refused(step, str(ErrorReply(code, "because"))),
        ):
            found = failure(plan, cause)
            assert isinstance(found, PIFConfigurationError), (step, found)
            assert found.parameters[0] == pif_of(MODEL, device).ref
            assert os.strerror(code) in found.parameters[1]


KERNELS_OWN = (512, 517, 524, 525, 529, 4095, 4096, 2**31)
STRUCTURES = {
    Link: Link(name="eth0"),
    Address: Address("eth0", "192.0.2.10/24"),
    Route: Route("eth0", "192.0.2.1"),
}
KINDS = Step.__subclasses__()


def sample(kind: type[Step]) -> Step:
    """A step about eth0, of any kind."""

    def value(annotation: Any) -> Any:
        if annotation in STRUCTURES:
            return STRUCTURES[annotation]
        return {str: "eth0", int: 1, bool: True}.get(annotation, ())

    given = {field.name: value(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**given | ({"kind": "bond"} if "kind" in given else {}))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_errno_at_every_step_is_told_by_the_step_and_the_reason(kind: type[Step]) -> None:
    step = sample(kind)
    for code in (*errno.errorcode, *KERNELS_OWN):
        reason = str(ErrorReply(code))
        told = failure(BOND, Refused(step, reason))
        assert isinstance(told, PIFConfigurationError)
        assert told.parameters[1] == f"{step}: {reason}"
        assert "Unknown error 5" not in reason


@pytest.mark.parametrize("cause", [NetlinkError("no answer"), OSError(errno.ENOBUFS, "No buffer space")])
def test_a_kernel_that_does_not_answer_is_not_an_error_of_pifds_own(cause: OSError) -> None:
    for plan in (VLAN, BOND, NETWORK, Plan(Model(), MODEL), Plan(Model(), Model())):
        assert isinstance(failure(plan, cause), PIFConfigurationError)


def test_what_nobody_foresaw_is() -> None:
    assert isinstance(failure(VLAN, ZeroDivisionError("by nought")), InternalError)
