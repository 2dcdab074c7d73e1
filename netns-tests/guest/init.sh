#!/bin/sh
# First stage of the guest's PID 1: from the host's root, which is read-only here, onto an overlay of it.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# Whatever fails, the guest ends: PID 1 may never wait for somebody to type.
trap 'echo "init.sh: failed" >&2; echo o >/proc/sysrq-trigger; sleep 5' EXIT

LAYERS=/mnt # any folder that exists everywhere; what the host has in it comes back with the overlay
ROOT=$LAYERS/root

make_overlay() {
    mount -t tmpfs -o mode=755 tmpfs $LAYERS
    mkdir $LAYERS/upper $LAYERS/work $LAYERS/venv $ROOT
    load_overlay_module
    mount -t overlay -o lowerdir=/,upperdir=$LAYERS/upper,workdir=$LAYERS/work overlay $ROOT
}

# modprobe looks for DIR/lib/modules/RELEASE, the guest's modules lie elsewhere.
load_overlay_module() {
    if grep -qw overlay /proc/filesystems; then return; fi
    mkdir -p $LAYERS/modules/lib
    ln -s "$MODULES" $LAYERS/modules/lib/modules
    modprobe -d $LAYERS/modules overlay
}

# A hostfs mount is the host's own folder, writable. Only .venv in it stays the overlay's:
# Python starts faster from there, and nothing that runs in a guest has to change it.
open_for_writing() {
    if [ -d "$ROOT$1/.venv" ]; then mount -n --bind "$ROOT$1/.venv" $LAYERS/venv; fi
    mount -t hostfs -o "$1" none "$ROOT$1"
    if [ -d "$ROOT$1/.venv" ]; then mount -n --move $LAYERS/venv "$ROOT$1/.venv"; fi
}

mount_the_kernels_own() {
    mount -n --move /dev $ROOT/dev
    mount -t proc proc $ROOT/proc
    mount -t sysfs sysfs $ROOT/sys
    mount -t tmpfs -o mode=755 tmpfs $ROOT/run
    mount -t cgroup2 cgroup2 $ROOT/sys/fs/cgroup
    mkdir -p $ROOT/dev/pts $ROOT/dev/shm
    mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts $ROOT/dev/pts
    mount -t tmpfs -o mode=1777 tmpfs $ROOT/dev/shm
}

mount -t proc proc /proc
make_overlay
mkdir -p $ROOT/lib/modules
mount -n --bind "$MODULES" $ROOT/lib/modules
mount_the_kernels_own
mkdir -p "$ROOT$JOB"
while read -r folder; do open_for_writing "$folder"; done <"$JOB/writable"
mount -t hostfs -o "$JOB" none "$ROOT$JOB"
cd $ROOT
exec switch_root $ROOT /bin/sh "$JOB/stage2.sh"
