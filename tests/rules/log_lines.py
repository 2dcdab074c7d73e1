"""told(model, ...): what rectify makes of a model, with what it has to say."""

from typing import Any

from agent.model.model import Model
from agent.model.records import Ref
from agent.rules.rectify import Rectified, rectify
from tests.rules.invariants import violations

NOTHING: Ref[Any] = Ref("OpaqueRef:00000000-0000-0000-0000-00000000dead")


def told(model: Model, *words: str) -> Rectified:
    """What rectify makes of it: sound, in as many lines as there are words, each with its words."""
    done = rectify(model)
    assert violations(done.model) == []
    assert [word in line for word, line in zip(words, done.log, strict=True)] == [True] * len(words), done.log
    return done


def mended(model: Model, *words: str) -> Rectified:
    """What rectify makes of it: sound, with these words somewhere in its lines."""
    done = rectify(model)
    assert violations(done.model) == []
    assert [word for word in words if word not in "\n".join(done.log)] == [], done.log
    return done
