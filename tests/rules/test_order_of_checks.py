"""In which order calls refuse: each call has the wrongs of those after it, and XenAPI's first one wins.

The calls with more to check have such a test beside their others.
"""

from dataclasses import replace
from typing import Any

from agent.model.facts import NIC, Facts
from agent.model.records import VIF
from agent.rules import network, pif, vif, vlan, vm
from tests.worlds.uppers import UNKNOWN, only, refused, with_tunnel, with_VIF, with_VLAN, with_vm
from tests.worlds.world import bonded, host, host_of, mac, pif_of, static, taken_over, with_pif, with_record

MODEL = with_pif(taken_over(host()), "eth1", ip_configuration=static("198.51.100.2/24"))
HOST, ETH1 = host_of(MODEL).ref, pif_of(MODEL, "eth1")


def codes(rule: Any, *calls: tuple[Any, ...], **more: Any) -> list[str]:
    """The code of each refusal."""
    return [refused(rule, *call, **more)[0].code for call in calls]


def test_network_create() -> None:
    def record(bridge: str, MTU: int) -> dict[str, Any]:
        return {"bridge": bridge, "MTU": MTU, "other_config": {"static-routes": "junk"}}

    model = network.create(MODEL, {"bridge": "mine"}).after
    found = codes(network.create, (model, record("eth7", 5)), (model, record("mine", 5)))
    assert found == ["INVALID_VALUE", "BRIDGE_NAME_EXISTS"]
    assert refused(network.create, model, record("eth7", 5))[1] == ("bridge", "eth7")
    assert refused(network.create, model, record("other", 5))[1] == ("MTU", "5")
    assert refused(network.create, model, record("other", 1500))[1][0] == "other_config"


def test_PIF_introduce() -> None:
    facts = Facts(nics=(NIC(device="eth1", MAC=mac(2), MTU=1500),))
    calls = (
        (MODEL, UNKNOWN, "junk", "eth1"),
        (MODEL, HOST, "junk", "eth1"),
        (MODEL, HOST, mac(9), "eth1"),
        (MODEL, HOST, mac(9), "eth7"),
    )
    assert codes(pif.introduce, *calls, facts=facts) == [
        "HANDLE_INVALID",
        "MAC_INVALID",
        "DUPLICATE_PIF_DEVICE_NAME",
        "COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS",
    ]


def test_PIF_forget() -> None:
    model = bonded(MODEL, "eth1")
    model, _ = with_VLAN(model, pif_of(model, "bond0"), 5)
    both, vlan_there = with_VLAN(with_tunnel(MODEL, ETH1)[0], ETH1, 5)
    tunneled, _ = with_tunnel(with_pif(MODEL, "eth1", physical=False), ETH1)
    managing = with_pif(model, "bond0", management=True)
    assert codes(
        pif.forget,
        (managing, pif_of(managing, "bond0").ref),
        (model, pif_of(model, "bond0").ref),
        (both, vlan_there.tagged_PIF),
        (tunneled, ETH1.ref),
    ) == [
        "PIF_IS_MANAGEMENT_INTERFACE",
        "PIF_ALREADY_BONDED",
        "PIF_VLAN_STILL_EXISTS",
        "PIF_TUNNEL_STILL_EXISTS",
    ]


def test_PIF_create_VLAN() -> None:
    calls = (
        ("eth7", UNKNOWN, UNKNOWN, 5000),
        ("eth7", UNKNOWN, HOST, 5000),
        ("eth1", UNKNOWN, HOST, 5000),
        ("eth1", ETH1.network, HOST, 5000),
    )
    assert codes(vlan.create_vlan, *((MODEL, *call) for call in calls)) == [
        "HANDLE_INVALID",
        "INVALID_VALUE",
        "HANDLE_INVALID",
        "NETWORK_ALREADY_CONNECTED",
    ]
    assert refused(vlan.create_vlan, MODEL, *calls[0])[1] == ("host", UNKNOWN)
    assert refused(vlan.create_vlan, MODEL, *calls[2])[1] == ("network", UNKNOWN)


def test_VLAN_destroy() -> None:
    """It unplugs the upper PIF, by the checks of PIF.unplug."""
    model, made = with_VLAN(MODEL, ETH1, 5)
    upper = model.get(made.untagged_PIF)
    model = with_VIF(*with_vm(model), upper.network)
    model = vm.start(model, model.get(only(model, VIF).VM).ref).after
    found: list[str] = []
    wrong: tuple[dict[str, Any], ...] = (
        {"management": True, "disallow_unplug": True},
        {"disallow_unplug": True},
    )
    for wrongs in wrong:
        found += codes(vlan.destroy, (with_record(model, replace(upper, **wrongs)), made.ref))
    assert found == ["PIF_IS_MANAGEMENT_INTERFACE", "VIF_IN_USE"]


def test_VIF_create() -> None:
    model, owner = with_vm(MODEL)
    model = with_VIF(model, owner, ETH1.network)

    def record(device: str, MAC: str, **more: Any) -> dict[str, Any]:
        return {"VM": owner.ref, "network": ETH1.network, "device": device, "MAC": MAC, "MTU": 9000, **more}

    calls = (
        record("-1", "junk", VM=UNKNOWN),
        record("-1", "junk"),
        record("0", "junk"),
        record("0", ""),
        record("1", ""),
    )
    assert codes(vif.create, *((model, call) for call in calls)) == [
        "HANDLE_INVALID",
        "INVALID_DEVICE",
        "MAC_INVALID",
        "DEVICE_ALREADY_EXISTS",
        "INVALID_VALUE",
    ]


def test_VIF_plug_and_unplug() -> None:
    """The VM's state counts before the VIF's."""
    model = with_VIF(*with_vm(MODEL), ETH1.network)
    port = only(model, VIF)
    running = vm.start(model, port.VM).after
    assert codes(vif.plug, (vm.pause(running, port.VM).after, port.ref), (running, port.ref)) == [
        "VM_BAD_POWER_STATE",
        "DEVICE_ALREADY_ATTACHED",
    ]
    out = vif.unplug(running, port.ref).after
    assert codes(vif.unplug, (model, port.ref), (out, port.ref)) == [
        "VM_BAD_POWER_STATE",
        "DEVICE_ALREADY_DETACHED",
    ]
