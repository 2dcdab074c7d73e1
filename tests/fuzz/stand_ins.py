"""Stand-ins: references that are the same in each run, for those of a session and of objects, which are not.

They are as long as what they stand for, so that a seed in a file keeps the lengths that it names.
"""

import re
from collections.abc import Mapping, Sequence

from agent.api.calls.objects import EVERY_CLASS

STAND_IN = re.compile(rb"OpaqueRef:([0-9]{8})-0000-4000-8000-([0-9]{12})")
OF_SESSION = 99
CLASSES = {**{kind.class_name: number for number, kind in enumerate(EVERY_CLASS)}, "session": OF_SESSION}
NOWHERE = "OpaqueRef:99999999-9999-9999-9999-999999999999"

Meaning = Mapping[int, Sequence[str]]
"""By the number of a class, the references of its objects."""


def stand_in(kind: int, number: int = 0) -> str:
    return f"OpaqueRef:{kind:08}-0000-4000-8000-{number:012}"


SESSION = stand_in(OF_SESSION)


def object_of(class_name: str, number: int) -> str:
    """One of a class's objects; whichever the number is, it is that of one, if there are any."""
    return stand_in(CLASSES[class_name], number)


def real(data: bytes, meaning: Meaning) -> bytes:
    """What is sent, with the references that the server knows."""

    def one(found: re.Match[bytes]) -> bytes:
        refs = meaning.get(int(found[1]), ())
        return refs[int(found[2]) % len(refs)].encode() if refs else found[0]

    return STAND_IN.sub(one, data)
