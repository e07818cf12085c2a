# Boots systemd over the files of this machine in namespaces of its own, and changes none of them.
#   sh trial_machine.sh PLACE SHARE PACKAGES HIERARCHY
# PLACE is an empty folder for what it writes; SHARE is seen as /srv/share in it, PACKAGES as /srv/packages;
# HIERARCHY is a cgroup of version 2, of which it gets one of its own. Its processes end with this one.
set -eu
mkdir "$4"
echo $$ >"$4/cgroup.procs"
exec unshare --fork --kill-child --pid --mount --uts --ipc --net --cgroup --propagation private sh -eu -c '
    place=$1 root=$1/root
    mount -t tmpfs tmpfs "$place"
    mkdir "$place/upper" "$place/work" "$root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$root"
    mkdir -p "$root/srv/share" "$root/srv/packages"
    mount --bind "$2" "$root/srv/share"
    mount --bind "$3" "$root/srv/packages"
    # What belongs to the kernel can be read and not set: it is that of the machine outside.
    mount -t proc proc "$root/proc"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir "$root/dev/pts" "$root/dev/shm"
    while read -r name major minor; do
        mknod -m 666 "$root/dev/$name" c "$major" "$minor"
    done <<DEVICES
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
console 1 3
DEVICES
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    for folder in dev/shm tmp var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"; done
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    cd "$root"
    mkdir -p mnt/outside
    pivot_root . mnt/outside
    umount -l /mnt/outside
    # As systemd finds it on any machine: credentials reach a service by a mount. Nobody outside is a peer of these.
    mount --make-rshared /
    # As a machine on which nothing of ours was ever installed, and which starts nothing by itself.
    rm -rf /opt/wardround /var/lib/wardround /etc/wardround /etc/systemd/system/wardround* /usr/local/bin/wardround
    : >/etc/fstab
    printf "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\n" >/etc/systemd/system/trial.target
    ln -sf trial.target /etc/systemd/system/default.target
    exec env -i container=trial PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set -sys_time,-sys_boot,-sys_module,-sys_rawio,-syslog \
        /lib/systemd/systemd --system --show-status=false
' sh "$1" "$2" "$3"
