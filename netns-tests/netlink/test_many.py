"""A host with very many VLANs and routes: a change of all of them does not fit into one send.

By default there are some dozens, and the socket's send buffer is made so small that they do not fit either.
With PIFD_MANY_VLANS=4000 PIFD_MANY_ROUTES=12000 it is as large a host as there is, with the buffer as it is.
"""

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import Site
from host.daemon import PATIENCE, OpenKernel
from host.pifctl import output
from network.cabling import ADMIN_IP, HOST_IP, Cabling, run
from network.witness import is_pingable, kernel_of, without_operstates

from agent.__main__ import real_kernel
from agent.engine.kernel import Kernel
from agent.model.model import Model
from agent.model.records import PIF, VLAN, Network
from agent.netlink.sockets import socket as netlink_socket
from agent.settings import Settings
from agent.store.sqlite import Store

VLANS = int(os.environ.get("PIFD_MANY_VLANS", "40"))
ROUTES = int(os.environ.get("PIFD_MANY_ROUTES", "200"))
SMALL_BUFFER = 4608
"""Bytes: the least that the kernel gives, some fifty messages."""
FIRST_TAG = 2


def kernel_with_small_buffers(settings: Settings) -> Kernel:
    """In the daemon's process."""
    netlink_socket.SEND_BUFFER = SMALL_BUFFER
    return real_kernel(settings)


OPEN_KERNEL: OpenKernel = real_kernel if "PIFD_MANY_VLANS" in os.environ else kernel_with_small_buffers


def with_vlans(model: Model) -> Model:
    """As VLAN.create would leave the store, on eth0's PIF."""
    lower = next(pif for pif in model.all(PIF) if pif.device == "eth0")
    records = dict(model.records)
    for tag in range(FIRST_TAG, FIRST_TAG + VLANS):
        own = Network(uuid=str(uuid4()), name_label=f"VLAN {tag}", bridge=f"xapi{tag}")
        upper = PIF(
            uuid=str(uuid4()), device="eth0", network=own.ref, host=lower.host, MAC=lower.MAC, VLAN=tag,
            currently_attached=True,
        )  # fmt: skip
        over = VLAN(uuid=str(uuid4()), tagged_PIF=lower.ref, untagged_PIF=upper.ref, tag=tag)
        records |= {record.ref: record for record in (own, upper, over)}
    return Model(records)


def write_vlans(directory: Path) -> None:
    store = Store(directory / "state" / "pifd.sqlite")
    model = store.load()
    store.commit(model, with_vlans(model))
    store.close()


def add_routes(net: Cabling) -> None:
    """A routing daemon's, over the management interface."""
    lines = (f"route add 10.{n >> 8}.{n & 255}.0/24 via {ADMIN_IP} proto bird" for n in range(ROUTES))
    net.batch(net.host, "\n".join(lines) + "\n")


def json_of(net: Cabling, *arguments: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run("ip", "-n", net.host, "-j", *arguments))
    return found


def routes_over(net: Cabling) -> dict[str, int]:
    """How many of those there are, by the device."""
    found: dict[str, int] = {}
    for route in json_of(net, "route", "show", "proto", "bird"):
        found[route["dev"]] = found.get(route["dev"], 0) + 1
    return found


def vlans_on(net: Cabling) -> dict[str, int]:
    """How many VLANs there are, by the device below."""
    found: dict[str, int] = {}
    for link in json_of(net, "link", "show", "type", "vlan"):
        found[link["link"]] = found.get(link["link"], 0) + 1
    return found


@pytest.mark.parametrize("site", [OPEN_KERNEL], indirect=True)
def test_a_bond_takes_very_many_vlans_and_routes_along_and_gives_them_back(site: Site) -> None:
    assert site.daemon.stop() == 0
    write_vlans(site.home.directory)
    site.restart(OPEN_KERNEL, PATIENCE + VLANS / 20)
    add_routes(site.net)
    before = without_operstates(kernel_of(site.net))
    network = output(site.home, "network-create", "name-label=Bonded")
    output(site.home, "bond-create", f"network-uuid={network}", "pif-uuids=eth0,eth1")
    bridge = output(site.home, "network-param-get", f"uuid={network}", "param-name=bridge")
    assert (vlans_on(site.net), routes_over(site.net)) == ({"bond0": VLANS}, {bridge: ROUTES})
    assert is_pingable(site.net, HOST_IP)
    output(site.home, "bond-destroy", "uuid=bond0")
    assert without_operstates(kernel_of(site.net)) == before
    assert is_pingable(site.net, HOST_IP)
