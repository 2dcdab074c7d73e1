"""The command line of in-kernel: choose the kernel, say which it is, run the command on it."""

import argparse
import os
import re
import signal
import subprocess
import sys
from typing import NoReturn

from guest import boot, here

CANNOT = 125  # no kernel to run on, or the guest died; the command's own status is unknown

HELP = """\
Runs COMMAND as root on a kernel with bonding, VLANs, tunnels and bridges, in the current directory.
This machine's own kernel is taken if it has them; otherwise User Mode Linux is booted over this
machine's own file system.

In the guest the current directory and the git work tree around it are the real ones, except a
.venv folder in them; everything else (and .venv) is a throw-away overlay, lost at the end.
Standard input is empty there.

Exit status: the command's; 124 after the timeout; 125 if no kernel could be had or the guest died;
127 if there is no such command."""


def main() -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `in-kernel … | head` ends like any other command
    options = parse()
    with_sbin_in_path()
    in_place = not options.guest and here.has_bonding()
    if not in_place and (packages := boot.missing_packages()):
        return complain(
            f"a guest kernel is needed, and packages are missing: apt-get install {' '.join(packages)}"
        )
    kernel = f"in-kernel: {here.name() if in_place else boot.name()}"
    if options.which:
        print(kernel)
        return 0
    print(kernel, file=sys.stderr, flush=True)
    if in_place:
        run_in_place(options.command, options.timeout)
    return run_in_guest(options.command, options.timeout, options.mem)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="in-kernel", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--which", action="store_true", help="only print which kernel it would be")
    parser.add_argument("--guest", action="store_true", help="boot a guest even where it isn't needed")
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


def run_in_place(command: list[str], timeout: float) -> NoReturn:
    """Become the command, under coreutils' timeout, which has our very exit statuses."""
    os.execvp("timeout", ["timeout", "--kill-after=10", str(timeout), *command])


def run_in_guest(command: list[str], timeout: float, memory: str) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return boot.run(command, timeout, memory)
    except subprocess.TimeoutExpired:
        complain(f"not done after {timeout:g} s")
        return 124
    except boot.GuestDiedError as died:
        return complain(str(died))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def complain(message: str) -> int:
    print(f"in-kernel: {message}", file=sys.stderr, flush=True)
    return CANNOT
