#!/bin/bash
# shellcheck disable=SC2154
#
# The first process inside each simulated host. The kernel passes name, ip, role, lab (a directory both sides see),
# here (this directory) and python as environment. The host's own file system is the root; what is written in here goes
# into memory or the lab directory, nothing else.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
hostname "$name"
ip link set lo up
ip addr add "$ip/24" dev eth0
ip link set eth0 up

module() { modprobe -d "$lab/modules" -S "$(uname -r)" "$1"; }

if [ "$role" = server ]; then
  # The disk holds the export and what the server must remember of its clients across a crash.
  mkdir -p /run/disk
  mount -t ext4 /dev/ubda /run/disk
  mkdir -p /run/disk/export /run/disk/state/{sm,sm.bak,v4recovery,rpc_pipefs,nfsdcld}
  touch /run/disk/state/{rmtab,etab,xtab,state}
  mount --bind /run/disk/state /var/lib/nfs
  module nfsd
  mount -t rpc_pipefs rpc /var/lib/nfs/rpc_pipefs
  mount -t nfsd nfsd /proc/fs/nfsd
  nfsdcld
  rpcbind -w
  echo "/run/disk/export 10.99.0.0/24(rw,sync,no_root_squash,no_subtree_check,fsid=0,insecure)" > /run/exports
  mount --bind /run/exports /etc/exports
  exportfs -ra
  rpc.mountd
  # Watching begins before anything can happen.
  "$python" -ESI "$here/agent.py" "$lab" "$name" &
  until [ -e "$lab/hosts/$name/watching" ]; do sleep 0.05; done
  rpc.nfsd --grace-time "$grace" --lease-time "$grace" 4
else
  mkdir -p /run/state
  mount --bind /run/state /var/lib/nfs
  mkdir -p /var/lib/nfs/rpc_pipefs
  module nfsv4
  module nfsv3
  mount -t rpc_pipefs rpc /var/lib/nfs/rpc_pipefs
  "$python" -ESI "$here/agent.py" "$lab" "$name" &
fi
touch "$lab/hosts/$name/up"
while :; do wait; sleep 1; done
