"""JSON-RPC 2.0 and 1.0 to values and back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.api.encodings.jsonrpc import decode, encode_failure, encode_fault, encode_malformed, encode_result
from agent.api.encodings.request import Fault, Malformed, Request
from agent.errors import MACInvalid

V1 = Request("m", (), 3, "1.0")
V2 = Request("m", (), 3, "2.0")


def request(**fields: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": "PIF.scan", "params": ["s", 1], "id": 1} | fields).encode()


def request_1_0(**fields: Any) -> bytes:
    return json.dumps({"method": "PIF.scan", "params": ["s"], "id": 1} | fields).encode()


def refusal(body: bytes) -> tuple[int, str, Any]:
    with pytest.raises(Malformed) as caught:
        decode(body)
    return caught.value.code, caught.value.text, caught.value.id


def test_a_request_is_a_method_its_parameters_and_an_id() -> None:
    assert decode(request()) == Request("PIF.scan", ("s", 1), 1, "2.0")


@pytest.mark.parametrize("id", [1, "one", 1.5, 2**63 - 1])
def test_an_id_is_a_string_or_a_number(id: Any) -> None:  # noqa: A002
    assert decode(request(id=id)).id == id


def test_a_request_without_jsonrpc_is_1_0() -> None:
    assert decode(request_1_0()) == Request("PIF.scan", ("s",), 1, "1.0")


def test_parameters_that_are_left_out_are_none() -> None:
    assert decode(b'{"jsonrpc":"2.0","method":"m","id":1}') == Request("m", (), 1, "2.0")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"hello", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"id":', "the body is not JSON: Expecting value: line 1 column 7 (char 6)"),
        (b"\xff\xfe", "the body is not Unicode in UTF-8"),
        (request().decode().encode("utf-16"), "the body is not Unicode in UTF-8"),
        (b'"\\ud800"', "the body is not Unicode in UTF-8"),
        (b'["\\uDFFF"]', "the body is not Unicode in UTF-8"),
        (b"[NaN]", "the body is not JSON: NaN is not a number in JSON"),
        (b"[-Infinity]", "the body is not JSON: -Infinity is not a number in JSON"),
        (b"[1e999]", "the body is not JSON: a number is out of range"),
        (b"[9223372036854775808]", "the body is not JSON: an integer does not fit in 64 bits"),
        (b"[" + b"9" * 1_000_000 + b"]", "the body is not JSON: an integer does not fit in 64 bits"),
        (b"[" * 100_000, "the JSON is nested too deeply"),
        (b'{"a":' * 100_000, "the JSON is nested too deeply"),
    ],
)
def test_what_is_not_json_is_a_parse_error_that_says_why(body: bytes, text: str) -> None:
    assert refusal(body) == (-32700, f"Parse error: {text}", None)


@pytest.mark.parametrize(
    ("body", "text", "id"),
    [
        (b"[]", "a batch is not supported, send one request at a time", None),
        (b"[{}]", "a batch is not supported, send one request at a time", None),
        (b"5", "the body must be a JSON object", None),
        (b"null", "the body must be a JSON object", None),
        (b'{"jsonrpc":null}', '"id" must be a string or a number', None),
        (request(id=None), '"id" must be a string or a number', None),
        (request(id=True), '"id" must be a string or a number', None),
        (request(id=[]), '"id" must be a string or a number', None),
        (request(jsonrpc="1.0"), '"jsonrpc" must be "2.0"', 1),
        (request(jsonrpc=2.0), '"jsonrpc" must be "2.0"', 1),
        (request(method=None), '"method" must be a string', 1),
        (request(params={"self": 1}), '"params" must be an array, because parameters go by position', 1),
        (request(params="self"), '"params" must be an array, because parameters go by position', 1),
        (request(params=None), '"params" must be an array, because parameters go by position', 1),
    ],
)
def test_json_that_is_no_request_is_an_invalid_request_that_says_why(body: bytes, text: str, id: Any) -> None:  # noqa: A002
    assert refusal(body) == (-32600, f"Invalid Request: {text}", id)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert decode(request(params=["\U0001f600"])).params == ("\U0001f600",)


@pytest.mark.parametrize(
    ("body", "text", "id"),
    [
        (b"{}", '"id" must be a string or a number', None),
        (request_1_0(id=None), '"id" must be a string or a number', None),
        (request_1_0(method=5), '"method" must be a string', 1),
        (request_1_0(params={}), '"params" must be an array, because parameters go by position', 1),
    ],
)
def test_what_is_no_request_of_1_0_is_an_internal_error_that_says_why(
    body: bytes,
    text: str,
    id: Any,  # noqa: A002
) -> None:
    with pytest.raises(Malformed) as caught:
        decode(body)
    assert json.loads(encode_malformed(caught.value)) == {
        "result": None,
        "error": ["INTERNAL_ERROR", f"Invalid Request: {text}"],
        "id": id,
    }


def test_a_result_has_xenapis_envelope() -> None:
    assert json.loads(encode_result({"a": ["é"]}, V2)) == {"jsonrpc": "2.0", "result": {"a": ["é"]}, "id": 3}
    assert json.loads(encode_result({"a": ["é"]}, V1)) == {"result": {"a": ["é"]}, "error": None, "id": 3}


def test_a_date_is_a_string_in_utc() -> None:
    found = json.loads(encode_result([datetime(2026, 8, 21, 10, 0, 0, 999, UTC)], V2))["result"]
    assert found == ["20260821T10:00:00Z"]


def test_a_failure_has_its_code_as_message_and_its_parameters_as_data() -> None:
    assert json.loads(encode_failure(MACInvalid("zz"), V2)) == {
        "jsonrpc": "2.0",
        "error": {"code": 1, "message": "MAC_INVALID", "data": ["zz"]},
        "id": 3,
    }


def test_a_failure_in_1_0_is_its_code_and_its_parameters() -> None:
    answer = {"result": None, "error": ["MAC_INVALID", "zz"], "id": 3}
    assert json.loads(encode_failure(MACInvalid("zz"), V1)) == answer


def test_a_fault_has_its_own_code_and_is_an_internal_error_in_1_0() -> None:
    fault = Fault(-32601, "no")
    assert json.loads(encode_fault(fault, V2))["error"] == {"code": -32601, "message": "no", "data": []}
    assert json.loads(encode_fault(fault, V1))["error"] == ["INTERNAL_ERROR", "no"]


def test_what_is_no_request_is_answered_in_json_rpcs_own_words() -> None:
    assert json.loads(encode_malformed(Malformed(-32600, "Invalid Request: no", 4))) == {
        "jsonrpc": "2.0",
        "error": {"code": -32600, "message": "Invalid Request: no", "data": []},
        "id": 4,
    }
