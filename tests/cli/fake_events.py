"""Events and tasks for the daemon of the tests: objects that change while somebody waits."""

from collections.abc import Sequence
from threading import Condition, Thread
from time import sleep
from typing import Any

from tests.cli.world import Record, ref

# Not the one that is in the world.
TASK = "77000000-0000-4000-8000-000000000001"
STEPS = 10


class Events:
    """The objects by class, and what has happened to them."""

    def __init__(self, records: dict[str, dict[str, Record]]) -> None:
        self._records = records
        self._history: list[tuple[str, str, str]] = []
        self._rings = Condition()
        # How many times somebody has begun to wait.
        self.waits = 0

    def put(self, class_name: str, record: Record) -> None:
        """Make an object, or change it."""
        with self._rings:
            records = self._records.setdefault(class_name, {})
            operation = "mod" if ref(record["uuid"]) in records else "add"
            records[ref(record["uuid"])] = record
            self._happened(operation, class_name, ref(record["uuid"]))

    def change(self, class_name: str, uuid: str, **fields: Any) -> None:
        """Change some fields of an object."""
        self.put(class_name, self._records[class_name][ref(uuid)] | fields)

    def remove(self, class_name: str, uuid: str, *, is_told: bool = True) -> None:
        """Destroy an object; events may have got lost, and only the count tells of it."""
        with self._rings:
            del self._records[class_name][ref(uuid)]
            if is_told:
                self._happened("del", class_name, ref(uuid))
            self._rings.notify_all()

    def since(self, classes: Sequence[str], token: str, timeout: float) -> dict[str, Any]:
        """event.from."""
        assert token == "" or token.startswith("token:")
        with self._rings:
            self.waits += 1
            start = int(token.removeprefix("token:") or -1)
            if start >= 0:
                self._rings.wait_for(lambda: self._after(classes, start), timeout)
            events = self._everything(classes) if start < 0 else self._after(classes, start)
            counts = {name.lower(): len(self._records.get(name, {})) for name in classes if "/" not in name}
            return {
                "events": [self._event(*one) for one in events],
                "valid_ref_counts": counts,
                "token": f"token:{len(self._history)}",
            }

    def _happened(self, operation: str, class_name: str, ref: str) -> None:
        self._history.append((operation, class_name, ref))
        self._rings.notify_all()

    def _everything(self, classes: Sequence[str]) -> list[tuple[str, str, str]]:
        every = [("add", name, ref) for name, records in self._records.items() for ref in records]
        return [one for one in every if matches(classes, one)]

    def _after(self, classes: Sequence[str], start: int) -> list[tuple[str, str, str]]:
        return list(dict.fromkeys(one for one in self._history[start:] if matches(classes, one)))

    def _event(self, operation: str, class_name: str, ref: str) -> dict[str, Any]:
        event: dict[str, Any] = {"id": 1, "timestamp": "0.0", "class": class_name.lower(), "ref": ref}
        snapshot = self._records.get(class_name, {}).get(ref)
        if snapshot is None:
            return event | {"operation": "del"}
        return event | {"operation": operation, "snapshot": snapshot}


def matches(classes: Sequence[str], one: tuple[str, str, str]) -> bool:
    """Whether an event is of one of the classes, or of the one object."""
    _, class_name, ref = one
    wanted = [name.lower() for name in classes]
    return class_name.lower() in wanted or f"{class_name}/{ref}".lower() in wanted


class Tasks:
    """The one task that a test has at a time.  `lasts`: how many seconds it takes."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.lasts = 0.0
        self.result = self.note = ""
        self.error_info: list[str] = []
        self.is_cancelled = False
        self.can_be_cancelled = True

    def start(self, method: str) -> str:
        """Async.<method>."""
        task = {"uuid": TASK, "name_label": method, "status": "pending", "progress": 0.0}
        self._events.put("task", task | {"result": "", "error_info": [], "other_config": {}})
        Thread(target=self._run, daemon=True).start()
        return ref(TASK)

    def cancel(self) -> None:
        """task.cancel."""
        self.is_cancelled = self.can_be_cancelled

    def destroy(self) -> None:
        """task.destroy."""
        self._events.remove("task", TASK)

    def _run(self) -> None:
        for step in range(STEPS):
            if self.is_cancelled:
                info = ["TASK_CANCELLED", ref(TASK)]
                self._events.change("task", TASK, status="cancelled", error_info=info)
                return
            self._events.change("task", TASK, progress=step / STEPS)
            sleep(self.lasts / STEPS)
        status = "failure" if self.error_info else "success"
        end: dict[str, Any] = {"status": status, "error_info": self.error_info, "result": self.result}
        end["other_config"] = {"note": self.note} if self.note else {}
        self._events.change("task", TASK, progress=1.0, **end)
