"""etcd's own users: whom it knows, what they may do, and certificates that are over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.errors import PoolUnavailable
from agent.model.records import Network
from agent.pool.etcd import Access, Etcd
from tests.pool.etcd_server import Node, etcd
from tests.pool.hosts import Hosts
from tests.pool.test_store_troubles import words_of

PREFIX = "/guarded"


async def as_root(node: Node, *asked: Any, password: str = "") -> None:
    """Requests of etcd's about users, as its root."""
    import aetcd

    login = ("root", password) if password else (None, None)
    async with aetcd.Client("127.0.0.1", node.port, *login) as client:
        stub = aetcd.rpc.AuthStub(client.channel)
        for name, request in asked:
            await getattr(stub, name)(request, metadata=client.metadata)


async def guard(node: Node) -> None:
    """Root, and a user who may only have what is below the prefix."""
    from aetcd import rpc

    below = f"{PREFIX}/".encode()
    permission = {"permType": 2, "key": below, "range_end": below[:-1] + b"0"}
    await as_root(
        node,
        ("UserAdd", rpc.AuthUserAddRequest(name="root", password="secret")),
        ("RoleAdd", rpc.AuthRoleAddRequest(name="root")),
        ("UserGrantRole", rpc.AuthUserGrantRoleRequest(user="root", role="root")),
        ("UserAdd", rpc.AuthUserAddRequest(name="pifd", password="hosts")),
        ("RoleAdd", rpc.AuthRoleAddRequest(name="hosts")),
        ("RoleGrantPermission", rpc.AuthRoleGrantPermissionRequest(name="hosts", perm=permission)),
        ("UserGrantRole", rpc.AuthUserGrantRoleRequest(user="pifd", role="hosts")),
        ("AuthEnable", rpc.AuthEnableRequest()),
    )


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[Node, Access]]:
    (tmp_path / "password").write_text("hosts\n")
    with etcd() as (node,):
        await guard(node)
        access = Access((node.endpoint,), PREFIX, "pifd", tmp_path / "password", timeout=2)
        yield node, access


async def test_hosts_of_a_pool_log_in_and_again_when_etcd_knows_them_no_more(
    guarded: tuple[Node, Access], tmp_path: Path
) -> None:
    node, access = guarded
    async with AsyncExitStack() as stack:
        hosts = Hosts(tmp_path, node, stack)
        hosts.access = access
        master, member = await hosts.pool(2)
        made = await member.world.new_network(name_label="private")
        await master.until(lambda: made in master.model.records)
        node.kill()  # its logins are in its memory
        await member.until(lambda: member.pool.entries.trouble)
        node.start()
        node.wait()
        for one in (master, member):
            await one.connected()
        again = await member.world.new_network(name_label="again")
        await master.until(lambda: again in master.model.records)
        from aetcd import rpc

        other = rpc.AuthUserChangePasswordRequest(name="pifd", password="other")
        await as_root(node, ("UserChangePassword", other), password="secret")
        with pytest.raises(PoolUnavailable):
            await member.world.new_network()
        await member.until(lambda: "by this password" in member.pool.words, "its login is over")
        (tmp_path / "password").write_text("other\n")
        for one in (master, member):
            await one.connected()
        assert len(member.model.all(Network)) == len(master.model.all(Network))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"user": "nobody"}, "etcd does not know pool_user by this password"),
        ({"user": "", "password_file": None}, "etcd asks for a user (pool_user)"),
        ({"prefix": "/elsewhere"}, "etcd does not let pool_user do that"),
        ({"password_file": Path("/nowhere/password")}, "/nowhere/password"),
    ],
)
async def test_a_login_that_is_refused_is_said_to_be(
    guarded: tuple[Node, Access], changed: dict[str, Any], words: str
) -> None:
    _, access = guarded
    assert words in await words_of(Etcd(replace(access, **changed)))
    await asyncio.sleep(0)
