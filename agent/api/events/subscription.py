"""Subscription: which objects a client wants to hear of."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from agent.api.encodings.values import shortened
from agent.errors import EventSubscriptionParseFailure

PER_TEXT = 32
EVERYTHING = "*"
WORDS = re.compile(r"(?P<kind>\w+)(?:/(?P<ref>[^/\s]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A class by its name in lower case; an object as `class/reference`, in lower case.

    A class that is not known here is no error: clients of XenAPI ask for VMs and disks in one breath.
    """

    everything: bool = False
    classes: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()

    def wants(self, kind: str, ref: str) -> bool:
        """Whether an object is asked for, its class in lower case."""
        return self.everything or kind in self.classes or f"{kind}/{ref}".lower() in self.objects

    def wants_some(self, classes: Set[str], objects: Set[str]) -> bool:
        """Whether any object is asked for, of those of these classes, which are these objects."""
        return (
            (self.everything and bool(classes))
            or not self.classes.isdisjoint(classes)
            or not self.objects.isdisjoint(objects)
        )

    @property
    def size(self) -> int:
        return self.everything + len(self.classes) + len(self.objects)

    @property
    def characters(self) -> int:
        """How long all of it is, with what each part costs beside its text."""
        return sum(len(text) + PER_TEXT for text in (*self.classes, *self.objects))

    def __or__(self, other: "Subscription") -> "Subscription":
        everything = self.everything or other.everything
        return Subscription(everything, self.classes | other.classes, self.objects | other.objects)

    def __sub__(self, other: "Subscription") -> "Subscription":
        everything = self.everything and not other.everything
        return Subscription(everything, self.classes - other.classes, self.objects - other.objects)


def subscription(texts: Sequence[str]) -> Subscription:
    """`*`, `class` and `class/reference`, in any case; raises EVENT_SUBSCRIPTION_PARSE_FAILURE."""
    classes: set[str] = set()
    objects: set[str] = set()
    for text in texts:
        words = WORDS.fullmatch(text)
        if words is not None:
            (objects if words["ref"] else classes).add(text.lower())
        elif text != EVERYTHING:
            raise EventSubscriptionParseFailure(shortened(text))
    return Subscription(EVERYTHING in texts, frozenset(classes), frozenset(objects))
