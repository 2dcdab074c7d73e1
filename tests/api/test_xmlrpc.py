"""XML-RPC to values and back, and what no XML may do here."""

import time
import xmlrpc.client
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.encodings.request import Fault, Malformed, Request
from agent.api.encodings.values import Value
from agent.api.encodings.xmlrpc import (
    decode,
    encode_failure,
    encode_fault,
    encode_malformed,
    encode_result,
    encode_value,
)
from agent.api.records.parameters import typed
from agent.errors import FieldTypeError, MACInvalid
from agent.model.records import PIF, PowerState, Ref
from tests.api.world import Caller, Client, EngineInMemory, post

REQUEST = Request("m", ())
DATE = datetime(2026, 8, 21, 10, 0, tzinfo=UTC)


def call(inside: str = "", name: str = "m") -> bytes:
    return f"<methodCall><methodName>{name}</methodName>{inside}</methodCall>".encode()


def one(value: str) -> bytes:
    return call(f"<params><param>{value}</param></params>")


def value_of(text: str) -> Value:
    return decode(one(text)).params[0]


def refusal(body: bytes) -> tuple[int, str]:
    with pytest.raises(Malformed) as caught:
        decode(body)
    return caught.value.code, caught.value.text


def sent(value: Value) -> Any:
    """What Python's own client makes of a result."""
    (answer,), _ = xmlrpc.client.loads(encode_result(value, REQUEST))
    return answer


def test_a_request_is_a_method_and_its_parameters() -> None:
    body = call(
        "<params>\n <param><value>s</value></param><param><value><i4>1</i4></value></param> </params>"
    )
    assert decode(b"<?xml version='1.0'?>\n<!-- hello -->" + body) == Request("m", ("s", 1))


@pytest.mark.parametrize("inside", ["", "<params/>", "<params> </params>"])
def test_parameters_may_be_left_out(inside: str) -> None:
    assert decode(call(inside)) == Request("m", ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<value/>", ""),
        ("<value> a  b\n</value>", " a  b\n"),
        ("<value><string/></value>", ""),
        ("<value> <string> é&lt;&#128512; </string> </value>", " é<😀 "),
        ("<value><string>a<!-- no -->b<![CDATA[<c>]]></string></value>", "ab<c>"),
        ("<value><int>-5</int></value>", -5),
        ("<value><i4> +5 </i4></value>", 5),
        ("<value><i8>9223372036854775807</i8></value>", 2**63 - 1),
        ("<value><double>-1.5e3</double></value>", -1500.0),
        ("<value><double>2</double></value>", 2.0),
        ("<value><boolean>1</boolean></value>", True),
        ("<value><boolean>0</boolean></value>", False),
        ("<value><dateTime.iso8601>20260821T10:00:00Z</dateTime.iso8601></value>", DATE),
        ("<value><dateTime.iso8601>20260821T10:00:00</dateTime.iso8601></value>", DATE),
        ("<value><dateTime.iso8601>2026-08-21T10:00:00Z</dateTime.iso8601></value>", DATE),
        ("<value><nil/></value>", None),
        ("<value><array><data/></array></value>", []),
        (
            "<value><array> <data> <value>a</value> <value><int>1</int></value></data></array></value>",
            ["a", 1],
        ),
        ("<value><struct/></value>", {}),
        ("<value><struct><member><name>a&amp;</name><value>b</value></member></struct></value>", {"a&": "b"}),
        ("<value><struct><member><name/><value/></member></struct></value>", {"": ""}),
    ],
)
def test_a_value_is_what_its_type_says(text: str, value: Value) -> None:
    assert [value_of(text)] == [value]
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize("text", ["", "00000000T00:00:00Z", "today"])
def test_what_is_no_date_is_wrong_only_for_who_reads_it(text: str) -> None:
    value = value_of(f"<value><dateTime.iso8601>{text}</dateTime.iso8601></value>")
    with pytest.raises(FieldTypeError) as caught:
        typed("p", datetime)(value)
    assert caught.value.parameters == (
        "p",
        f'expected a date, written 20260821T10:00:00Z, got "{text}"',
    )
    with pytest.raises(FieldTypeError):
        typed("p", str)(value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_body_may_say_how_it_is_encoded(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>{one('<value>é</value>').decode()}"
    assert decode(text.encode(encoding)).params == ("é",)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the body is not XML: no element found"),
        (b"hello", "the body is not XML: syntax error"),
        (b'{"id": 1}', "the body is not XML: not well-formed (invalid token)"),
        (b"<methodCall>", "the body is not XML: no element found"),
        (call() + b"<a/>", "the body is not XML: junk after document element"),
        (one("<value>&eacute;</value>"), "the body is not XML: undefined entity"),
        (
            one("<value>&#0;</value>"),
            "the body is not XML: reference to invalid character number",
        ),
        (
            one("<value>\x01</value>"),
            "the body is not XML: not well-formed (invalid token)",
        ),
        (
            one("<value>é</value>").decode().encode("latin-1"),
            "the body is not XML: not well-formed (invalid token)",
        ),
        (b"<!DOCTYPE methodCall>" + call(), "a document type declaration is not allowed"),
        (
            b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>' + one("<value>&c;</value>"),
            "a document type declaration is not allowed",
        ),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + call(), "a document type declaration is not allowed"),
        (b"<?php echo 1 ?>" + call(), "a processing instruction is not allowed"),
        (one("<value><?a?></value>"), "a processing instruction is not allowed"),
        (b"<?xml version='1.0' encoding='utf-7'?>" + call(), "the encoding 'utf-7' is not known here"),
        (b"<?xml version='1.0' encoding='no-such'?>" + call(), "the encoding 'no-such' is not known here"),
    ],
)
def test_what_is_not_xml_or_not_safe_is_a_parse_error_that_says_why(body: bytes, text: str) -> None:
    code, found = refusal(body)
    assert (code, found.partition(": line ")[0]) == (-32700, f"Parse error: {text}")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<a/>", "<a> must not stand here outside of <methodCall>"),
        (b"<value/>", "<value> must not stand here outside of <methodCall>"),
        (b"<methodResponse/>", "<methodResponse> must not stand here outside of <methodCall>"),
        (b"<" + b"a" * 1000 + b"/>", f"<{'a' * 100}…> must not stand here outside of <methodCall>"),
        (b"<methodCall/>", "<methodCall> has no <methodName>"),
        (b"<methodCall><params/></methodCall>", "<params> must not stand here in <methodCall>"),
        (call("<params/><params/>"), "<params> must not stand here in <methodCall>"),
        (call("x"), "there must be no text in <methodCall>"),
        (call(name="<b/>"), "<b> must not stand here in <methodName>"),
        (call("<params><value/></params>"), "<value> must not stand here in <params>"),
        (call("<params><param/></params>"), "<param> has no <value>"),
        (one("<value/><value/>"), "<value> must not stand here in <param>"),
        (one("<value><value/></value>"), "<value> must not stand here in <value>"),
        (one("<value><int>1</int><int>1</int></value>"), "<int> must not stand here in <value>"),
        (one("<value>a<int>1</int></value>"), "a <value> has text beside its type"),
        (one("<value><int>1</int>a</value>"), "a <value> has text beside its type"),
        (one("<value><string><b/></string></value>"), "<b> must not stand here in <string>"),
        (one("<value><float>1</float></value>"), "<float> must not stand here in <value>"),
        (one("<value><base64>aGk=</base64></value>"), "<base64> is not spoken here: XenAPI has no such type"),
        (one("<value><int/></value>"), "<int> holds '': an integer is written in decimal digits"),
        (one("<value><int>1_0</int></value>"), "<int> holds '1_0': an integer is written in decimal digits"),
        (one("<value><int>٣</int></value>"), "<int> holds '٣': an integer is written in decimal digits"),
        (
            one(f"<value><i8>{2**63}</i8></value>"),
            f"<i8> holds '{2**63}': an integer does not fit in 64 bits",
        ),
        (
            one(f"<value><int>{'9' * 10**6}</int></value>"),
            f"<int> holds '{'9' * 100}…': an integer does not fit in 64 bits",
        ),
        (
            one("<value><double>nan</double></value>"),
            "<double> holds 'nan': a number is finite, and written in decimal digits",
        ),
        (
            one("<value><double>1e999</double></value>"),
            "<double> holds '1e999': a number is finite, and written in decimal digits",
        ),
        (one("<value><boolean>true</boolean></value>"), "<boolean> holds 'true': a boolean is 0 or 1"),
        (one("<value><nil>x</nil></value>"), "<nil> holds 'x': it must be empty"),
        (one("<value><array/></value>"), "<array> has no <data>"),
        (one("<value><array><value/></array></value>"), "<value> must not stand here in <array>"),
        (one("<value><struct><value/></struct></value>"), "<value> must not stand here in <struct>"),
        (one("<value><struct><member/></struct></value>"), "<member> has no <name>"),
        (one("<value><struct><member><name>a</name></member></struct></value>"), "<member> has no <value>"),
        (
            one("<value><struct><member><value/><name>a</name></member></struct></value>"),
            "<value> must not stand here in <member>",
        ),
        (
            one(f"<value><struct>{'<member><name>a</name><value/></member>' * 2}</struct></value>"),
            "two members of a <struct> have the same <name>",
        ),
        (one("<value><array><data>" * 100_000), "the XML is nested too deeply"),
        (
            one("<value " + " ".join(f"a{n}=''" for n in range(400_000)) + "/>"),
            "a tag has more than 32768 bytes",
        ),
    ],
)
def test_xml_that_is_no_call_is_refused_with_the_reason(body: bytes, text: str) -> None:
    assert refusal(body) == (-32600, f"Invalid call: {text}")


def test_a_value_may_be_nested_as_deeply_as_anybody_needs() -> None:
    deep = "<value><array><data>" * 60 + "</data></array></value>" * 60
    assert str(value_of(deep)) == "[" * 60 + "]" * 60


@pytest.mark.parametrize(
    "body",
    [
        one("<value><array><data>" + "<value/>" * 500_000 + "</data></array></value>"),
        one("<value>" + "&#65;" * 800_000 + "</value>"),
        one("<value>" + "<!---->" * 570_000 + "</value>"),
    ],
    ids=["elements", "characters", "comments"],
)
def test_as_much_as_a_body_can_hold_is_read_in_little_time(body: bytes) -> None:
    began = time.process_time()
    decode(body)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "<value></value>"),
        ("a b", "<value>a b</value>"),
        (Ref[PIF]("OpaqueRef:a"), "<value>OpaqueRef:a</value>"),
        (PowerState.RUNNING, "<value>Running</value>"),
        ("<&>", "<value>&lt;&amp;&gt;</value>"),
        (5, "<value>5</value>"),
        (-(2**63), "<value>-9223372036854775808</value>"),
        (True, "<value><boolean>1</boolean></value>"),
        (0.25, "<value><double>0.25</double></value>"),
        (DATE, "<value><dateTime.iso8601>20260821T10:00:00Z</dateTime.iso8601></value>"),
        (None, "<value><nil/></value>"),
        ((), "<value><array><data></data></array></value>"),
        (["a"], "<value><array><data><value>a</value></data></array></value>"),
        ({"&": 1}, "<value><struct><member><name>&amp;</name><value>1</value></member></struct></value>"),
    ],
)
def test_a_value_is_written_as_xenapi_writes_it(value: Value, text: str) -> None:
    assert encode_value(value) == text


def test_a_result_has_xenapis_envelope() -> None:
    record: Value = {"MTU": 1500, "tags": ("é",), "other_config": {}, "physical": True, "created": DATE}
    assert sent(record) == {
        "Status": "Success",
        "Value": {
            "MTU": "1500",
            "tags": ["é"],
            "other_config": {},
            "physical": True,
            "created": xmlrpc.client.DateTime("20260821T10:00:00Z"),
        },
    }


def test_a_failure_has_its_code_and_parameters_in_one_array() -> None:
    (answer,), _ = xmlrpc.client.loads(encode_failure(MACInvalid("<zz>"), REQUEST))
    assert answer == {"Status": "Failure", "ErrorDescription": ["MAC_INVALID", "<zz>"]}


@pytest.mark.parametrize(
    "body", [encode_fault(Fault(-32601, "no <x>"), REQUEST), encode_malformed(Malformed(-32601, "no <x>"))]
)
def test_what_is_no_call_is_answered_with_a_fault(body: bytes) -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(body)
    assert (caught.value.faultCode, caught.value.faultString) == (-32601, "no <x>")


@given(text=st.text(st.characters(exclude_categories=())))
def test_any_text_arrives_but_for_the_characters_that_xml_has_not(text: str) -> None:
    without = "".join("\ufffd" if is_unwritable(ord(letter)) else letter for letter in text)
    assert sent({text: text})["Value"] == {without: without}


def is_unwritable(code: int) -> bool:
    """XML 1.0, section 2.2: Char."""
    allowed = (range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))
    return code not in (0x9, 0xA, 0xD) and not any(code in part for part in allowed)


texts = st.text("aé<&>\"' \n\t😀]", max_size=6)
numbers = st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.booleans() | texts | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(value=values)
def test_what_pythons_own_client_sends_is_read_as_it_was_meant(value: Any) -> None:
    body = xmlrpc.client.dumps((value,), "Class.message").encode()
    assert decode(body) == Request("Class.message", (value,))


@given(body=st.binary() | st.text("<>/abcvalueparams&; ").map(str.encode))
def test_any_bytes_are_a_call_or_are_refused(body: bytes) -> None:
    assert refusal(body)[0] in (-32700, -32600)


async def test_a_record_that_has_changed_is_not_told_of_as_it_was(
    engine: EngineInMemory, socket: Path
) -> None:
    async with await Client.connect(socket) as client:
        api = await Caller.login(client)
        network = engine.network("xenbr0").ref

        async def label() -> object:
            await client.send(
                post(xmlrpc.client.dumps((api.session,), "network.get_all_records").encode(), path="/")
            )
            ((answer,), _) = xmlrpc.client.loads((await client.response()).body)
            assert isinstance(answer, dict)
            return answer["Value"][network]["name_label"]

        await api("network.set_name_label", network, "before")
        assert [await label(), await label()] == ["before", "before"]
        await api("network.set_name_label", network, "after")
        assert await label() == "after"
