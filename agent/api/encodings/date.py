"""Dates as XenAPI writes them, in JSON and in XML alike: 20260821T10:00:00Z, always UTC."""

import re
from datetime import UTC, datetime

FORMS = ("%Y%m%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S")
FORM = re.compile(r"\d{4}(-?)\d\d\1\d\dT\d\d:\d\d:\d\dZ?", re.ASCII)


def written(date: datetime) -> str:
    """The date, which knows its time zone, to the second."""
    return f"{date.astimezone(UTC):%Y%m%dT%H:%M:%SZ}"


def read(text: str) -> datetime:
    """The date in a text; hyphens, and no Z, as clients also send it, are understood.  Raises ValueError."""
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError("a date is written 20260821T10:00:00Z")
    return datetime.strptime(text.removesuffix("Z"), FORMS[bool(found[1])]).replace(tzinfo=UTC)
