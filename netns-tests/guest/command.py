"""The command line of in-kernel: choose the kernel, say which it is, run the command on it."""

import argparse
import os
import re
import signal
import subprocess
import sys
from functools import partial

from guest import boot, choose, here, qemu, uml
from guest.kernel import Kernel, NoKernelError, try_out

CANNOT = 125  # no kernel to run on, or the guest died; the command's own status is unknown

HELP = """\
Runs COMMAND as root on a kernel with bonding, VLANs, tunnels and bridges, in the current directory.
The kernel is the first of these that works:

  here          this machine's own
  newest        User Mode Linux from Debian unstable, fetched once and kept in ~/.cache/pifd
  distribution  User Mode Linux from this machine's distribution
  qemu          the distribution's own kernel in qemu

--with chooses one. For the newest and the distribution's another one is taken if they can't be had.

In a guest the current directory and the git work tree around it are the real ones, except a
.venv folder in them; everything else (and .venv) is a throw-away overlay of this machine's own file
system, lost at the end. Standard input is empty there.

Exit status: the command's; 124 after the timeout; 125 if no kernel could be had or the guest died;
127 if there is no such command."""

FIND = {
    "here": lambda memory: here.kernel(),
    "newest": uml.newest,
    "distribution": uml.distribution,
    "qemu": qemu.kernel,
}


def main() -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `in-kernel … | head` ends like any other command
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse()
    with_sbin_in_path()
    try:
        if options.which:
            return which(options)
        return choose.first_that_works(
            choose.ORDER[options.kind], partial(run_on, options), partial(tell, options.kind)
        )
    except choose.NothingWorksError as error:
        return complain(str(error))
    except boot.GuestDiedError as died:
        return complain(str(died))
    except subprocess.TimeoutExpired:
        complain(f"not done after {options.timeout:g} s")
        return 124
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="in-kernel", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--with", dest="kind", choices=list(choose.WHAT), help="the kernel, in place of the first that works"
    )
    parser.add_argument("--which", action="store_true", help="only try the kernel, and say which and why")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument(
        "--mem", type=memory_size, default="1024M", metavar="SIZE", help="of the guest: %(default)s"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND…")
    options = parser.parse_args()
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command and not options.which:
        parser.error("which command?")
    return options


def memory_size(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[MG]", text):
        raise argparse.ArgumentTypeError("a number and M or G, please")
    return text


def with_sbin_in_path() -> None:
    """ip, bridge and modprobe live in folders that not every PATH names."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path += [folder for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin") if folder not in path]
    os.environ["PATH"] = os.pathsep.join(path)


def found(kind: str, memory: str) -> Kernel:
    try:
        return FIND[kind](memory)
    except OSError as error:  # a cache that is full or can't be written, a program that does not start
        raise NoKernelError(str(error)) from None


def run_on(options: argparse.Namespace, kind: str) -> int:
    """The command's exit status on this kind of kernel."""
    kernel = found(kind, options.mem)
    print(f"in-kernel: {kernel.name}", file=sys.stderr, flush=True)
    os.environ["IN_KERNEL"] = kernel.name  # for a command that tells where it ran
    return kernel.run(options.command, options.timeout)


def tell(chosen: str | None, refusal: choose.Refusal) -> None:
    """In one sentence why it is not this kernel; that a machine has no bonding itself is no news."""
    if refusal.kind != "here" or chosen == "here":
        complain(f"{refusal}")


def which(options: argparse.Namespace) -> int:
    """Print which kernel works, after a trial, and why it is that one."""
    refusals: list[choose.Refusal] = []
    kernel = choose.first_that_works(choose.ORDER[options.kind], partial(tried, options.mem), refusals.append)
    print(f"in-kernel: {kernel.name}\n{choose.why(options.kind, refusals)}")
    return 0


def tried(memory: str, kind: str) -> Kernel:
    kernel = found(kind, memory)
    if kind != "here":  # it has been tried already
        try_out(kernel)
    return kernel


def complain(message: str) -> int:
    print(f"in-kernel: {message}", file=sys.stderr, flush=True)
    return CANNOT
