"""Values: those that fit a parameter's type, by its name on the API's page, and those that do not."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from agent.api.calls.methods import Method
from agent.api.encodings.values import DATE
from agent.api.records.parameters import Parameter
from tests.fuzz.stand_ins import CLASSES, NOWHERE, SESSION, object_of

INT64 = range(-(2**63), 2**63)

WORDS = (
    "", "x", "eth0", "eth1", "bond0", "xapi1", "xenbr0", "network", "balance-slb", "active-backup", "lacp",
    "static", "DHCP", "None", "192.0.2.99", "255.255.255.0", "2001:db8::1/64", "02:00:00:00:00:99", "gre",
    "mtu", "9000", "true", "off", "on", "MTU", "a b", "a,b=c", "a'b\"c", "<&>", "%s%n{}", "../../etc/passwd",
    "\u00e4\u20ac", "\U0001f300", "e\u0301", "\u202e", "x" * 300, "\u00e9" * 3000, "0", "-1", "1e9", "0x10",
)  # fmt: skip
CONTROL = ("\0", "a\nb", "\x1b[31m", "\x7f", "\ufffe", "\t")
NUMBERS = (0, 1, -1, 2, 68, 1500, 4094, 4095, 9000, 65535, 2**31, 2**63 - 1, -(2**63))
KEYS = (
    "mtu", "ethtool-gro", "ethtool-speed", "static-routes", "vlan-bond-miimon", "miimon", "lacp-time", "gro",
    "hashing_algorithm", "domain", "key", "", "x", "\u00e4",
)  # fmt: skip
NO_TYPES: tuple[Any, ...] = (
    None, True, False, 0, 7, -1, 2**63 - 1, 1.5, -0.0, 1e300, "", "x", "OpaqueRef:NULL", "OpaqueRef:",
    NOWHERE,
    [], [None], ["x"], [1], [[]], [[[["x"]]]], {}, {"x": "y"}, {"x": 1}, {"": None}, {"x": ["y"]}, SESSION,
    datetime(2026, 8, 21, 10, tzinfo=UTC), *(object_of(name, 0) for name in CLASSES),
)  # fmt: skip
"""Whatever there is: most of it fits no given parameter."""


def fits(kind: str, value: Any) -> bool:
    """Whether a value, of whichever encoding, is of a type; a reference need not be anything's."""
    if kind.endswith(" set"):
        return isinstance(value, list) and all(fits(kind.removesuffix(" set"), item) for item in value)
    if kind.endswith(" map"):
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if kind.endswith(" record"):
        return isinstance(value, dict)
    return kind == "any" or FITS.get(kind, is_text)(value)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_integer(value: Any) -> bool:
    """As text too, the way 64 bits go through XML-RPC."""
    if isinstance(value, str):
        return value.lstrip("+-").isdecimal()
    return isinstance(value, int) and not isinstance(value, bool) and value in INT64


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_date(value: Any) -> bool:
    """In JSON it is a text."""
    return isinstance(value, datetime) or (isinstance(value, str) and bool(DATE.fullmatch(value)))


FITS: dict[str, Callable[[Any], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": is_integer,
    "float": is_number,
    "datetime": is_date,
}


def wrong(kind: str) -> list[Any]:
    """Values that a parameter of a type must refuse; of references also those of other classes."""
    return [value for value in NO_TYPES if not fits(kind, value) or misleads(kind, value)]


def misleads(kind: str, value: Any) -> bool:
    """Whether it is a text that refers to no object of the class, or a record without what a VIF has to have.

    The null reference and the empty text are for some parameters to take; fields that no class has are left
    alone.
    """
    if kind.endswith(" record"):
        return kind == "VIF record"
    own = object_of(kind.removesuffix(" ref"), 0) if kind.endswith(" ref") else value
    return value not in ("", "OpaqueRef:NULL", own)


def right(rnd: Random, kind: str, name: str = "") -> Any:
    """A value of a type."""
    if kind.endswith(" set"):
        return [right(rnd, kind.removesuffix(" set"), name) for _ in range(rnd.randrange(4))]
    if kind.endswith(" map"):
        return {rnd.choice(KEYS): text(rnd) for _ in range(rnd.randrange(3))}
    if kind.endswith(" record"):
        return record(rnd, kind.removesuffix(" record"))
    if kind.endswith(" ref"):
        return object_of(kind.removesuffix(" ref"), rnd.randrange(16))
    if name in LIKELY and rnd.random() < 0.7:
        return rnd.choice(LIKELY[name])
    return RIGHT.get(kind, text)(rnd)


LIKELY: dict[str, Sequence[Any]] = {
    "mode": ("Static", "DHCP", "None", "balance-slb", "active-backup", "lacp"),
    "IP": ("192.0.2.99", "198.51.100.9"),
    "netmask": ("255.255.255.0",),
    "IPv6": ("2001:db8::9/64",),
    "gateway": ("",),
    "DNS": ("", "192.0.2.53"),
    "MAC": ("", "02:00:00:00:00:99"),
    "tag": (0, 9, 4094),
    "VLAN": (9, 4094),
    "protocol": ("gre", "vxlan"),
    "device": ("eth1", "eth5"),
    "class": ("pif", "PIF"),
    "cls": ("Host", "VM"),
    "priority": (1, 3, 5),
    "class_": ("pif", "PIF"),
    "ref": (object_of("PIF", 1),),
    "name": ("gro", "miimon", "hashing_algorithm", "ethtool-gro"),
    "primary_address_type": ("IPv4", "IPv6"),
}
"""What a parameter of a name often is, so that some calls get past their first checks."""


def text(rnd: Random) -> str:
    return rnd.choice(CONTROL) if rnd.random() < 0.02 else rnd.choice(WORDS)


RIGHT: dict[str, Callable[[Random], Any]] = {
    "bool": lambda rnd: rnd.random() < 0.5,
    "int": lambda rnd: rnd.choice(NUMBERS),
    "float": lambda rnd: rnd.choice((0, 0.0, -1, -1e300, 0.001)),
    "datetime": lambda rnd: datetime(2026, 8, 21, rnd.randrange(24), tzinfo=UTC),
    "any": lambda rnd: SESSION,
}

RECORDS: dict[str, dict[str, str]] = {
    "network": {
        "name_label": "string", "name_description": "string", "MTU": "int", "bridge": "string",
        "managed": "bool", "other_config": "(string -> string) map", "tags": "string set",
    },
    "VM": {
        "name_label": "string", "name_description": "string", "affinity": "host ref",
        "possible_hosts": "host ref set", "is_a_template": "bool", "other_config": "(string -> string) map",
    },
    "VIF": {
        "device": "int", "network": "network ref", "VM": "VM ref", "MAC": "string", "MTU": "int",
        "other_config": "(string -> string) map", "currently_attached": "bool",
    },
}  # fmt: skip
NEEDED = {"VIF": ("device", "network", "VM")}


def record(rnd: Random, kind: str) -> dict[str, Any]:
    """A constructor's, with some of the fields that a client may give, each of its type."""
    found = {}
    for name, of in RECORDS[kind].items():
        if name in NEEDED.get(kind, ()) or rnd.random() < 0.4:
            value = right(rnd, of, name)
            found[name] = str(rnd.randrange(8)) if name == "device" else value
    return found


def parameters(rnd: Random, method: Method) -> list[Any]:
    """Parameters that fit a method, the session among them; the optional ones or not."""
    given: Sequence[Parameter] = [p for p in method.parameters if p.required or rnd.random() < 0.7]
    own = [right(rnd, p.type, p.name) for p in method.parameters[: len(given)]]
    return [SESSION, *own] if method.takes_session else own
