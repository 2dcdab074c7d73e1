"""A host with four NICs, an engine with its model in memory, and a client that speaks bare HTTP to it."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.engine.condition import Condition, words_for
from agent.engine.decisions import Decide
from agent.engine.link_history import LinkHistory
from agent.engine.notifier import Notifier
from agent.engine.progress import UNWATCHED, Progress
from agent.kernel.live import Device, LiveLink
from agent.kernel.state import KernelState
from agent.model.draft import Plan, Result, changes
from agent.model.facts import NIC, Facts
from agent.model.records import PIF, Host, Network, Ref
from agent.rules.first_start import first_start

DEVICE = Device(
    speed=1000,
    full_duplex=True,
    bus_path="0000:03:00.0",
    vendor_id="8086",
    vendor_name="Intel Corporation",
    device_id="1572",
    device_name="Ethernet Controller X710 for 10GbE SFP+",
    read_at=datetime(2026, 8, 21, 10, 0, tzinfo=UTC),
)
"""What every device with carrier says of itself."""

NOWHERE = f"OpaqueRef:{'0' * 36}"

FACTS = Facts(
    nics=(
        NIC(device="eth0", MAC="02:00:00:00:00:00", MTU=1500, addresses=("10.0.0.2/24",), gateway="10.0.0.1"),
        NIC(device="eth1", MAC="02:00:00:00:00:01", MTU=1500),
        NIC(device="eth2", MAC="02:00:00:00:00:02", MTU=1500),
        NIC(device="eth3", MAC="02:00:00:00:00:03", MTU=1500),
    ),
)


@dataclass(frozen=True)
class Outcome:
    """A dry run's."""

    plan: Plan
    steps: tuple[str, ...]


class EngineInMemory:
    """Decides and swaps the model, with no kernel behind it.

    A call takes `steps` steps, and before each of them it waits until `gate` is open.  It notifies when
    something is set that a reader sees.
    """

    SEEN = frozenset({"model", "failures", "up", "says"})

    def __init__(self) -> None:
        self.notifier = Notifier()
        self.steps = 1
        self.model = first_start("host1", FACTS, seed=b"first start").after
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: dict[Ref[Any], str] = {}
        self.asked_for_links = 0
        self.up = frozenset({"eth0", "eth1"})
        self.says: Mapping[str, Device] = {}
        self.history = LinkHistory()
        self.heard_of: set[str] = set()

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name in self.SEEN:
            self.notifier.notify()

    async def change(self, decide: Decide, progress: Progress = UNWATCHED) -> Result:
        for done in range(self.steps):
            progress.reached(done, self.steps)
            await self.gate.wait()
            await asyncio.sleep(0)
        plan = decide(self.model, FACTS)
        self.model = plan.after
        return plan.result

    async def dry_run(self, decide: Decide) -> Outcome:
        plan = decide(self.model, FACTS)
        return Outcome(plan, tuple(f"add a {record.class_name}" for record in changes(plan).added))

    def bonds_heard_of(self) -> frozenset[str]:
        found, self.heard_of = frozenset(self.heard_of), set()
        return found

    async def live_links(self, names: Iterable[str]) -> Mapping[str, LiveLink]:
        return {}

    @property
    def links_up(self) -> frozenset[str]:
        self.asked_for_links += 1
        return self.up

    @property
    def ports_up(self) -> frozenset[str]:
        return self.up

    @property
    def devices(self) -> Mapping[str, Device]:
        return {**dict.fromkeys(self.up, DEVICE), **self.says}

    @property
    def condition(self) -> Condition:
        return Condition(self.failures)

    @property
    def words(self) -> str:
        return words_for(self.model, self.condition)

    async def kernel_state(self) -> KernelState:
        return KernelState()

    def pif(self, device: str) -> PIF:
        return next(pif for pif in self.model.all(PIF) if pif.device == device)

    def network(self, bridge: str) -> Network:
        return next(network for network in self.model.all(Network) if network.bridge == bridge)

    def host(self) -> Host:
        return self.model.all(Host)[0]


@dataclass(frozen=True)
class Response:
    """What came back, with the names of the header's fields in lower case."""

    status: int
    fields: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, path: Path) -> "Client":
        return cls(*await asyncio.open_unix_connection(path))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def response(self) -> Response:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode().split("\r\n")
        fields = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head[1:] if line}
        body = await self.reader.readexactly(int(fields.get("content-length", "0")))
        return Response(int(head[0].split()[1]), fields, body)

    async def is_closed(self) -> bool:
        """Whether the server ends the connection, with nothing more to say, within two seconds."""
        return await asyncio.wait_for(self.reader.read(), 2) == b""

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def call_body(method: str, *params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 7}).encode()


def post(body: bytes, *fields: str, path: str = "/jsonrpc", version: str = "1.1") -> bytes:
    lines = [
        f"POST {path} HTTP/{version}",
        "Host: localhost",
        f"Content-Length: {len(body)}",
        *fields,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


class Caller:
    """A client that has logged in."""

    def __init__(self, client: Client, session: str) -> None:
        self.client = client
        self.session = session

    @classmethod
    async def login(cls, client: Client) -> "Caller":
        caller = cls(client, "")
        caller.session = (await caller.raw("session.login_with_password", "root", "secret"))["result"]
        return caller

    async def raw(self, method: str, *params: Any) -> Any:
        """The whole answer to a call with exactly these parameters."""
        await self.client.send(post(call_body(method, *params)))
        return (await self.client.response()).document

    async def __call__(self, method: str, *params: Any) -> Any:
        """The result of a call, or its error as a list: the code and the parameters."""
        answer = await self.raw(method, self.session, *params)
        if "error" in answer:
            return [answer["error"]["message"], *answer["error"]["data"]]
        return answer["result"]
