"""The calls of what has no records, and those of tasks."""

from typing import Any

from agent.api.calls.host_calls import WITHOUT_OBJECTS
from agent.api.sessions.sessions import Session
from tests.clients.fields import MAP, settings
from tests.clients.story import Teller
from tests.clients.voices import LOGIN


def other_calls(teller: Teller) -> None:
    """Sessions, events, tasks, system and pifd's own."""
    of_sessions(teller)
    of_events(teller)
    of_tasks(teller)
    of_messages(teller)
    of_the_own_session(teller)
    of_what_has_no_objects(teller)
    of_hosts(teller)
    teller.ask("system.listMethods")
    teller.ask("pifd.topology")
    teller.ask("host.get_management_interface", teller.ask("host.get_all")[0])
    alone(teller, "system.isAlive")


def alone(teller: Teller, method: str, *params: Any) -> Any:
    """A call with no session before its parameters."""
    result = teller.voice.bare(method, *params)
    teller.results.setdefault(method, []).append(result)
    return result


def of_sessions(teller: Teller) -> None:
    alone(teller, "session.logout", alone(teller, "session.login_with_password", *LOGIN))
    local = alone(teller, "session.slave_local_login_with_password", *LOGIN[:2])
    alone(teller, "session.local_logout", local)


def of_the_own_session(teller: Teller) -> None:
    """Like a task it is nothing that the engine knows of."""
    own = teller.voice.session
    record = teller.ask("session.get_record", own)
    for field in record.keys() - {"last_active"}:
        assert teller.ask(f"session.get_{field}", own) == record[field]
    teller.ask("session.get_last_active", own)
    for message, params in settings("other_config", MAP, own, teller, Session):
        assert teller.ask(f"session.{message}", *params) == ""


def of_events(teller: Teller) -> None:
    network = teller.ask("network.get_all")[0]
    token = teller.ask("event.from", ["*"], "", 0.0)["token"]
    teller.ask("event.register", ["network"])
    injected = teller.ask("event.inject", "network", network)
    events = [event["ref"] for event in teller.ask("event.next")]
    assert events == [network]
    assert [event["ref"] for event in teller.ask("event.from", ["network"], token, 5.0)["events"]] == events
    assert injected >= token
    teller.ask("event.unregister", ["network"])
    teller.ask("event.get_current_id")


def of_tasks(teller: Teller) -> None:
    teller.ask("task.create", "mine", "stays")
    other = teller.ask("task.create", "other", "")
    teller.ask("task.set_progress", other, 0.5)
    teller.ask("task.set_result", other, "half")
    teller.ask("task.set_error_info", other, ["HANDLE_INVALID", "VM", "x"])
    teller.ask("task.set_status", other, "pending")
    teller.ask("task.cancel", other)
    assert teller.ask("task.get_status", other) == "cancelled"
    teller.ask("task.destroy", other)


def of_messages(teller: Teller) -> None:
    create = "message.create", "FULL", 3, "VM", "x", "The disk is full."
    teller.ask(*create)
    teller.ask("message.destroy", teller.ask(*create))
    teller.ask("message.destroy_many", [teller.ask(*create), teller.ask(*create)])
    since = teller.ask("message.get_all_records")
    [record] = since.values()
    assert teller.ask("message.get", "VM", "x", record["timestamp"]) == since
    assert teller.ask("message.get_since", record["timestamp"]) == since


def of_what_has_no_objects(teller: Teller) -> None:
    for name in WITHOUT_OBJECTS:
        assert teller.ask(f"{name}.get_all") == teller.ask(f"{name}.get_by_name_label", "x") == []
        assert teller.ask(f"{name}.get_all_records") == {}
        assert teller.ask(f"{name}.get_all_records_where", "true") == {}


def of_hosts(teller: Teller) -> None:
    (host,) = teller.ask("host.get_all")
    teller.ask("host.get_servertime", host)
    teller.ask("host.get_server_localtime", host)
    teller.ask("host.signal_networking_change")
    teller.ask("pool.sync_database")


def of_bonds(teller: Teller) -> None:
    """After the story, which makes one."""
    teller.ask("Bond.get_status", teller.ask("Bond.get_all")[0])
