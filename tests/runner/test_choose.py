"""Which kernel in-kernel takes, and what it says of those that it can't have."""

from collections.abc import Collection

import pytest
from guest.choose import ORDER, NothingWorksError, Refusal, first_that_works, why
from guest.kernel import NoKernelError


def chosen(choice: str | None, works: Collection[str]) -> tuple[str, list[Refusal]]:
    refusals: list[Refusal] = []

    def use(kind: str) -> str:
        if kind not in works:
            raise NoKernelError(f"no {kind}")
        return kind

    return first_that_works(ORDER[choice], use, refusals.append), refusals


@pytest.mark.parametrize(
    ("choice", "works", "taken"),
    [
        (None, {"here", "newest", "distribution", "qemu"}, "here"),
        (None, {"newest", "distribution", "qemu"}, "newest"),
        (None, {"distribution", "qemu"}, "distribution"),
        (None, {"qemu"}, "qemu"),
        ("newest", {"here", "newest", "distribution", "qemu"}, "newest"),
        ("newest", {"here", "distribution", "qemu"}, "here"),
        ("newest", {"distribution", "qemu"}, "distribution"),
        ("distribution", {"here", "newest", "distribution", "qemu"}, "distribution"),
        ("distribution", {"here", "newest", "qemu"}, "here"),
        ("distribution", {"newest", "qemu"}, "qemu"),
        ("qemu", {"here", "newest", "distribution", "qemu"}, "qemu"),
        ("here", {"here", "newest"}, "here"),
    ],
)
def test_the_first_kernel_of_the_order_that_can_be_had_is_taken(
    choice: str | None, works: Collection[str], taken: str
) -> None:
    kind, refusals = chosen(choice, works)
    assert kind == taken
    order = ORDER[choice]
    assert refusals == [Refusal(kind, f"no {kind}") for kind in order[: order.index(taken)]]


@pytest.mark.parametrize("choice", ["here", "qemu"])
def test_a_kernel_that_was_asked_for_by_name_is_not_replaced_by_another(choice: str) -> None:
    with pytest.raises(NothingWorksError):
        chosen(choice, {"here", "newest", "distribution", "qemu"} - {choice})


def test_where_nothing_works_one_message_says_what_each_try_said_and_what_helps() -> None:
    with pytest.raises(NothingWorksError) as raised:
        chosen(None, set())
    text = str(raised.value)
    for line in (
        "  this machine's own kernel: no here",
        "  User Mode Linux from Debian unstable: no newest",
        "  User Mode Linux from the distribution: no distribution",
        "  the distribution's own kernel in qemu: no qemu",
    ):
        assert line in text.splitlines()
    assert "modprobe bonding" in text
    assert "apt-get install qemu-system-x86" in text
    assert "virtual machine" in text


def test_why_tells_of_what_came_before() -> None:
    assert why(None, [Refusal("here", "no bonding")]) == (
        "because what comes before it can't be had:\n  this machine's own kernel: no bonding"
    )


def test_why_tells_of_the_choice() -> None:
    assert why("qemu", []) == "because it was asked for: --with=qemu"
    assert why("newest", []) == "because it was asked for: --with=newest"
    assert why(None, []) == "because it works, and needs no guest"
