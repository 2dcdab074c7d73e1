"""Codec: what a module must have to be an encoding, and which of them is spoken at which path."""

from collections.abc import Mapping
from typing import Protocol

from agent.api.encodings import jsonrpc, xmlrpc
from agent.api.encodings.request import Fault, Malformed, Request, Value
from agent.errors import Failure


class Codec(Protocol):
    """Bytes to a call, and its outcome to bytes; no sockets, and no state."""

    @property
    def CONTENT_TYPE(self) -> str: ...

    @property
    def MALFORMED_STATUS(self) -> int:
        """HTTP's status for what is no request; that of every outcome of a request is 200."""

    def decode(self, body: bytes) -> Request:
        """The request in a body; raises Malformed."""

    def encode_result(self, value: Value, request: Request) -> bytes: ...

    def encode_failure(self, failure: Failure, request: Request) -> bytes: ...

    def encode_fault(self, fault: Fault, request: Request) -> bytes: ...

    def encode_malformed(self, malformed: Malformed) -> bytes: ...


CODECS: Mapping[str, Codec] = {"/": xmlrpc, "/RPC2": xmlrpc, "/jsonrpc": jsonrpc}
