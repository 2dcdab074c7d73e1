"""How the sessions in the documents are read, and when what is printed is what they say."""

import pytest
from host.console import Command, blocks, is_printed, session

TEXT = """\
Words.

```console
$ pifctl network-create name-label=storage
954cdec5-d21c-4913-8048-03810b9d624e

$ pifctl vm-start uuid=web
$ pifctl topology
host guest
└─ network storage
…
```

```
a drawing
```
"""


def test_a_session_is_its_commands_each_with_what_it_prints() -> None:
    assert session(TEXT) == [
        Command("pifctl network-create name-label=storage", "954cdec5-d21c-4913-8048-03810b9d624e\n"),
        Command("pifctl vm-start uuid=web", ""),
        Command("pifctl topology", "host guest\n└─ network storage\n…\n"),
    ]


def test_a_block_is_known_by_its_language() -> None:
    assert blocks(TEXT, "") == ["a drawing\n"]
    assert blocks(TEXT, "sh") == []


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("active: true\n", "active: true\n", True),
        ("active: true\n", "active: false\n", False),
        ("active: true\n", "active: true\nkey: 1\n", False),
        ("active: true\n", "", False),
        ("", "error\n", False),
        ("954cdec5-d21c-4913-8048-03810b9d624e\n", "00000000-d21c-4913-8048-03810b9d624f\n", True),
        ("954cdec5-d21c-4913-8048-03810b9d624e\n", "xenbr0\n", False),
        ("MAC 62:fc:e3:a7:8a:23\n", "MAC 9e:62:f0:95:e2:0b\n", True),
        ("MAC 02:00:00:00:00:10\n", "MAC 02:00:00:00:00:11\n", False),
        ("MAC 02:00:00:00:00:10\n", "MAC 9e:62:f0:95:e2:0b\n", False),
        ("first\n  …\nlast\n", "first\nsecond\nthird\nlast\n", True),
        ("first\n  …\nlast\n", "first\nlast\n", True),
        ("first\n  …\nlast\n", "first\nsecond\n", False),
        ("one; …; three\n", "one; two; three\n", True),
        ("one; …; three\n", "one; two\nthree\n", False),
    ],
)
def test_what_is_printed_is_the_same_but_for_chance_and_what_is_left_out(
    expected: str, printed: str, same: bool
) -> None:
    assert is_printed(expected, printed) == same
