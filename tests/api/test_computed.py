"""The fields that follow from other records, or from the machine, in the classes above and below PIFs."""

from dataclasses import replace
from uuid import uuid4

import pytest

from agent.api.records.computed import View
from agent.api.records.record import record_of
from agent.model.draft import Draft
from agent.model.model import Model
from agent.model.records import VIF, VLAN, VM, Network, PowerState, Tunnel, TunnelProtocol
from agent.rules import network, tunnel, vif, vlan, vm
from tests.api.world import EngineInMemory

NULL = "OpaqueRef:NULL"
FAR, FARTHER = "10.0.0.7", "10.0.0.8"


def with_network(model: Model, label: str) -> tuple[Model, Network]:
    """The model with one more network."""
    plan = network.create(model, {"name_label": label})
    return plan.after, plan.after.all(Network)[-1]


def with_VLAN(engine: EngineInMemory) -> tuple[Model, VLAN]:
    """A VLAN on eth0."""
    model, home = with_network(engine.model, "five")
    model = vlan.create(model, engine.pif("eth0").ref, 5, home.ref).after
    return model, model.all(VLAN)[0]


def with_tunnel(engine: EngineInMemory, protocol: str, remotes: str) -> tuple[Model, Tunnel]:
    """A tunnel over eth0, to these other ends."""
    model, home = with_network(engine.model, "private")
    draft = Draft(tunnel.create(model, engine.pif("eth0").ref, home.ref, protocol).after)
    made = draft.put(replace(draft.model.all(Tunnel)[0], other_config={"remote-ips": remotes}))
    return draft.model, made


def with_vm(engine: EngineInMemory, state: PowerState) -> tuple[Model, VM, VIF]:
    """A VM with a VIF on eth0's network, in a state that it came into by way of Running."""
    model = vm.create(engine.model, {"name_label": "web"}).after
    home = engine.network("xenbr0").ref
    model = vif.create(model, {"device": "0", "VM": model.all(VM)[0].ref, "network": home}).after
    model = vm.start(model, model.all(VM)[0].ref).after
    if state == PowerState.SUSPENDED:
        model = vm.suspend(model, model.all(VM)[0].ref).after
    return model, model.all(VM)[0], model.all(VIF)[0]


def test_a_VLAN_is_seen_from_the_PIFs_on_both_sides(engine: EngineInMemory) -> None:
    model, made = with_VLAN(engine)
    below = record_of(View(model), model.get(made.tagged_PIF))
    above = record_of(View(model), model.get(made.untagged_PIF))
    assert (below["VLAN_slave_of"], below["VLAN_master_of"]) == ([made.ref], NULL)
    assert (above["VLAN_slave_of"], above["VLAN_master_of"]) == ([], made.ref)


def test_a_tunnel_is_seen_from_the_PIFs_on_both_sides(engine: EngineInMemory) -> None:
    model, made = with_tunnel(engine, "gre", FAR)
    below = record_of(View(model), model.get(made.transport_PIF))
    above = record_of(View(model), model.get(made.access_PIF))
    assert (below["tunnel_transport_PIF_of"], below["tunnel_access_PIF_of"]) == ([made.ref], [])
    assert (above["tunnel_transport_PIF_of"], above["tunnel_access_PIF_of"]) == ([], [made.ref])


def test_a_PIFs_MTU_is_what_fits_on_it(engine: EngineInMemory) -> None:
    model, made = with_tunnel(engine, "vxlan", FAR)
    assert record_of(View(model), model.get(made.transport_PIF))["MTU"] == 1500
    assert record_of(View(model), model.get(made.access_PIF))["MTU"] == 1450


def test_a_PIF_that_could_not_be_brought_up_is_not_attached(engine: EngineInMemory) -> None:
    pif = engine.pif("eth0")
    failed = View(engine.model, failures={pif.ref: "the driver is gone"})
    assert record_of(View(engine.model), pif)["currently_attached"]
    assert not record_of(failed, pif)["currently_attached"]


def test_a_PIF_says_why_it_is_not_up_or_what_it_lacks(engine: EngineInMemory) -> None:
    pif = engine.pif("eth0")
    lost = View(engine.model, failures={pif.ref: "eth0 is not there"})
    lacking = View(engine.model, deviations={pif.ref: "its MTU is refused"})
    told = [record_of(view, pif)["status_detail"] for view in (View(engine.model), lost, lacking)]
    assert told == ["", "eth0 is not there", "its MTU is refused"]


def test_a_VIF_whose_device_could_not_be_had_says_why(engine: EngineInMemory) -> None:
    model, _, interface = with_vm(engine, PowerState.RUNNING)
    well, ill = View(model), View(model, failures={interface.ref: "vif1.0 is not there"})
    told = [
        (record["status_code"], record["status_detail"])
        for record in (record_of(view, interface) for view in (well, ill))
    ]
    assert told == [(0, ""), (1, "vif1.0 is not there")]


STATES = [
    ("gre", f"{FAR},{FARTHER}", ("t0-0a000007", "t0-0a000008"), ""),
    ("gre", f"{FAR},{FARTHER}", ("t0-0a000007",), "Without carrier: t0-0a000008."),
    ("gre", "", (), "There is no other end: other_config has no remote-ips."),
    ("vxlan", FAR, ("tunnel0",), ""),
    ("vxlan", FAR, (), "Without carrier: tunnel0."),
]


@pytest.mark.parametrize(("protocol", "remotes", "up", "error"), STATES)
def test_a_tunnel_is_active_when_frames_can_pass_and_else_says_why_not(
    engine: EngineInMemory, protocol: str, remotes: str, up: tuple[str, ...], error: str
) -> None:
    model, made = with_tunnel(engine, protocol, remotes)
    assert made.protocol == TunnelProtocol(protocol)
    expected = {"active": "false" if error else "true", "key": "1"} | ({"error": error} if error else {})
    assert record_of(View(model, frozenset(up)), made)["status"] == expected


def test_a_tunnel_whose_PIF_is_not_plugged_or_failed_is_not_active(engine: EngineInMemory) -> None:
    model, made = with_tunnel(engine, "vxlan", FAR)
    access = model.get(made.access_PIF)
    unplugged = Model({**model.records, access.ref: replace(access, currently_attached=False)})
    expected = {"active": "false", "key": "1", "error": "The access PIF is not plugged."}
    up = frozenset({"tunnel0"})
    assert record_of(View(unplugged, up), made)["status"] == expected
    assert record_of(View(model, up, {access.ref: "no"}), made)["status"] == expected


def test_a_VIF_is_seen_from_its_VM_and_its_network(engine: EngineInMemory) -> None:
    model, machine, interface = with_vm(engine, PowerState.RUNNING)
    assert record_of(View(model), machine)["VIFs"] == [interface.ref]
    assert record_of(View(model), engine.network("xenbr0"))["VIFs"] == [interface.ref]


def test_a_running_VM_is_on_its_host_and_a_suspended_one_nowhere(engine: EngineInMemory) -> None:
    host = engine.host()
    model, machine, _ = with_vm(engine, PowerState.RUNNING)
    assert record_of(View(model), machine)["resident_on"] == host.ref
    assert record_of(View(model), host)["resident_VMs"] == [machine.ref]
    model, machine, _ = with_vm(engine, PowerState.SUSPENDED)
    assert machine.resident_on == host.ref
    assert record_of(View(model), machine)["resident_on"] == NULL
    assert record_of(View(model), host)["resident_VMs"] == []


def test_a_VM_can_start_on_every_host_unless_some_are_named(engine: EngineInMemory) -> None:
    host = engine.host()
    other = replace(host, uuid=str(uuid4()))
    model = vm.create(Model({**engine.model.records, other.ref: other}), {}).after
    machine = model.all(VM)[0]
    assert record_of(View(model), machine)["possible_hosts"] == [host.ref, other.ref]
    bound = replace(machine, possible_hosts=(other.ref,))
    assert record_of(View(model), bound)["possible_hosts"] == [other.ref]


def test_what_is_pifds_own_is_not_on_the_wire(engine: EngineInMemory) -> None:
    model, _, interface = with_vm(engine, PowerState.RUNNING)
    assert "released" not in record_of(View(model), interface)
    model, made = with_tunnel(engine, "gre", FAR)
    assert "key" not in record_of(View(model), made)
