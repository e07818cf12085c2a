#!/bin/sh
# boot.sh NAME FOLDER MOUNT_POINT PRIVATE COMMAND...: the first process of a host in its own namespaces.
# FOLDER becomes MOUNT_POINT; each folder of PRIVATE is empty here; then the services, then COMMAND.
set -eu
name=$1 folder=$2 root=$3 private=$4
shift 4

hostname "$name"
mount --bind "$folder" "$root"
mount -t tmpfs -o "size=$(cat "$root/etc/volume"),mode=755" data "$root/data"
for place in $private; do mount -t tmpfs -o mode=1777 tmpfs "$place"; done
mount --bind "$root/log" /var/log
for file in hostname passwd shadow; do
    [ ! -e "/etc/$file" ] || mount --bind "$root/etc/$file" "/etc/$file"
done
mkdir -p /run/sshd /run/lock
chmod 755 /run /run/sshd

cd /
[ -z "${INNER_USER:-}" ] || set -- unshare --user --map-user="$INNER_USER" --map-group="$INNER_GROUP" -- "$@"
exec "$@"
