"""What others have named is shown without any effect on the terminal, the log, or what follows it."""

import logging
import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.logs import Formatter, Writer
from agent.printable import printable

EVIL = "a\x1b[2Jb\nc\x9bd\u202ee\u2066f\x7fg\u2028h\ud800"
SHOWN = r"a\x1b[2Jb\nc\x9bd\u202ee\u2066f\x7fg\u2028h\ud800"


def test_what_moves_the_cursor_or_turns_text_around_is_written_as_an_escape() -> None:
    assert printable(EVIL) == SHOWN


@pytest.mark.parametrize("text", ["Grün", "网络", "नेटवर्क", "🧑‍🔧", "می‌خواهم", "a b\u00a0c", "back\\slash"])
def test_the_words_of_all_languages_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


@given(st.text())
def test_nothing_unseen_is_left(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in printable(text))


def test_a_record_of_the_log_is_one_line_and_its_traceback_below_it() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        record = logging.LogRecord("pifd", logging.ERROR, "", 0, "no %s", (EVIL,), (ValueError, error, None))
    lines = Formatter("%(levelname)s: %(message)s").format(record).split("\n")
    assert lines[0] == f"ERROR: no {SHOWN}"
    assert all(line == printable(line) for line in lines)


def test_a_full_pipe_holds_nobody_up_and_what_is_left_out_is_counted() -> None:
    reading, writing = os.pipe()
    writer = Writer(writing)
    writer.setFormatter(Formatter("%(message)s"))
    begun = time.monotonic()
    for number in range(20_000):
        writer.handle(logging.LogRecord("pifd", logging.INFO, "", 0, f"line {number:060}", None, None))
    assert time.monotonic() - begun < 5
    read = bytearray()
    reader = threading.Thread(target=lambda: read.extend(all_of(reading)))
    reader.start()
    writer.drain()
    os.close(writing)
    reader.join()
    lines = read.decode().splitlines()
    assert lines[0] == f"line {0:060}"
    (said,) = [line for line in lines if line.startswith("WARNING")]
    left_out = int(said.split()[2])
    assert left_out + len(lines) - 1 == 20_000


def all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()
