#!/bin/sh
# First stage of the guest's PID 1: from the host's root, which is read-only here, onto an overlay of it.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# Newer programs mount through a newer interface, which can't hand hostfs a path.
export LIBMOUNT_FORCE_MOUNT2=always

JOB=${0%/*} # the folder that guest and host share
. "$JOB/facts"

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

# The host's own folder, writable.
mount_writable() { # FOLDER NUMBER
    case $MOUNT in
    hostfs) mount -t hostfs -o "$1" none "$ROOT$1" ;;
    9p) mount -t 9p -o trans=virtio,version=9p2000.L,cache=mmap,msize=512000 "writable$2" "$ROOT$1" ;;
    esac
}

# Only .venv in it stays the overlay's: Python starts faster from there, and nothing that runs in a guest
# has to change it.
open_for_writing() { # FOLDER NUMBER
    if [ -d "$ROOT$1/.venv" ]; then mount -n --bind "$ROOT$1/.venv" $LAYERS/venv; fi
    mount_writable "$1" "$2"
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
mount_writable "$JOB" 0
number=0
while read -r folder; do
    number=$((number + 1))
    open_for_writing "$folder" $number
done <"$JOB/writable"
cd $ROOT
exec switch_root $ROOT /bin/sh "$JOB/stage2.sh"
