"""The end of `make test` says on which kernels what ran, and a tier that did not run fails it."""

from pathlib import Path

import pytest
from runner.tiers import report

pytest_plugins = ["pytester"]

NETNS_TESTS = Path(__file__).resolve().parents[2] / "netns-tests"
NOTES = "netns-rest\tLinux 7.2\t40 tests passed\nnetns-bonds\tLinux 6.1\t9 tests passed\n"

SUITE = """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_drawn(number): pass

@pytest.mark.needs("a feature that no kernel has")
def test_of_a_rare_feature(): pass
"""


def test_each_kernel_is_named_with_what_ran_on_it() -> None:
    assert report(NOTES, ["netns-rest", "netns-bonds"]) == (
        "Tests on a kernel:\n"
        "  Linux 7.2\n"
        "    netns-rest       40 tests passed\n"
        "  Linux 6.1\n"
        "    netns-bonds      9 tests passed",
        0,
    )


def test_a_tier_that_did_not_run_is_named_and_fails() -> None:
    text, status = report(NOTES, ["netns-rest", "netns-bonds", "netns-faults"])
    assert text.splitlines()[-1] == "  NOT RUN: netns-faults"
    assert status == 1


def test_one_kernel_alone_is_said() -> None:
    text, status = report(NOTES.splitlines()[0], ["netns-rest"])
    assert text.splitlines()[-1] == "  All of it ran on one kernel."
    assert status == 0


def note_of(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, seed: str) -> tuple[str, str]:
    """What a run with the plugin prints and notes, on a kernel without the feature."""
    monkeypatch.setenv("PYTHONPATH", str(NETNS_TESTS))
    monkeypatch.setenv("IN_KERNEL", "Linux 9.9 (a guest)")
    monkeypatch.setenv("PIFD_SEED", seed)
    monkeypatch.setenv("NETNS_TIER", "a-tier=note")
    pytester.makepyfile(test_suite=SUITE)
    # the probe itself is the kernel's to answer
    pytester.makepyfile(no_features="from runner import features\nfeatures.features = lambda: frozenset()")
    options = ("-p", "no_features", "-p", "runner.nothing_skipped", "--sample", "test_suite=3", "-v")
    done = pytester.runpytest_subprocess(*options, "-o", "markers=needs(feature)", "--strict-markers")
    done.assert_outcomes(passed=3, deselected=18)
    tests = [line.split()[0] for line in done.outlines if "PASSED" in line]
    return " ".join(tests), (pytester.path / "note").read_text()


def test_a_sample_is_drawn_by_its_seed_and_says_what_it_left_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests, note = note_of(pytester, monkeypatch, "1")
    assert note == (
        "a-tier\tLinux 9.9 (a guest)\t3 tests passed, drawn by PIFD_SEED=1, which left out 17 of test_suite, "
        "without what this kernel has not got: a feature that no kernel has\n"
    )
    assert note_of(pytester, monkeypatch, "1")[0] == tests
    assert note_of(pytester, monkeypatch, "2")[0] != tests
