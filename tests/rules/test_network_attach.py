"""network.attach: the host's PIF on a network is plugged."""

from dataclasses import replace

from agent.errors import (
    CannotPlugBondSlave,
    HandleInvalid,
    NetworkUnmanaged,
    OperationNotAllowed,
    PIFUnmanaged,
)
from agent.rules.network import attach
from agent.rules.pif import plug
from tests.worlds.uppers import UNKNOWN, refused
from tests.worlds.world import (
    bonded,
    host,
    host_of,
    pif_of,
    taken_over,
    with_new_network,
    with_pif,
    with_record,
)

MODEL = taken_over(host())
HOST, ETH1 = host_of(MODEL).ref, pif_of(MODEL, "eth1")


def test_the_PIF_is_plugged_as_PIF_plug_does_it() -> None:
    assert attach(MODEL, ETH1.network, HOST).after == plug(MODEL, ETH1.ref).after != MODEL


def test_a_network_that_is_up_stays_as_it_is() -> None:
    assert attach(MODEL, pif_of(MODEL, "eth0").network, HOST).after == MODEL


def test_a_network_without_a_PIF_has_nothing_to_plug() -> None:
    model, home = with_new_network(MODEL)
    words = "the network has no PIF here: its bridge comes with its first VIF"
    assert refused(attach, model, home, HOST) == (OperationNotAllowed, (words,))


def test_the_checks_come_in_XenAPIs_order() -> None:
    """Each model has the wrongs of those after it."""
    model = with_pif(bonded(MODEL, "eth1"), "eth1", managed=False)
    network = model.get(ETH1.network)
    unmanaged = with_record(model, replace(network, managed=False))
    assert refused(attach, unmanaged, UNKNOWN, UNKNOWN) == (HandleInvalid, ("network", UNKNOWN))
    assert refused(attach, unmanaged, network.ref, UNKNOWN) == (HandleInvalid, ("host", UNKNOWN))
    assert refused(attach, unmanaged, network.ref, HOST) == (NetworkUnmanaged, (network.ref,))
    assert refused(attach, model, network.ref, HOST) == (PIFUnmanaged, (ETH1.ref,))
    managed = with_pif(model, "eth1", managed=True)
    assert refused(attach, managed, network.ref, HOST) == (CannotPlugBondSlave, (ETH1.ref,))
