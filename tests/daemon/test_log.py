"""The daemon's own log, as a person reads it."""

import logging
import re

from agent.logs import LINE


def test_a_line_of_the_log_has_its_time_once_with_milliseconds() -> None:
    record = logging.LogRecord("pifd.kernel", logging.INFO, "", 0, "put %s into %s", ("eth0", "xenbr0"), None)
    line = logging.Formatter(LINE).format(record)
    pattern = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO pifd.kernel: put eth0 into xenbr0"
    assert re.fullmatch(pattern, line)
