#!/bin/bash
# A machine: a view of this host's files of its own, in which nothing that is written reaches the host, processes of its own, and a real sshd.
# Run in a mount namespace of its own. Each line of stdin is the id of a boot: the machine is started, or started again. It ends with stdin.
# usage: machine.sh FOLDER; in it: image (files of the machine), disk and root (empty)
set -euo pipefail
folder=$1
root=$folder/root

mount -t tmpfs tmpfs "$folder/disk"
mkdir "$folder/disk/written" "$folder/disk/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/disk/written,workdir=$folder/disk/work" "$root"
mount --rbind /dev "$root/dev"
cp -r "$folder/image/." "$root/"
chroot "$root" useradd --create-home --shell /bin/bash --password '*' ubuntu
chmod 0440 "$root/etc/sudoers.d/90-ubuntu"
chmod 0600 "$root"/etc/ssh/machine_key
chroot "$root" ldconfig

# Mounts what a boot begins empty, and becomes sshd.
boot='
  mount -t proc proc "$1/proc"
  mount -t tmpfs tmpfs "$1/run"
  mount -t tmpfs tmpfs "$1/tmp"
  chmod 1777 "$1/tmp"
  mkdir "$1/run/sshd"
  printf "%s\n" "$2" > "$1/run/boot_id"
  mount --bind "$1/run/boot_id" "$1/proc/sys/kernel/random/boot_id"
  exec chroot "$1" /usr/sbin/sshd -D -e -f /etc/ssh/machine_config'
running=
off() {
  [ -z "$running" ] && return
  kill -KILL "$running" 2>/dev/null || true
  wait "$running" 2>/dev/null || true
}
while read -r boot_id; do
  off
  unshare --mount --pid --fork --kill-child=KILL bash -ec "$boot" - "$root" "$boot_id" </dev/null &
  running=$!
done
off
