"""Every call of the method table is made, by every encoding, and gives what the API's page says."""

from collections.abc import Mapping

import pytest

from agent.api.calls.host_calls import WITHOUT_OBJECTS
from agent.api.calls.methods import table
from tests.clients.conftest import Story
from tests.clients.wire_types import LATER, has_type, type_of

IN_A_POOL = ("join", "eject", "sync_networking", "create_bond", "emergency_transition_to_master")
ALWAYS_REFUSES = {
    "host.local_management_reconfigure": "this host is never in an emergency",
    "network.add_purpose": "there is no purpose here",
    **dict.fromkeys(("VIF.add_ipv4_allowed", "VIF.add_ipv6_allowed"), "frames of VMs are not filtered"),
    "VIF.add_trunks": "a VIF carries untagged frames",
    "VIF.add_to_qos_algorithm_params": "VIFs have no limits of bandwidth",
    **dict.fromkeys(
        (f"pool.{name}" for name in IN_A_POOL),
        "this host has no etcd to be in a pool by",
    ),
    **{
        f"{name}.{message}": "there is none"
        for name in WITHOUT_OBJECTS
        for message in ("get_record", "get_by_uuid")
    },
}
"""Calls that cannot succeed, and why; that they refuse is in test_client_refusals."""

PREFIXES = ("", "DryRun.", "Async.", "InternalAsync.")
EXCUSED = {f"{prefix}{name}" for name in ALWAYS_REFUSES for prefix in PREFIXES}

ENCODINGS = ("XML-RPC", "JSON-RPC 1.0", "JSON-RPC 2.0")

Stories = Mapping[str, Story]


@pytest.mark.parametrize("voice", ENCODINGS)
def test_every_call_that_waits_has_succeeded_over_every_encoding(stories: Stories, voice: str) -> None:
    waited_for = {name for name in table() if not LATER.match(name)}
    assert waited_for - stories[voice].results.keys() == waited_for & EXCUSED


@pytest.mark.parametrize("prefix", ["Async", "InternalAsync"])
def test_every_call_by_a_task_has_succeeded(stories: Stories, prefix: str) -> None:
    later = {name for name in table() if name.startswith(f"{prefix}.")}
    assert later - stories[prefix].results.keys() == later & EXCUSED


def test_nothing_is_called_that_is_not_in_the_table(stories: Stories) -> None:
    assert {name for told in stories.values() for name in told.results} - table().keys() == set()


@pytest.mark.parametrize("voice", [*ENCODINGS, "Async", "InternalAsync"])
def test_every_result_has_the_type_that_the_page_says(stories: Stories, voice: str) -> None:
    encoding = voice if voice in ENCODINGS else "XML-RPC"
    wrong = [
        (method, type_of(method), value)
        for method, values in stories[voice].results.items()
        for value in values
        if not has_type(value, type_of(method), encoding)
    ]
    assert wrong == []


def test_the_story_ends_the_same_in_whatever_way_it_is_told(stories: Stories) -> None:
    assert len({told.end for told in stories.values()}) == 1
    assert {"@bond0/8", "@tunnel0", "@web/0", "@halted/0", "@bonded"} <= stories["Async"].end
