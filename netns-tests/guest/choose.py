"""Which kernel it is: the first in the order of a choice that can be had, and what the others said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from guest.kernel import NoKernelError

WHAT = {
    "here": "this machine's own kernel",
    "newest": "User Mode Linux from Debian unstable",
    "distribution": "User Mode Linux from the distribution",
    "qemu": "the distribution's own kernel in qemu",
}

# The newest and the distribution's are those that can be had; with the others, that one is meant.
ORDER = {
    None: ("here", "newest", "distribution", "qemu"),
    "here": ("here",),
    "newest": ("newest", "here", "distribution", "qemu"),
    "distribution": ("distribution", "here", "qemu"),
    "qemu": ("qemu",),
}

NOTHING_WORKS = """\
no kernel with bonding can be had. Tried:
{tries}
What helps, any of it: load the modules on this machine ({modprobe}); let it reach a Debian archive; \
apt-get install {qemu}; or take a virtual machine with Debian 12 or newer."""

MODPROBE = "modprobe bonding"
QEMU = "qemu-system-x86 (qemu-system-arm on arm64)"

Found = TypeVar("Found")


@dataclass(frozen=True)
class Refusal:
    """A kernel that does not run here, and why."""

    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{WHAT[self.kind]}: {self.reason}"


class NothingWorksError(Exception):
    """Every kernel of an order was tried."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(NOTHING_WORKS.format(tries=listed(refusals), modprobe=MODPROBE, qemu=QEMU))


def first_that_works(
    kinds: Sequence[str], use: Callable[[str], Found], tell: Callable[[Refusal], None]
) -> Found:
    """What the first use gives that finds a kernel; each refusal is told as it comes."""
    refusals: list[Refusal] = []
    for kind in kinds:
        try:
            return use(kind)
        except NoKernelError as error:
            refusals.append(Refusal(kind, str(error)))
            tell(refusals[-1])
    raise NothingWorksError(refusals)


def why(chosen: str | None, refusals: Sequence[Refusal]) -> str:
    """Why it is the kernel after these, when this one was chosen."""
    if refusals:
        return f"because what comes before it can't be had:\n{listed(refusals)}"
    return f"because it was asked for: --with={chosen}" if chosen else "because it works, and needs no guest"


def listed(refusals: Sequence[Refusal]) -> str:
    return "\n".join("  " + str(refusal).replace("\n", "\n    ") for refusal in refusals)
