"""Guests on the host: VMs in namespaces behind their VIFs, who broadcast all the time or are silent."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from host.daemon import Daemon, Home, await_answer, start_forked
from host.xenapi import XenAPI
from network.cabling import Cabling, cabling
from network.machines import machine, plug_in
from network.namespace import opened
from network.traffic import BROADCAST, TRIAL, Watch, watching

CHATTER = 0.001
"""Seconds between two broadcasts of a guest that never stops talking."""


@dataclass(frozen=True)
class Guest:
    """A VM.  device: its VIF's, on the host."""

    namespace: str
    device: str
    MAC: str
    address: str


@dataclass
class Host:
    """A host with a daemon, its guests on eth0's network, and a network for a bond."""

    net: Cabling
    daemon: Daemon
    api: XenAPI
    guests: tuple[Guest, ...]
    network: str

    def create(self) -> None:
        """Put both NICs into a bond."""
        pifs = self.api.call("PIF.get_all_records")
        members = [ref for ref, pif in sorted(pifs.items(), key=_by_device) if pif["physical"]]
        self.api.call("Bond.create", self.network, members, "")

    def destroy(self) -> None:
        """Take them out again."""
        for bond in self.api.call("Bond.get_all"):
            self.api.call("Bond.destroy", bond)


def _by_device(item: tuple[str, dict[str, str]]) -> str:
    return item[1]["device"]


@contextmanager
def host_with_guests(directory: Path, count: int, nics: int = 1) -> Iterator[Host]:
    """The host while inside; each guest's VIF is plugged, and it has PV drivers.

    nics: on the networks of so many they are, in turn.
    """
    with ExitStack() as stack:
        net = stack.enter_context(cabling())
        home = Home(directory)
        daemon = start_forked(net.host, home)
        await_answer(home)
        api = XenAPI(home.socket)
        stack.callback(api.close)
        pifs = dict(sorted(api.call("PIF.get_all_records").items(), key=_by_device)[:nics])
        for ref in pifs:
            api.call("PIF.plug", ref)
        networks = [pif["network"] for pif in pifs.values()]
        guests = tuple(
            boot(
                net, api, number, stack.enter_context(machine(net, f"guest{number}")), networks[number % nics]
            )
            for number in range(count)
        )
        network = api.call("network.create", {"name_label": "Bonded"})
        yield Host(net, daemon, api, guests, network)
        assert daemon.stop() == 0, daemon.log.read_text()[-2000:]


def boot(net: Cabling, api: XenAPI, number: int, namespace: str, network: str) -> Guest:
    """A VM comes up."""
    guest = Guest(namespace, f"vif{number + 1}.0", f"02:00:00:00:01:{number:02x}", f"192.0.2.{100 + number}")
    vm = api.call("VM.create", {"name_label": f"guest{number}"})
    api.call("VIF.create", {"device": "0", "network": network, "VM": vm, "MAC": guest.MAC})
    api.call("VM.set_domid", vm, str(number + 1))
    plug_in(net, guest.device, namespace, guest.MAC, f"{guest.address}/24")
    net.ip(net.host, "link", "set", guest.device, "address", "fe:ff:ff:ff:ff:ff")
    api.call("VM.start", vm, False, False)
    api.call("VM.set_PV_drivers_detected", vm, True)
    return guest


@contextmanager
def chatting(guest: Guest, seconds: float) -> Iterator[None]:
    """The guest broadcasts from a thread, for a time after the beginning, and is silent then."""
    end = time.monotonic() + seconds
    with opened(guest.namespace, socket.AF_PACKET, socket.SOCK_RAW, 0) as packets:
        packets.bind(("eth0", 0))
        frame = bytes.fromhex((BROADCAST + guest.MAC).replace(":", "")) + TRIAL.to_bytes(2, "big") + bytes(46)

        def chat() -> None:
            while time.monotonic() < end:
                packets.send(frame)
                time.sleep(CHATTER)

        thread = threading.Thread(target=chat)
        thread.start()
        try:
            yield
        finally:
            thread.join()


@contextmanager
def all_watched(net: Cabling, guests: tuple[Guest, ...], interval: float) -> Iterator[list[Watch]]:
    """Each guest is pinged by the admin, and pings it."""
    with ExitStack() as stack:
        yield [stack.enter_context(watching(net.admin, guest.address, interval)) for guest in guests]


def draw(seed: str, longest: float) -> float:
    """Seconds that a guest talks, the same for a seed."""
    return random.Random(seed).uniform(0, longest)
