"""JSON-RPC 2.0 to values and back."""

import json
from typing import Any

import pytest

from agent.api.codec import Malformed, Request, decode, encode_failure, encode_malformed, encode_result
from agent.errors import MACInvalid


def request(**fields: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": "PIF.scan", "params": ["s", 1], "id": 1} | fields).encode()


def refusal(body: bytes) -> tuple[int, str, Any]:
    with pytest.raises(Malformed) as caught:
        decode(body)
    return caught.value.code, caught.value.text, caught.value.id


def test_a_request_is_a_method_its_parameters_and_an_id() -> None:
    assert decode(request()) == Request("PIF.scan", ("s", 1), 1)


@pytest.mark.parametrize("id", [1, "one", 1.5, 2**63 - 1])
def test_an_id_is_a_string_or_a_number(id: Any) -> None:  # noqa: A002
    assert decode(request(id=id)).id == id


def test_parameters_that_are_left_out_are_none() -> None:
    assert decode(b'{"jsonrpc":"2.0","method":"m","id":1}') == Request("m", (), 1)


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
        (b"{}", '"id" must be a string or a number', None),
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


def test_a_result_has_xenapis_envelope() -> None:
    assert json.loads(encode_result({"a": ["é"]}, "x")) == {
        "jsonrpc": "2.0",
        "result": {"a": ["é"]},
        "id": "x",
    }


def test_a_failure_has_its_code_as_message_and_its_parameters_as_data() -> None:
    assert json.loads(encode_failure(MACInvalid("zz"), 3)) == {
        "jsonrpc": "2.0",
        "error": {"code": 1, "message": "MAC_INVALID", "data": ["zz"]},
        "id": 3,
    }


def test_what_is_no_request_is_answered_in_json_rpcs_own_words() -> None:
    assert json.loads(encode_malformed(Malformed(-32600, "Invalid Request: no", 4))) == {
        "jsonrpc": "2.0",
        "error": {"code": -32600, "message": "Invalid Request: no", "data": []},
        "id": 4,
    }
