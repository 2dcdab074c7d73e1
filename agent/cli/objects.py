"""The daemon's objects, read once a class when somebody asks, and found by uuid or by name."""

from agent.cli.classes import CLASSES, Record
from agent.cli.errors import XE, CommandError, NoAnswer, program_name
from agent.cli.names import names_of
from agent.cli.session import Session, fits
from agent.cli.value import NULL_REFERENCES
from agent.schema import Class


def is_uuid(text: str) -> bool:
    """Whether this is a whole uuid, not a part of one and no name."""
    lengths = [len(part) for part in text.split("-")]
    return lengths == [8, 4, 4, 4, 12] and set(text.lower()) <= set("0123456789abcdef-")


def ambiguity(kind: Class, given: str, candidates: list[str]) -> CommandError:
    """The error for a name or a prefix that several objects have."""
    return CommandError(
        f"'{given}' can mean more than one {kind.name}:", *(f"  {line}" for line in candidates)
    )


def unknown(kind: Class, given: str) -> CommandError:
    """The error for a name or a prefix that no object has."""
    if not given:
        return CommandError(f"No {kind.name} was named: the parameter is empty.")
    lines = [f"There is no {kind.name} whose uuid begins with '{given}' or that has this name."]
    if program_name() == XE:  # which knows no names here
        lines[:0] = ["The uuid you supplied was invalid.", f"type: {kind.name}", f"uuid: {given}"]
    error = CommandError(*lines, f"'{program_name()} {kind.prefix}-list' shows what there is.")
    error.code, error.parameters = "UUID_INVALID", (kind.name, given)
    return error


class Objects:
    """All objects, by class and reference."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._records: dict[str, dict[str, Record]] = {}

    def of(self, class_name: str) -> dict[str, Record]:
        """Every object of a class by reference, in the daemon's order."""
        if class_name not in CLASSES:
            return {}
        if class_name not in self._records:
            self._records[class_name] = self._read(class_name)
        return self._records[class_name]

    def record(self, class_name: str, ref: str) -> Record | None:
        """The object behind a reference, if there is one."""
        return None if ref in NULL_REFERENCES else self.of(class_name).get(ref)

    def described(self, ref: str) -> str:
        """The object behind a reference of unknown class as `uuid (name)`; "" when there is none."""
        for class_name, kind in CLASSES.items():
            record = self.record(class_name, ref) if kind.prefix else None
            if record is not None:
                name = next(filter(None, names_of(kind, record, self.record)), "")
                return f"{record['uuid']} ({name})" if name else str(record["uuid"])
        return ""

    def find(self, class_name: str, given: str) -> str:
        """The reference of the one object with this uuid, a uuid that begins like this, or this name."""
        kind = CLASSES[class_name]
        if is_uuid(given):
            return str(self._session.ask(f"{class_name}.get_by_uuid", given.lower(), shape=str))
        candidates = self._named(kind, given) or self._beginning(kind, given)
        if not candidates:
            raise unknown(kind, given)
        if len(candidates) > 1:
            raise ambiguity(kind, given, [self.label(kind, ref) for ref in candidates])
        return candidates[0]

    def label(self, kind: Class, ref: str) -> str:
        """An object in a list for people: its uuid and its name."""
        record = self.of(kind.name)[ref]
        return f"{record['uuid']} ({', '.join(filter(None, names_of(kind, record, self.record)))})"

    def _named(self, kind: Class, given: str) -> list[str]:
        """The objects with this name; they count before those whose uuid happens to begin like it."""
        records = self.of(kind.name)
        return [ref for ref, one in records.items() if given and given in names_of(kind, one, self.record)]

    def _beginning(self, kind: Class, given: str) -> list[str]:
        records = self.of(kind.name)
        return [ref for ref, one in records.items() if given and one["uuid"].startswith(given.lower())]

    def _read(self, class_name: str) -> dict[str, Record]:
        method = f"{class_name}.get_all_records"
        records: dict[str, Record] = self._session.ask(method, shape=dict)
        if not fits(list(records.values()), [{"uuid": str}]):
            raise NoAnswer(f"pifd's answer is not valid: the result of {method} is not what it should be.")
        return records
