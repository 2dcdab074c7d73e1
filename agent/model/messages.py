"""Message: what has happened to an object, for people to read (XenAPI's class message); not of the model."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.model.records import Record


class MessageClass(StrEnum):
    """XenAPI's cls: the classes of objects that a message can be about."""

    VM = "VM"
    HOST = "Host"
    SR = "SR"
    POOL = "Pool"
    VMPP = "VMPP"
    VMSS = "VMSS"
    PVS_PROXY = "PVS_proxy"
    VDI = "VDI"
    CERTIFICATE = "Certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """priority: 1 is the most urgent, 5 the least.  obj_uuid: of the object that it is about."""

    class_name = "message"
    name: str
    priority: int
    cls: MessageClass
    obj_uuid: str
    timestamp: datetime
    body: str
