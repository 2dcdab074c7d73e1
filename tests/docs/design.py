"""The design for bonds, shortened, and `@design("create", 8)`, the mark of a test that proves a step of it.

"Bonding Improvements", revision 1, says what Bond.create, Bond.destroy, bond slaves and a start are to do.
docs/behaviour.md is made of this and of the marks (tests.docs.behaviour).
"""

from collections.abc import Mapping, Sequence

import pytest

design = pytest.mark.design

DESIGN: Mapping[str, tuple[str, Mapping[int, str]]] = {
    "creating": (
        "Creating a bond: a user's steps",
        {
            1: "Create a Network to be used by the bond.",
            2: "Call `Bond.create` with this Network, the slaves and a MAC. The bond will be plugged if one of the slaves was.",
        },
    ),
    "VIF-to-move": (
        "VIF-to-move",
        {
            1: "Its VM is running, suspended or paused on the host,",
            2: "or halted, and the host is the only one that it can be started on.",
        },
    ),
    "create": (
        "Bond.create",
        {
            1: "Remove duplicates in the list of slaves.",
            2: "Validate, and raise an exception: slaves are not in a bond already, are no VLAN masters, are no tunnel access PIFs, are on the same host; the Network has no PIF on that host; the MAC is valid.",
            3: "Try unplugging all attached VIFs that need to be moved. Roll back and raise if one cannot be, e.g. due to the absence of PV drivers.",
            4: "The primary slave is the management PIF, or the first slave with IP configuration.",
            5: "Create the master, on device `bond<x>`, *x* the smallest unused. It has the primary slave's MAC if none was given, the primary slave's IP configuration, and `disallow_unplug` if any slave has.",
            6: "Create the Bond, which refers to the master; the master's `master_of` is computed; and `primary_slave` is written.",
            7: "Set the slaves' `bond_slave_of`; `Bond.slaves` is computed.",
            8: "Move VLANs, plus the VIFs-to-move on them, to the master. Of different tags, all move with their Networks; no VIF needs to. Of the same tag, only one is on the master. The VIFs-to-move on the remaining join its Network.",
            9: "Move tunnels to the master, with their Networks. Tunnel keys are different for all tunnel networks.",
            10: "Move VIFs-to-move on the slaves to the master.",
            11: "Management moves from a slave to the master, which is plugged. Else plug the master if any of the slaves was plugged. In both cases, the slaves are unplugged.",
            12: "Reset the slaves' IP configuration, and set their `disallow_unplug` to false.",
        },
    ),
    "destroying": (
        "Destroying a bond: a user's steps",
        {
            1: "Call `Bond.destroy` with a ref to the Bond.",
            2: "If desired, move what is on the former primary slave to other PIFs.",
        },
    ),
    "destroy": (
        "Bond.destroy",
        {
            1: "Try unplugging all attached VIFs that need to be moved. Roll back and raise if one cannot be, e.g. without PV drivers.",
            2: "Copy the master's IP configuration to the primary slave.",
            3: "Move VLANs, with their Networks, to it.",
            4: "Move tunnels, with their Networks, to it.",
            5: "Move VIFs-to-move on the master to it.",
            6: "Management moves from the master to it, and it is plugged.",
            7: "If the master was plugged, plug the primary slave. The underlying devices of the bond are cleaned up.",
            8: "`disallow_unplug` is copied from the master to it.",
            9: "Remove the Bond and master PIF objects.",
        },
    ),
    "slaves": (
        "Bond slaves",
        {
            1: "Plugging one raises `CANNOT_PLUG_BOND_SLAVE`.",
            2: "So does making one the management interface.",
            3: "A VIF can still be on the Network of one. Its VM cannot start on a host where a slave would have to be plugged. Nor can such a VIF be hot-plugged.",
            4: "A VLAN on one raises `CANNOT_ADD_VLAN_TO_BOND_SLAVE`.",
            5: "A tunnel on one raises `CANNOT_ADD_TUNNEL_TO_BOND_SLAVE`.",
        },
    ),
    "start": (
        "Start-up",
        {
            2: "Before anything is recreated, violations of the rules are rectified, by moving VIFs, VLANs, tunnels or management up to bonds.",
        },
    ),
    "pifctl": (
        "The command line",
        {
            1: "`bond-create` matches its call,",
            2: "`bond-destroy` its,",
            3: "`pif-plug` its,",
            4: "and `host-management-reconfigure` its.",
        },
    ),
    "manual": (
        "Manual tests",
        {
            1: "Create a bond without VIFs, VLANs, management; with management on one; with a VLAN on one; with two VLANs of the same tag on two; with a VIF of a halted VM on one; with a VIF of a running VM, with PV drivers and without.",
            2: "Destroy a bond without VIFs, VLANs, management; with management on it; with a VLAN on it; with a VIF of a halted VM on it; with a VIF of a running VM, with PV drivers and without.",
            4: "Restart on a host whose configuration has become illegal.",
        },
    ),
}
"""By part of the design its title there, and its sentences, shortened, by their numbers."""

PLAYED: Mapping[str, Sequence[str]] = {
    "create, with nothing on the interfaces": (
        "creating 2",
        "manual 1",
    ),
    "create, with a VIF of a running VM without PV drivers on an interface": (
        "create 3",
        "manual 1",
    ),
    "create, with management on an interface": (
        "create 6",
        "manual 1",
    ),
    "create, with a VLAN on an interface": (
        "create 8",
        "manual 1",
    ),
    "create, with VLANs of the same tag on both interfaces": (
        "create 8",
        "manual 1",
    ),
    "create, with a gre tunnel on an interface": ("create 9",),
    "create, with a vxlan tunnel on an interface": ("create 9",),
    "destroy, with a VIF of a running VM without PV drivers on it": (
        "destroy 1",
        "manual 2",
    ),
    "destroy, with a VLAN on it": (
        "destroy 3",
        "manual 2",
    ),
    "destroy, with a gre tunnel on it": ("destroy 4",),
    "destroy, with a vxlan tunnel on it": ("destroy 4",),
    "destroy, with nothing on it": (
        "destroy 7",
        "manual 2",
    ),
    "create, with a VIF of a halted VM on an interface": ("manual 1",),
    "create, with a VIF of a running VM with PV drivers on each interface": ("manual 1",),
    "destroy, with management on it": ("manual 2",),
    "destroy, with a VIF of a halted VM on it": ("manual 2",),
    "destroy, with a VIF of a running VM with PV drivers on it": ("manual 2",),
    "restart, with everything on the slaves of a bond": ("manual 4",),
}
"""By row of tests/scenarios/table.py, which is played on a fake and on a real kernel, the steps that it proves."""
