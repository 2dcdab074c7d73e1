"""What a method takes: each parameter's name, check and default, read from the signature of its function."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, FailFast, PlainValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from agent.api.encodings.values import Value, date, integer, shortened, shown
from agent.api.records.record import NULL, fields_of, on_wire, stored_types
from agent.errors import FieldTypeError, HandleInvalid, InvalidValue
from agent.model.records import REFERENCE, Record, Ref
from agent.schema.field import RO, Field

Check = Callable[[Value], Any]

REQUIRED: Final = inspect.Parameter.empty
STRICT = ConfigDict(strict=True)
# By the type of pydantic's error.
EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "a boolean",
    "float_type": "a number",
    "datetime_type": "a date, written 20260821T10:00:00Z",
    "list_type": "an array",
    "dict_type": "an object",
    "reference": "a reference",
}
LIKENESS = 0.85
"""From which on two names are one, misspelt (difflib); managed and management are 0.82."""
PLAIN = {str: "string", int: "int", bool: "bool", float: "float", datetime: "datetime"}
# What travels as a string: 64-bit integers in XML-RPC, dates in JSON.
READ: Mapping[Any, Callable[[str], object]] = {int: integer, datetime: date}


@dataclass(frozen=True, slots=True)
class Parameter:
    """`check` gives the value that the function wants; raises FIELD_TYPE_ERROR or HANDLE_INVALID.

    type: XenAPI's name of it, for people.
    """

    name: str
    type: str
    check: Check
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def parameters_of(function: Callable[..., Any], kind: type[Record] | None = None) -> tuple[Parameter, ...]:
    """The parameters that travel: not the first (the model or the agent), not the keyword-only ones.

    A parameter called `record` is a constructor's: the fields of `kind` that a client may give.
    """
    hints = get_type_hints(function)

    def parameter(name: str, default: Any) -> Parameter:
        if kind and name == "record":
            return Parameter(name, f"{kind.class_name} record", constructor(kind), default)
        return parameter_of(name, hints[name], default)

    positional = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    return tuple(parameter(p.name, p.default) for p in positional[1:])


def parameter_of(name: str, annotation: Any, default: Any = REQUIRED) -> Parameter:
    """The parameter of one type."""
    return Parameter(name, type_name(annotation), typed(name, annotation), default)


def typed(name: str, annotation: Any) -> Check:
    """The check of one type."""
    adapter: TypeAdapter[Any] = TypeAdapter(on_the_way(annotation), config=STRICT)

    def check(value: Value) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            raise _type_error(name, value, _first(error, adapter, value)) from None

    return check


def constructor(kind: Any) -> Check:
    """The check of a constructor's record: of the fields that a client may give, each by its type.

    As in XAPI, all others are left alone: typed clients send whole records, read-only fields among them.  One
    that is spelled almost like a field that is not there is a mistake.  A field that has one value here (a
    VIF's qos_algorithm_type) may be given with that value or an empty one; to drop another one silently would
    look like having done what it asks for.  JSON's null is what typed clients make of a list or a map that
    nobody has set: the field is left out.
    """
    types, defaults = stored_types(kind), {field.name: field for field in fields(kind)}
    given = [field.name for field in fields_of(kind) if field.access != RO]
    checks = {name: typed(name, types[name]) for name in given}
    required = [name for name in given if _is_required(defaults[name])]
    known = {field.name for field in fields_of(kind)}
    fixed = [field for field in fields_of(kind) if field.is_given]

    def check(value: Value) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise FieldTypeError("record", f"expected an object, got {shown(value)}")
        value = {name: given for name, given in value.items() if given is not None}
        strangers = {name.casefold(): name for name in value if name not in known}
        for name in given:
            if name in value:
                continue
            for like in get_close_matches(name.casefold(), strangers, 1, LIKENESS):
                raise FieldTypeError(name, f"is missing, and there is {shortened(strangers[like])}")
            if name in required:
                raise FieldTypeError(name, "is missing")
        for field in fixed:
            _check_is_fixed(field, value.get(field.name, ""))
        return {name: checks[name](value[name]) for name in given if name in value}

    return check


def on_the_way(annotation: Any) -> Any:
    """The type that pydantic checks: that of a parameter, in the forms in which its values travel."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if NoneType in arguments:  # never JSON's null, which XML-RPC does not have
        inner = next(argument for argument in arguments if argument is not NoneType)
        return _reference(inner, may_be_null=True) if get_origin(inner) is Ref else on_the_way(inner)
    if origin is Ref:
        return _reference(annotation)
    if origin in (list, tuple, Sequence):
        return Annotated[list[on_the_way(arguments[0])], FailFast()]  # type: ignore[misc]
    if origin is Mapping:
        return dict[str, on_the_way(arguments[1])]  # type: ignore[misc]
    return (
        Annotated[annotation, BeforeValidator(_reader(READ[annotation]))]
        if annotation in READ
        else annotation
    )


def type_name(annotation: Any) -> str:
    """What XenAPI calls a type: `PIF ref`, `string set`, `(string -> string) map`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if NoneType in arguments:
        return type_name(next(a for a in arguments if a is not NoneType))
    if origin is Ref:
        return f"{arguments[0].class_name} ref"
    if origin in (list, tuple, Sequence):
        return f"{type_name(arguments[0])} set"
    if origin is Mapping:
        return f"({type_name(arguments[0])} -> {type_name(arguments[1])}) map"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f"enum ({', '.join(member.value for member in annotation)})"
    return PLAIN.get(annotation, "any")


def _reader(read: Callable[[str], object]) -> Callable[[Any], Any]:
    def from_text(value: Any) -> Any:
        try:
            return read(value) if isinstance(value, str) else value
        except ValueError:
            return value  # which is not of the type

    return from_text


def _reference(annotation: Any, *, may_be_null: bool = False) -> Any:
    """A reference; null is in XenAPI's spelling, or empty as older clients have it."""
    class_name = get_args(annotation)[0].class_name

    def check(value: Any) -> Ref[Any] | None:
        if not isinstance(value, str):
            raise PydanticCustomError("reference", class_name)
        if may_be_null and value in ("", NULL):
            return None
        if not REFERENCE.fullmatch(value):
            raise PydanticCustomError("handle", class_name)
        return Ref(value)

    return Annotated[Any, PlainValidator(check)]


def _first(error: ValidationError, adapter: TypeAdapter[Any], value: Any) -> ValidationError:
    """Of a map with many errors, that of the first wrong entry: a million would take long to tell."""
    if error.error_count() == 1 or not isinstance(value, dict):
        return error
    for key, item in value.items():
        try:
            adapter.validate_python({key: item})
        except ValidationError as one:
            return one
    return error


def _type_error(name: str, whole: Value, error: ValidationError) -> HandleInvalid | FieldTypeError:
    found = error.errors(include_url=False)[0]
    if found["type"] == "handle":
        return HandleInvalid(found["msg"], shortened(found["input"]))
    inside = "a value: " if isinstance(whole, dict) else "an element: "
    expected = EXPECTED.get(found["type"], found["msg"])
    return FieldTypeError(
        name, f"{inside if found['loc'] else ''}expected {expected}, got {shown(found['input'])}"
    )


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _check_is_fixed(field: Field, given: Value) -> None:
    own = on_wire(field.value)
    if not (given in ("", [], {}, NULL) or (given == own and type(given) is type(own))):
        raise InvalidValue(field.name, f"{shown(given)}: {field.reason}")
