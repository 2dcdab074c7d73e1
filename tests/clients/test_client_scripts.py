"""Scripts as users of XenAPI write them: tasks that are waited for, and loops over events."""

from threading import Thread, Timer
from typing import Any

import pytest
import XenAPI

from agent.api.calls.refresh import OBSERVED
from tests.clients.daemon import PATIENCE, Daemon
from tests.clients.voices import XMLRPC


@pytest.fixture
def session(daemon: Daemon) -> Any:
    """A session as scripts have it."""
    voice = XMLRPC(daemon.path)
    yield voice.client
    voice.close()


@pytest.fixture
def other(daemon: Daemon) -> Any:
    """A second client's."""
    voice = XMLRPC(daemon.path)
    yield voice.client
    voice.close()


def pif_of(session: Any, device: str) -> Any:
    """A script's way to a PIF."""
    (pif,) = session.xenapi.PIF.get_all_records_where(f'field "device" = "{device}"')
    return pif


def members(session: Any) -> list[Any]:
    """Two PIFs, one of them plugged, so that the kernel has something to do when they are bonded."""
    pifs = [pif_of(session, "eth1"), pif_of(session, "eth2")]
    if session.xenapi.PIF.get_bond_slave_of(pifs[0]) == "OpaqueRef:NULL":
        session.xenapi.PIF.plug(pifs[0])
    return pifs


def wait_for_task(session: Any, task: Any) -> str:
    """What a task has ended as, by event.from."""
    token = ""
    while session.xenapi.task.get_status(task) in ("pending", "cancelling"):
        token = session.xenapi.event_from([f"task/{task}"], token, PATIENCE)["token"]
    return str(session.xenapi.task.get_status(task))


def close_gate(daemon: Daemon) -> None:
    """The kernel's next step waits."""
    daemon.do(daemon.world.gated.gate.clear)
    daemon.do(daemon.world.gated.waiting.clear)


def wait_at_gate(daemon: Daemon) -> None:
    """Returns when a step is waiting."""
    daemon.wait(daemon.world.gated.waiting.wait())


def open_gate(daemon: Daemon) -> None:
    daemon.do(daemon.world.gated.gate.set)


def test_a_bond_is_made_by_a_task(session: Any) -> None:
    network = session.xenapi.network.create({"name_label": "bonded"})
    task = session.xenapi.Async.Bond.create(network, members(session), "", "active-backup", {})
    assert wait_for_task(session, task) == "success"
    record = session.xenapi.task.get_record(task)
    assert (record["name_label"], record["progress"], record["error_info"]) == ("Async.Bond.create", 1.0, [])
    bond = record["result"].removeprefix("<value>").removesuffix("</value>")
    assert session.xenapi.Bond.get_all() == [bond]
    assert session.xenapi.Bond.get_slaves(bond) == members(session)
    session.xenapi.task.destroy(task)
    assert session.xenapi.task.get_all() == []


def test_a_task_that_fails_tells_the_error_that_the_call_would_have_raised(session: Any) -> None:
    network = session.xenapi.PIF.get_network(pif_of(session, "eth0"))
    task = session.xenapi.Async.Bond.create(network, members(session), "")
    assert wait_for_task(session, task) == "failure"
    with pytest.raises(XenAPI.Failure) as caught:
        session.xenapi.Bond.create(network, members(session), "")
    assert session.xenapi.task.get_error_info(task) == caught.value.details
    assert session.xenapi.task.get_result(task) == ""


def test_a_task_that_is_cancelled_between_two_steps_leaves_nothing_behind(
    daemon: Daemon, session: Any
) -> None:
    network = session.xenapi.network.create({"name_label": "bonded"})
    slaves = members(session)
    before, pifs = daemon.do(daemon.world.everything), session.xenapi.PIF.get_all_records()
    close_gate(daemon)
    task = session.xenapi.Async.Bond.create(network, slaves, "")
    wait_at_gate(daemon)
    session.xenapi.task.cancel(task)
    assert session.xenapi.task.get_status(task) == "cancelling"
    open_gate(daemon)
    assert wait_for_task(session, task) == "cancelled"
    assert session.xenapi.task.get_error_info(task) == ["TASK_CANCELLED", task]
    assert session.xenapi.Bond.get_all() == []
    assert session.xenapi.PIF.get_all_records() == pifs
    assert daemon.do(daemon.world.everything) == before


def test_reads_do_not_wait_for_a_change_in_progress_and_see_what_was_before(
    daemon: Daemon, session: Any, other: Any
) -> None:
    network = session.xenapi.network.create({"name_label": "bonded"})
    slaves, made = members(session), []
    before, token = other.xenapi.PIF.get_all_records(), other.xenapi.event_from(["pif"], "", 0.0)["token"]
    close_gate(daemon)
    change = Thread(target=lambda: made.append(session.xenapi.Bond.create(network, slaves, "")))
    change.start()
    wait_at_gate(daemon)
    guard = Timer(
        PATIENCE, open_gate, [daemon]
    )  # so that a read that waits fails, and does not wait for ever
    guard.start()
    assert other.xenapi.PIF.get_all_records() == before
    assert other.xenapi.Bond.get_all() == []
    assert other.xenapi.event_from(["pif"], token, 0.0)["events"] == []
    assert made == []
    guard.cancel()
    open_gate(daemon)
    change.join(PATIENCE)
    assert other.xenapi.Bond.get_all() == made
    changed = other.xenapi.event_from(["pif"], token, PATIENCE)["events"]
    assert [event["operation"] for event in changed] == ["add", "mod", "mod"]


def test_the_loop_over_events_keeps_a_copy_of_everything_up_to_date(session: Any, other: Any) -> None:
    """xapi's clients: everything at first, then what has happened since the token."""
    copy: dict[str, Any] = {}
    token = followed(copy, session.xenapi.event_from(["*"], "", 30.0))
    network = other.xenapi.network.create({"name_label": "bonded"})
    bond = other.xenapi.Bond.create(network, members(other), "")
    token = followed(copy, session.xenapi.event_from(["*"], token, 30.0))
    assert copy == everything(session)
    other.xenapi.Bond.destroy(bond)
    other.xenapi.network.destroy(network)
    token = followed(copy, session.xenapi.event_from(["*"], token, 30.0))
    assert copy == everything(session)
    batch = session.xenapi.event_from(["*"], token, 0.05)
    assert (batch["events"], batch["token"]) == ([], token)


def followed(copy: dict[str, Any], batch: Any) -> str:
    """The token, after a batch of events has been carried over to the copy."""
    for event in batch["events"]:
        if event["operation"] == "del":
            del copy[event["ref"]]
        else:
            copy[event["ref"]] = event["snapshot"]
    return str(batch["token"])


def everything(session: Any) -> dict[str, Any]:
    """Every record, whatever its class."""
    return {
        ref: record
        for name in (kind.class_name for kind in OBSERVED)
        for ref, record in getattr(session.xenapi, name).get_all_records().items()
    }


def test_a_waiting_loop_is_woken_by_another_clients_change(session: Any, other: Any) -> None:
    token = session.xenapi.event_from(["network"], "", 0.0)["token"]
    heard: list[Any] = []
    waiting = Thread(target=lambda: heard.append(session.xenapi.event_from(["network"], token, PATIENCE)))
    waiting.start()
    made = other.xenapi.network.create({"name_label": "new"})
    waiting.join(PATIENCE)
    (batch,) = heard
    (event,) = batch["events"]
    assert (event["operation"], event["class"], event["ref"]) == ("add", "network", made)
    assert event["snapshot"] == other.xenapi.network.get_record(made)


def test_a_token_from_before_a_restart_is_answered_with_everything(daemon: Daemon, session: Any) -> None:
    token = session.xenapi.event_from(["*"], "", 0.0)["token"]
    daemon.stop()
    daemon.start()
    copy: dict[str, Any] = {}
    followed(copy, session.xenapi.event_from(["*"], token, PATIENCE))
    assert copy == everything(session)


def test_the_loop_of_old_registers_and_asks_for_what_is_next(session: Any, other: Any) -> None:
    session.xenapi.event.register(["network", "PIF"])
    made = other.xenapi.network.create({"name_label": "new"})
    (event,) = session.xenapi.event.next()
    assert (event["operation"], event["ref"], event["snapshot"]["name_label"]) == ("add", made, "new")
    other.xenapi.PIF.add_to_other_config(pif_of(other, "eth3"), "colour", "red")
    (event,) = session.xenapi.event.next()
    assert (event["operation"], event["class"]) == ("mod", "pif")
    other.xenapi.network.destroy(made)
    (event,) = session.xenapi.event.next()
    assert (event["operation"], event["ref"], "snapshot" in event) == ("del", made, False)
    session.xenapi.event.unregister(["network", "PIF"])
    with pytest.raises(XenAPI.Failure) as caught:
        session.xenapi.event.next()
    assert caught.value.details == ["SESSION_NOT_REGISTERED", session.handle]


def test_a_logout_ends_a_wait(session: Any, other: Any) -> None:
    """The client would log in again and ask once more, so this one asks beneath it."""
    token = session.xenapi.event_from(["network"], "", 0.0)["token"]
    handle, answers = session.handle, []

    def wait() -> None:
        answers.append(getattr(session, "event.from")(handle, ["network"], token, PATIENCE))

    waiting = Thread(target=wait)
    waiting.start()
    while not answers and waiting.is_alive():
        other.session.logout(handle)
        waiting.join(0.05)
    assert answers[0]["ErrorDescription"] == ["SESSION_INVALID", handle]
