"""What a method takes: each parameter's name, check and default, read from the signature of its function."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from agent.api.encodings.values import Value, date, integer, shortened, shown
from agent.api.schema.constants import CONSTANT
from agent.api.schema.definitions import marked, type_name
from agent.api.schema.records import NULL, on_wire
from agent.errors import FieldTypeError, HandleInvalid, InvalidValue
from agent.model.records import RW, STATIC, Record, Ref

Check = Callable[[Value], Any]

REQUIRED: Final = inspect.Parameter.empty
STRICT = ConfigDict(strict=True)
EXPECTED = {
    str: "a string",
    int: "an integer",
    bool: "a boolean",
    float: "a number",
    datetime: "a date, written 20260821T10:00:00Z",
}

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


def typed(name: str, annotation: Any, place: str = "") -> Check:
    """The check of one type; `place` says where inside the parameter the value stands."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if NoneType in arguments:  # never JSON's null, which XML-RPC does not have
        inner = next(a for a in arguments if a is not NoneType)
        check = typed(name, inner, place)
        return _nullable(check) if get_origin(inner) is Ref else check
    if origin is Annotated:
        return typed(name, arguments[0], place)
    if origin in (list, tuple, Sequence):
        return _array(name, typed(name, arguments[0], "an element: "), place)
    if origin is Mapping:
        return _object(name, typed(name, arguments[1], "a value: "), place)
    return _single(name, annotation, place)


def constructor(kind: type[Record]) -> Check:
    """The check of a constructor's record: fields that a client may give (RW and StaticRO), each of its type.

    Any other field is refused, a read-only one as well: to drop silently what a caller asked for would
    look like having done it.  A field that always has one value may be given with that value, because
    clients of XenAPI send all that its constructors have (a VIF's qos_algorithm_type).
    """
    settable = {parameter.name: parameter for parameter in (*_settable(kind), *_constant(kind))}
    required = [parameter.name for parameter in settable.values() if parameter.required]

    def check(value: Value) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise FieldTypeError("record", f"expected an object, got {shown(value)}")
        for name in [*value, *required]:
            if name not in settable:
                raise FieldTypeError(shortened(name), f"is not for a client to give to {kind.class_name}")
            if name not in value:
                raise FieldTypeError(name, "is missing")
        checked = {name: settable[name].check(item) for name, item in value.items()}
        return {name: item for name, item in checked.items() if name not in CONSTANT[kind]}

    return check


def _settable(kind: type[Record]) -> tuple[Parameter, ...]:
    hints = marked(kind, RW, STATIC)
    own = [field for field in fields(kind) if field.name in hints]
    return tuple(parameter_of(f.name, hints[f.name], _default(f)) for f in own)


def _constant(kind: type[Record]) -> tuple[Parameter, ...]:
    def only(name: str, value: Value, reason: str) -> Check:
        def check(given: Value) -> Value:
            if given != value or type(given) is not type(value):  # in Python 0 equals False
                raise InvalidValue(name, f"{shown(given)}: {reason}")
            return given

        return check

    return tuple(
        Parameter(name, "", only(name, on_wire(constant.value), constant.reason), constant.value)
        for name, constant in CONSTANT[kind].items()
    )


def _default(field: Field[Any]) -> Any:
    return REQUIRED if field.default is MISSING and field.default_factory is MISSING else field.default


def _array(name: str, element: Check, place: str) -> Check:
    # Element by element, so that a million wrong ones make one error and not a million.
    def check(value: Value) -> list[Any]:
        if not isinstance(value, list):
            raise FieldTypeError(name, f"{place}expected an array, got {shown(value)}")
        return [element(item) for item in value]

    return check


def _object(name: str, item: Check, place: str) -> Check:
    def check(value: Value) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise FieldTypeError(name, f"{place}expected an object, got {shown(value)}")
        return {key: item(content) for key, content in value.items()}

    return check


def _nullable(reference: Check) -> Check:
    """A reference that may be null: in XenAPI's spelling, or empty as older clients have it."""
    return lambda value: None if value in ("", NULL) else reference(value)


def _single(name: str, annotation: Any, place: str) -> Check:
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=STRICT)
    read = READ.get(annotation)

    def check(value: Value) -> Any:
        try:
            return adapter.validate_python(read(value) if read and isinstance(value, str) else value)
        except ValueError:  # pydantic's ValidationError is one
            raise _refusal(name, annotation, value, place) from None

    return check


def _refusal(name: str, annotation: Any, value: Value, place: str) -> HandleInvalid | FieldTypeError:
    is_reference = get_origin(annotation) is Ref
    if is_reference and isinstance(value, str):
        return HandleInvalid(get_args(annotation)[0].class_name, shortened(value))
    expected = "a reference" if is_reference else EXPECTED.get(annotation, str(annotation))
    return FieldTypeError(name, f"{place}expected {expected}, got {shown(value)}")
