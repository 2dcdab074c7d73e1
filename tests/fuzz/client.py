"""Client: sends inputs, and reads what comes back."""

import asyncio
import re
from pathlib import Path

from tests.fuzz.input import Ending, Input

SECONDS = 10.0
"""Within them an answer has to come; none takes nearly as long."""
MOMENT = 0.01
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n")


class Client:
    """Keeps one connection open, and makes another one for each input that spoils it."""

    def __init__(self, patient: Path, impatient: Path) -> None:
        self._patient, self._impatient = patient, impatient
        self._kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, one: Input, pieces: list[bytes]) -> bytes:
        """All that is answered; raises TimeoutError where nothing is."""
        async with asyncio.timeout(SECONDS):
            if one.ending is Ending.STAYS:
                return await self._on_kept(pieces)
            return await self._on_new(one, pieces)

    async def close(self) -> None:
        """Hang up."""
        if self._kept is not None:
            await hang_up(self._kept[1])
            self._kept = None

    async def _on_kept(self, pieces: list[bytes]) -> bytes:
        if self._kept is None:
            self._kept = await asyncio.open_unix_connection(self._patient)
        reader, writer = self._kept
        await write(writer, pieces)
        found = await read_one(reader)
        if b"\r\nConnection: close\r\n" in found.partition(b"\r\n\r\n")[0] + b"\r\n":
            await self.close()
        return found

    async def _on_new(self, one: Input, pieces: list[bytes]) -> bytes:
        path = self._impatient if one.ending is Ending.WAITS else self._patient
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            await write(writer, pieces)
            if one.ending is Ending.LEAVES:
                await asyncio.sleep(MOMENT if one.may_block else 0)
                return b""
            if one.ending is Ending.SHUTS:
                writer.write_eof()
            return await reader.read()
        except ConnectionError:  # the server has closed before all was sent
            return await reader.read()
        finally:
            await hang_up(writer)


async def write(writer: asyncio.StreamWriter, pieces: list[bytes]) -> None:
    """With a turn for the server between two pieces."""
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0)
    await writer.drain()


async def read_one(reader: asyncio.StreamReader) -> bytes:
    """One answer, with those before it that only say that the request may go on."""
    head = b""
    while True:
        head += await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if length is not None:
            return head + await reader.readexactly(int(length[1]))


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """The other end may have gone before."""
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return
