"""Sessions: given out, used, dropped."""

import pytest

from agent.api.sessions import Sessions
from agent.errors import SessionInvalid


def is_refused(sessions: Sessions, session: object) -> bool:
    try:
        sessions.check(session)
    except SessionInvalid:
        return True
    return False


def test_a_session_that_was_given_out_is_valid_until_it_is_ended() -> None:
    sessions = Sessions()
    session = sessions.login()
    sessions.check(session)
    sessions.logout(session)
    assert is_refused(sessions, session)


def test_the_session_unused_for_longest_makes_room() -> None:
    sessions = Sessions(limit=2)
    first, second = sessions.login(), sessions.login()
    sessions.check(first)
    third = sessions.login()
    assert [is_refused(sessions, session) for session in (first, second, third)] == [False, True, False]


@pytest.mark.parametrize("other", ["", "OpaqueRef:NULL", 5, None, True, ["x"], {"a": 1}, 1.5])
def test_anything_else_is_refused(other: object) -> None:
    with pytest.raises(SessionInvalid) as caught:
        Sessions().check(other)
    assert caught.value.parameters == (str(other),)
