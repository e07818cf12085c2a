"""The twenty commands that every contender runs on every host."""

from __future__ import annotations

CHECKS = (
    ("load", "cat /proc/loadavg; nproc"),
    ("cpu", "head -n 1 /proc/stat"),
    ("memory", "awk '/MemTotal|MemAvailable/{print $2}' /proc/meminfo"),
    ("swap", "awk '/SwapTotal|SwapFree/{print $2}' /proc/meminfo"),
    ("filesystems", "df -PT -x tmpfs -x devtmpfs -x squashfs"),
    ("inodes", "df -Pi -x tmpfs -x devtmpfs"),
    ("readonly", "awk '$4 ~ /(^|,)ro(,|$)/ && $3 ~ /ext4|xfs/{print $2}' /proc/mounts"),
    ("disks", "cat /proc/diskstats"),
    ("processes", "ps -A -o pid= | wc -l"),
    ("ports", "ss -lntH | wc -l"),
    ("files", "cat /proc/sys/fs/file-nr"),
    ("uptime", "cat /proc/uptime"),
    ("boot", "who -b"),
    ("kernel", "uname -a"),
    ("release", "cat /etc/os-release"),
    ("clock", "date +%s"),
    ("user", "id"),
    ("passwd", "stat -c '%Y %s' /etc/passwd"),
    ("accounts", "grep -c . /etc/passwd"),
    ("hostname", "hostname"),
)


def script() -> str:
    """All of them as one shell script."""
    return "".join(f"{command}\n" for _, command in CHECKS)
