"""The cabling itself: a frame stays on its segment, so that an answer proves the tag that it came with."""

from network.cabling import SEGMENTS, Cabling, cabling, teach_tags
from network.machines import far_host, gre, machine, plug_in, vxlan
from network.traffic import Tap, answers

VM_MAC = "02:00:00:00:01:01"
SOON = 1.0
"""Seconds of patience where no answer is expected."""


def bridged(net: Cabling, uplink: str) -> str:
    """Commands that make a bridge of the VM's device and an uplink of the host's."""
    return (
        f"link add br0 type bridge\nlink set br0 up\nlink set {uplink} up master br0\n"
        "link set vif1.0 up master br0\n"
    )


def test_a_vm_talks_to_the_machine_of_its_own_segment_alone_and_its_frames_have_the_tag() -> None:
    with cabling() as net, machine(net, "vm") as vm, Tap(net.switch, "port1") as port:
        teach_tags(net, 2)
        plug_in(net, "vif1.0", vm, VM_MAC, f"{SEGMENTS[10]}.51/24")
        net.batch(net.host, "link add link eth1 name eth1.10 type vlan id 10\n" + bridged(net, "eth1.10"))
        assert answers(vm, f"{SEGMENTS[10]}.1")
        assert {frame.tag for frame in port.frames() if frame.source == VM_MAC} == {10}
        net.batch(net.host, "link del eth1.10\nlink set eth1 master br0\n")
        assert not answers(vm, f"{SEGMENTS[10]}.1", SOON)


def test_a_vm_talks_to_a_far_host_through_gre_and_through_vxlan() -> None:
    with cabling() as net, machine(net, "vm") as vm, far_host(net, 2) as far:
        plug_in(net, "vif1.0", vm, VM_MAC, "10.77.0.51/24")
        local, remote = "192.0.2.10", far.address
        gre(net, far, "gre", 7, local, "10.77.0.1/24")
        net.ip(net.host, *f"link add t0 type gretap key 7 local {local} remote {remote} nopmtudisc".split())
        net.batch(net.host, bridged(net, "t0"))
        assert answers(vm, "10.77.0.1")
        net.batch(far.namespace, "link del gre\n")
        assert not answers(vm, "10.77.0.1", SOON)
        vxlan(net, far, "vxlan", 8, local, "10.77.0.2/24")
        net.batch(
            net.host,
            f"link del t0\nlink add t0 type vxlan id 8 local {local} remote {remote} dstport 4789\n"
            "link set t0 up master br0\n",
        )
        assert answers(vm, "10.77.0.2")
