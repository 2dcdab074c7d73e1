"""The messages of the class message, beside those of every class."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from agent.api.calls.call import Call
from agent.api.calls.refresh import current_journal
from agent.api.encodings.values import Value, shortened
from agent.errors import HandleInvalid, InvalidValue
from agent.model.messages import Message, MessageClass
from agent.model.records import Ref

PRIORITIES = range(1, 6)
MOST_TEXT = 65536
"""Characters: of a name, and of a body."""


async def create(call: Call, name: str, priority: int, cls: str, obj_uuid: str, body: str) -> Value:
    """Leave a message for others to read (XenAPI, message.create)."""
    if cls not in set(MessageClass):
        raise InvalidValue("cls", f"{shortened(cls)}: it is one of {', '.join(MessageClass)}")
    if priority not in PRIORITIES:
        raise InvalidValue("priority", f"{priority}: it is from 1 to 5")
    if len(name) + len(body) > MOST_TEXT:
        raise InvalidValue("body", f"it is longer than {MOST_TEXT} characters")
    message = Message(
        uuid=str(uuid4()),
        name=name,
        priority=priority,
        cls=MessageClass(cls),
        obj_uuid=obj_uuid,
        timestamp=datetime.now(UTC).replace(microsecond=0),
        body=body,
    )
    call.agent.engine.history.add_message(message)
    call.agent.engine.notifier.notify()
    return message.ref


async def destroy(call: Call, self: Ref[Message]) -> Value:
    """Forget a message (XenAPI, message.destroy)."""
    return await destroy_many(call, [self])


async def destroy_many(call: Call, messages: Sequence[Ref[Message]]) -> Value:
    """Forget several, all or none (XenAPI, message.destroy_many)."""
    history = call.agent.engine.history
    for ref in messages:
        if ref not in history.messages:
            raise HandleInvalid(Message.class_name, ref)
    history.drop_messages(messages)
    call.agent.engine.notifier.notify()
    return ""


async def get(call: Call, cls: str, obj_uuid: str, since: datetime) -> Value:
    """The records of the messages about an object from a time on (XenAPI, message.get)."""
    found = call.agent.engine.history.messages
    wanted = {
        ref
        for ref, one in found.items()
        if (one.cls, one.obj_uuid) == (cls, obj_uuid) and _is_from(one, since)
    }
    return {
        ref: record for ref, record in current_journal(call.agent).records(Message).items() if ref in wanted
    }


async def get_since(call: Call, since: datetime) -> Value:
    """The records of the messages from a time on (XenAPI, message.get_since)."""
    found = call.agent.engine.history.messages
    wanted = {ref for ref, one in found.items() if _is_from(one, since)}
    return {
        ref: record for ref, record in current_journal(call.agent).records(Message).items() if ref in wanted
    }


def _is_from(message: Message, since: datetime) -> bool:
    """A time without a zone is UTC's, as dates in XenAPI are."""
    return message.timestamp >= (since if since.tzinfo else since.replace(tzinfo=UTC))
