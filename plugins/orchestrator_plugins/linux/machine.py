"""Whether a machine has hardware of its own."""

from __future__ import annotations

import re

PROBE = (
    "echo '@@@ machine'; systemd-detect-virt 2>/dev/null; cat /sys/class/dmi/id/product_name 2>/dev/null; "
    "grep -o -w -m 1 hypervisor /proc/cpuinfo; "
)
"""Put before a command; its answer is the section `machine`. Three witnesses: old systems lack one or two."""

_VIRTUAL = re.compile(
    r"^(hypervisor|kvm|qemu|amazon|xen|vmware|microsoft|oracle|powervm|zvm|parallels|bhyve|docker|podman|lxc\S*"
    r"|openvz|systemd-nspawn|container-other|wsl"
    r"|.*\bvirtual\b.*|.*\bKVM\b.*|VMware.*|HVM domU|Bochs.*|OpenStack.*)$",
    re.IGNORECASE | re.MULTILINE,
)


def is_virtual(said: str) -> bool:
    """Whether the section `machine` names a virtual machine or a container."""
    return _VIRTUAL.search(said) is not None
