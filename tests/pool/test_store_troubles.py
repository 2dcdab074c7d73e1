"""An etcd that refuses: by its certificates, for want of room, or because of its version."""

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.errors import PoolUnavailable
from agent.model.records import Bond, Network
from agent.pool import layout
from agent.pool.etcd import Access, Etcd, Unavailable
from agent.rules import bond, reconfigure
from agent.rules.setters import set_field
from tests.pool.etcd_server import Node, etcd
from tests.pool.hosts import Hosts, Member
from tests.worlds.world import pif_of


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


AUTHORITY = """
[ca]
default_ca = authority
[authority]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""
DAY_IN_2020 = "-startdate 20200101000000Z -enddate 20200102000000Z"


def signed(directory: Path, name: str, valid: str = "-days 2", ca: str = "ca") -> None:
    """A key and a certificate for 127.0.0.1.  Only `openssl ca` makes one that is over, in all versions."""
    for file, text in (("san", "subjectAltName=IP:127.0.0.1\n"), ("index", ""), ("authority", AUTHORITY)):
        (directory / file).write_text(text)
    request = f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
    openssl(directory, *request.split())
    signing = f"ca -batch -config authority -cert {ca}.pem -keyfile {ca}.key -in {name}.csr {valid}"
    openssl(directory, *signing.split(), "-notext", "-extfile", "san", "-out", f"{name}.pem")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    for ca in ("ca", "other"):
        made = f"req -x509 -newkey rsa:2048 -nodes -keyout {ca}.key -out {ca}.pem -days 2 -subj /CN={ca}"
        openssl(directory, *made.split())
    signed(directory, "server")
    signed(directory, "host")
    signed(directory, "stranger", ca="other")
    signed(directory, "expired", valid=DAY_IN_2020)
    return directory


@pytest.fixture(scope="module")
def guarded(certificates: Path) -> Iterator[Node]:
    """An etcd that only speaks to those with a certificate of its CA."""
    more = ("--cert-file", "server.pem", "--key-file", "server.key", "--trusted-ca-file", "ca.pem")
    paths = [str(certificates / one) if "." in one else one for one in more]
    with etcd(more=[*paths, "--client-cert-auth"], scheme="https") as (node,):
        yield node


def access(node: Node, certificates: Path, name: str, ca: str = "ca") -> Access:
    files = (certificates / f"{ca}.pem", certificates / f"{name}.pem", certificates / f"{name}.key")
    return Access((node.endpoint,), "/tls", ca=files[0], certificate=files[1], key=files[2], timeout=2)


async def words_of(store: Etcd) -> str:
    """What an attempt to read comes to."""
    try:
        await store.open()
        await store.read()
    except Unavailable as error:
        return str(error)
    else:
        return ""
    finally:
        await store.close()


async def test_a_certificate_opens_an_etcd_that_asks_for_one(guarded: Node, certificates: Path) -> None:
    assert await words_of(Etcd(access(guarded, certificates, "host"))) == ""
    store = Etcd(access(guarded, certificates, "host"))
    await store.open()
    await store.lease(5)
    assert await store.commit({"a": 0}, {"a": b"1"}, leased=True)
    assert await store.commit({"a": 0}, {"a": b"2"}) is None
    _, revision = await store.read()
    changes = store.changes(revision)
    await store.commit({}, {}, ["a"])
    assert await anext(changes) == {"a": None}
    await changes.aclose()  # type: ignore[attr-defined]
    await store.close()


@pytest.mark.parametrize("name", ["expired", "stranger"])
async def test_a_certificate_that_is_refused_is_said_to_be(
    guarded: Node, certificates: Path, name: str
) -> None:
    words = await words_of(Etcd(access(guarded, certificates, name)))
    assert words.startswith(f"{guarded.endpoint}: this host's certificate (pool_certificate) is refused"), (
        words
    )


async def test_an_etcd_that_is_known_by_another_ca_is_not_trusted(guarded: Node, certificates: Path) -> None:
    words = await words_of(Etcd(access(guarded, certificates, "host", ca="other")))
    assert "CERTIFICATE_VERIFY_FAILED" in words, words


async def test_a_file_that_is_not_there_is_named(guarded: Node, certificates: Path) -> None:
    missing = replace(access(guarded, certificates, "host"), key=Path("/nowhere/host.key"))
    assert "/nowhere/host.key" in await words_of(Etcd(missing))


async def test_of_an_etcd_that_is_full_what_is_shared_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    with etcd() as (node,):
        member = Member(tmp_path / "host", 0, Access((node.endpoint,), timeout=1))
        await member.start()
        await member.connected()
        spare = await member.world.new_network()
        await set_full(node)
        with pytest.raises(PoolUnavailable) as refused:
            await member.world.new_network()
        assert "etcd is full, and can only be read" in str(refused.value)
        nics = [pif_of(member.own, device).ref for device in ("eth0", "eth1")]
        await member.world.do(bond.create, spare, nics, "")
        assert member.world.above("eth0")[0] == "bond0"
        await member.stop()


async def test_an_etcd_that_is_slow_holds_up_nothing_and_what_it_does_late_is_known(
    tmp_path: Path,
) -> None:
    with etcd() as (node,):
        async with slowed(node) as way:
            member = Member(tmp_path / "host", 0, Access((way.endpoint,), timeout=1))
            await member.start()
            way.delay = 0.3
            await member.connected()
            await member.world.new_network(name_label="in time")
            way.delay = 10
            begun = time.monotonic()
            with pytest.raises(PoolUnavailable) as refused:
                await member.world.new_network(name_label="late")
            assert time.monotonic() - begun < 4
            assert "does not answer within 1 s" in str(refused.value)
            assert "whether it was done all the same is seen" in str(refused.value)
            nics = [pif_of(member.own, device).ref for device in ("eth0", "eth1")]
            begun = time.monotonic()
            await member.world.do(reconfigure.reconfigure_ip, nics[1], "None", "", "", "", "")
            await member.stop()
            await member.start()
            assert member.world.engine.words == "the network is in the model's state"
            assert time.monotonic() - begun < 5
            await member.until(lambda: "does not answer within 1 s" in member.pool.words)
            way.delay = 0
            await member.connected()
            await member.until(lambda: any(one.name_label == "late" for one in member.model.all(Network)))
            await member.stop()


@dataclass
class Way:
    """delay: seconds that each piece of an answer takes."""

    endpoint: str
    delay: float = 0


@asynccontextmanager
async def slowed(node: Node) -> AsyncIterator[Way]:
    """etcd, whose answers take some time while inside; what it is asked comes to it at once."""
    tasks = set[asyncio.Task[None]]()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_slow: bool) -> None:
        try:
            while data := await reader.read(65536):
                begun = time.monotonic()
                while is_slow and time.monotonic() - begun < way.delay:
                    await asyncio.sleep(0.02)
                writer.write(data)
        finally:
            writer.transport.abort()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", node.port)
        for one in (pass_on(reader, forth, is_slow=False), pass_on(back, writer, is_slow=True)):
            tasks.add(asyncio.create_task(one))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    way = Way(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield way
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def set_full(node: Node) -> None:
    """As etcd does by itself when its quota is used up."""
    import aetcd

    async with aetcd.Client("127.0.0.1", node.port) as client:
        await client.create_alarm()


async def test_a_pool_of_another_version_is_left_alone_and_said_to_be(tmp_path: Path) -> None:
    with etcd() as (node,):
        store = Etcd(Access((node.endpoint,), timeout=1))
        await store.open()
        await store.commit({}, {layout.SCHEMA: b"2"})
        await store.close()
        member = Member(tmp_path / "host", 0, Access((node.endpoint,), timeout=1))
        await member.start()
        await member.until(lambda: "version 2" in member.pool.words)
        await member.world.new_network()  # it is in no pool, so nobody shares it
        await member.stop()


async def test_what_another_version_has_written_is_left_out_where_nothing_can_be_made_of_it(
    tmp_path: Path,
) -> None:
    with etcd() as (node,):
        member = Member(tmp_path / "host", 0, Access((node.endpoint,), timeout=1))
        await member.start()
        await member.connected()
        store = Etcd(Access((node.endpoint,), timeout=1))
        await store.open()
        other = "00000000-0000-0000-0000-0000000000aa"
        below = f"{layout.HOSTS}{other}"
        told = {
            f"{below}/host/{other}": json.dumps(
                {"uuid": other, "name_label": "newer", "colour": "red"}
            ).encode(),
            f"{below}/PIF/x": b'{"uuid": "x", "device": 7}',
            f"{below}/Marvel/y": b"{}",
            f"{below}/Bond/z": b"no JSON",
        }
        await store.commit({}, told)
        await member.until(lambda: member.knows("newer"))
        await store.remove(f"{below}/")
        await member.until(lambda: not member.knows("newer"))
        await store.close()
        await asyncio.sleep(0)
        await member.stop()


@pytest.mark.parametrize("version", ["2", "1.5", "v1", ""])
async def test_a_pool_that_gets_another_version_is_left_alone_from_then_on(
    hosts: Hosts, version: str
) -> None:
    master, member = await hosts.pool(2)
    home = await master.world.new_network()
    store = Etcd(hosts.access)
    await store.open()
    await store.commit({}, {layout.SCHEMA: version.encode()})
    await member.until(lambda: f"version {version}" in member.pool.words)
    with pytest.raises(PoolUnavailable):
        await member.world.new_network()
    _, before = await store.read()
    await member.world.do(bond.create, home, [pif_of(member.own, f"eth{n}").ref for n in (0, 1)], "")
    await asyncio.sleep(0.5)
    _, after = await store.read()
    assert after == before, "nothing is written into it"
    await store.commit({}, {layout.SCHEMA: layout.SCHEMA_VALUE})
    await master.until(lambda: master.model.all(Bond), "it is published now")
    await store.close()


async def test_what_a_newer_pifd_has_written_of_a_network_stays_when_an_older_one_changes_it(
    hosts: Hosts,
) -> None:
    master, member = await hosts.pool(2)
    home = await master.world.new_network(name_label="private")
    key = f"{layout.NETWORKS}{master.model.get(home).uuid}"
    store = Etcd(hosts.access)
    await store.open()
    entries, _ = await store.read()
    await store.commit({}, {key: json.dumps({**json.loads(entries[key].value), "colour": "red"}).encode()})
    await member.until(lambda: b"colour" in (member.pool.entries.value(key) or b""))
    await member.world.do(set_field, Network, "name_label", home, "renamed")
    entries, _ = await store.read()
    assert json.loads(entries[key].value)["colour"] == "red"
    assert json.loads(entries[key].value)["name_label"] == "renamed"
    await store.close()
