"""The manual tests of the design as a table: what a host has, one call, and what it has then.

eth0 is the management interface, eth1 and eth2 are free; all three are plugged into the same switch.  Where
a VM shall be asked nothing, it has no PV drivers and would refuse.
"""

from tests.scenarios_of_collision import COLLISIONS
from tests.scenarios_of_create import CREATE
from tests.scenarios_of_destroy import DESTROYED, RESTART
from tests.scenarios_of_tunnels import TUNNELS

TABLE = (*CREATE, *COLLISIONS, *DESTROYED, *TUNNELS, *RESTART)
