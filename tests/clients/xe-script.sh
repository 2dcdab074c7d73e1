#!/bin/bash
# A script as users of xe have it: two NICs become a bond with a VLAN, and everything goes again.
set -e

eth1=$(xe pif-list device=eth1 --minimal)
eth2=$(xe pif-list device=eth2 management=false --minimal)
xe pif-plug uuid="$eth1"

echo "# NICs"
xe pif-list physical=true managed=true params=device --minimal
xe pif-list uuid="$eth1" params=device,MAC,management,currently-attached

echo "# a network"
home=$(xe network-create name-label="Bond network" name-description="for two")
xe network-param-set uuid="$home" MTU=9000 other-config:purpose="storage, fast"
xe network-param-add uuid="$home" param-name=tags param-key=red
xe network-param-get uuid="$home" param-name=MTU
xe network-param-get uuid="$home" param-name=other-config param-key=purpose
xe network-list name-label="Bond network" params=name-label,name-description,MTU,tags

echo "# a bond"
bond=$(xe bond-create network-uuid="$home" pif-uuids="$eth1","$eth2" mode=active-backup)
master=$(xe bond-param-get uuid="$bond" param-name=master)
xe bond-list uuid="$bond" params=mode,links-up
for slave in $(xe bond-param-get uuid="$bond" param-name=slaves | tr ';' ' '); do
    xe pif-param-get uuid="$slave" param-name=device
done
[ "$(xe pif-list bond-master-of="$bond" --minimal)" = "$master" ] && echo "its master is found by it"

echo "# a VLAN"
storage=$(xe network-create name-label=storage)
upper=$(xe vlan-create pif-uuid="$master" vlan=42 network-uuid="$storage")
xe pif-list VLAN=42 params=device,VLAN,network-name-label
[ "$(xe vlan-list tag=42 params=untagged-PIF --minimal)" = "$upper" ] && echo "its upper PIF was printed"

echo "# refusals"
for command in "pif-plug uuid=$eth1" "vlan-create pif-uuid=$eth1 vlan=7 network-uuid=$home" pif-plug \
    no-such-command "pif-plug uuid=00000000-0000-0000-0000-000000000000"; do
    xe $command 2>&1 || echo "status $?"
done

echo "# the end"
xe vlan-destroy uuid="$(xe vlan-list tag=42 --minimal)"
xe bond-destroy uuid="$bond"
xe bond-list
xe bond-list --minimal
xe network-destroy uuid="$home"
xe network-list name-label="Bond network" params=all
xe pif-param-get uuid="$eth1" param-name=currently-attached
xe network-destroy uuid="$home"
echo "never reached"
