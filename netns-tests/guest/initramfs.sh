#!/bin/sh
# PID 1 of a guest of qemu's, in its first file system: mounts the host's root, read-only, and goes on there.
set -eu
export PATH=/bin LIBMOUNT_FORCE_MOUNT2=always
mount -n -t proc proc /proc
mount -n -t devtmpfs dev /dev
if [ -n "${TRIAL:-}" ]; then echo o >/proc/sysrq-trigger; fi
modprobe -a virtio_pci virtio_console 9pnet_virtio 9p
mount -n -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 root /root
mount -n --move /dev /root/dev
umount -n /proc
exec switch_root /root /bin/sh "$JOB/init.sh"
