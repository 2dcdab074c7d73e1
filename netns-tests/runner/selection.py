"""pytest plugin: which tests run on this kernel, and a note of it, so that the end can say what ran on which.

--sample FILE=N draws N of a file's tests by PIFD_SEED. A test that needs what the kernel has not got is left
out, and named. With NETNS_TIER=NAME=PATH a line is added to that file: the tier's name, the kernel, what ran.
"""

import os
import platform
import random
from collections import Counter
from pathlib import Path

import pytest
from runner.features import features
from runner.seed import SEED

TIER = "NETNS_TIER"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", action="append", default=[], metavar="FILE=N", help="draw N of its tests")


class Selection:
    """What is left out of a run, and why."""

    def __init__(self, config: pytest.Config) -> None:
        pairs = [word.split("=") for word in config.getoption("--sample")]
        self.sizes = {name: int(size) for name, size in pairs}
        self.not_drawn: Counter[str] = Counter()
        self.not_had: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        for choose in (self.without_feature, self.undrawn):
            left_out = choose(items)
            items[:] = [item for item in items if item not in left_out]
            config.hook.pytest_deselected(items=left_out)

    def without_feature(self, items: list[pytest.Item]) -> list[pytest.Item]:
        needed = [(item, mark.args[0]) for item in items for mark in item.iter_markers("needs")]
        had = features() if needed else frozenset()
        self.not_had = sorted({feature for _, feature in needed} - had)
        return [item for item, feature in needed if feature not in had]

    def undrawn(self, items: list[pytest.Item]) -> list[pytest.Item]:
        found = []
        for name, size in self.sizes.items():
            tests = [item for item in items if item.path.stem == name]
            drawn = random.Random(SEED).sample(tests, min(size, len(tests)))
            found += [item for item in tests if item not in drawn]
            self.not_drawn[name] = len(tests) - len(drawn)
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        passed = len(terminalreporter.stats.get("passed", []))
        what = ", ".join([f"{passed} tests passed", *self.left_out()])
        terminalreporter.write_line(f"{kernel()}: {what}")
        if note := os.environ.get(TIER):
            name, _, path = note.partition("=")
            with Path(path).open("a") as tiers:
                tiers.write(f"{name}\t{kernel()}\t{what}\n")

    def left_out(self) -> list[str]:
        drawn = ", ".join(f"{count} of {name}" for name, count in self.not_drawn.items() if count)
        return [
            *([f"drawn by PIFD_SEED={SEED}, which left out {drawn}"] if drawn else []),
            *([f"without what this kernel has not got: {', '.join(self.not_had)}"] if self.not_had else []),
        ]


def kernel() -> str:
    return os.environ.get("IN_KERNEL") or f"Linux {platform.release()}"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Selection(config))
