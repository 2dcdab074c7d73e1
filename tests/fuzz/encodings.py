"""Encodings: a call as the bytes of a request's body, in JSON-RPC of both versions and in XML-RPC."""

import json
import re
from datetime import datetime
from random import Random
from typing import Any
from xml.sax.saxutils import escape

JSON_1, JSON_2, XML = "JSON-RPC 1.0", "JSON-RPC 2.0", "XML-RPC"
EVERY = (JSON_1, JSON_2, XML)
PATHS = {JSON_1: "/jsonrpc", JSON_2: "/jsonrpc", XML: "/"}
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def encoded(encoding: str, method: str, params: list[Any]) -> bytes:
    """The body of a call."""
    if encoding == XML:
        items = "".join(f"<param>{in_xml(value)}</param>" for value in params)
        name = f"<methodName>{escape(method)}</methodName>"
        return f"<?xml version='1.0'?><methodCall>{name}<params>{items}</params></methodCall>".encode()
    version = {"jsonrpc": "2.0"} if encoding == JSON_2 else {}
    return json.dumps({**version, "method": method, "params": params, "id": 1}, default=written).encode()


def encoding_for(rnd: Random, params: list[Any]) -> str:
    """One that can tell these values from others: JSON has no dates."""
    return XML if any(isinstance(value, datetime) for value in params) else rnd.choice(EVERY)


def in_xml(value: Any) -> str:
    """A value's element; what XML cannot carry is left out."""
    match value:
        case None:
            return "<value><nil/></value>"
        case bool():
            return f"<value><boolean>{value:d}</boolean></value>"
        case int():
            return f"<value><i8>{value}</i8></value>"
        case float():
            return f"<value><double>{value!r}</double></value>"
        case str():
            return f"<value><string>{escape(NOT_IN_XML.sub('', value))}</string></value>"
        case datetime():
            return f"<value><dateTime.iso8601>{written(value)}</dateTime.iso8601></value>"
        case list():
            return f"<value><array><data>{''.join(map(in_xml, value))}</data></array></value>"
    members = (f"<member><name>{escape(key)}</name>{in_xml(item)}</member>" for key, item in value.items())
    return f"<value><struct>{''.join(members)}</struct></value>"


def written(date: datetime) -> str:
    return f"{date:%Y%m%dT%H:%M:%SZ}"
