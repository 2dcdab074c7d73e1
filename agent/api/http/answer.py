"""Answer: the status, type and body of an HTTP response."""

from dataclasses import dataclass
from email.utils import formatdate

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """`allow` names the methods that are served, where the answer is that this one is not (405)."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    allow: str = ""


def refusal(status: int, text: str, allow: str = "") -> Answer:
    """An answer in words, where no protocol inside HTTP has been reached."""
    return Answer(status, f"{text}\n".encode(), TEXT_TYPE, allow)


def headers(answer: Answer) -> list[tuple[str, str]]:
    """The header fields of a response."""
    found = [
        ("Date", formatdate(usegmt=True)),
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
    ]
    return [*found, ("Allow", answer.allow)] if answer.allow else found
