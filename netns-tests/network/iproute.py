"""Iproute: `ip` or `bridge` running in a namespace, asked again and again: a start takes long in a guest."""

import json
import subprocess
from typing import Any


class Iproute:
    """The program in batch mode, told to write JSON with all details, a line for each command."""

    def __init__(self, program: str, namespace: str) -> None:
        command = ["stdbuf", "-oL", program, "-n", namespace, "-d", "-j", "-batch", "-"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Iproute":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate()

    def ask(self, *commands: str) -> list[Any]:
        """What each of the commands prints."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("".join(f"{command}\n" for command in commands))
        self._process.stdin.flush()
        return [json.loads(self._process.stdout.readline()) for _ in commands]
