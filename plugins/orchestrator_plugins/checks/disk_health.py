"""LNX15: faults of RAID arrays and disks: Linux software RAID, MegaRAID family controllers, SMART.

The catalogue's pattern `Degraded|Offline|Failed` is not searched in whole outputs: storcli ends each with a
legend that holds these very words. megacli is given -NoLog, without which it writes a file on the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, forbidden, output, sections
from orchestrator_plugins.linux.machine import PROBE, is_virtual

DISKS = (
    'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin:/opt/MegaRAID/storcli:/opt/MegaRAID/perccli'
    ':/opt/MegaRAID/MegaCli"; ' + PROBE + "echo '@@@ md'; cat /proc/mdstat 2>/dev/null; "
    "for t in storcli64 storcli perccli64 perccli; do command -v $t >/dev/null 2>&1 && { "
    "echo '@@@ storcli'; $t /call/vall show; $t /call/eall/sall show; break; }; done; "
    "for t in MegaCli64 megacli MegaCli; do command -v $t >/dev/null 2>&1 && { "
    "echo '@@@ megacli'; $t -LDInfo -Lall -aALL -NoLog; $t -PDList -aALL -NoLog; break; }; done; "
    "command -v smartctl >/dev/null 2>&1 && { echo '@@@ smartctl'; "
    "for d in /dev/sd? /dev/sd?? /dev/nvme?n?; do [ -b $d ] && "
    '{ echo "@@@ smart $d"; smartctl -H $d 2>&1; }; done; }; :'
)

spec = CheckSpec(
    code="LNX15",
    title=Text("RAID 与硬盘", "RAID and disks"),
    layer=Layer.SYSTEM,
    metrics=(Metric("faults", Text("故障数", "faults"), crit="> 0", source="domain.md 3.2 LNX15"),),
    caveat=Text(
        "RAID 控制器与 SMART 未在真实设备上验证",
        "RAID controllers and SMART: not tried on the real thing",
    ),
)

_ARRAY = re.compile(r"^(?P<name>md\S*) : (?P<state>\S+).*\n?(?P<detail>(?:[ \t]+.*\n?)*)", re.MULTILINE)
_VOLUME = re.compile(r"^\s*\d+/\d+\s+RAID\S*\s+(?P<state>\S+)")
_DRIVE = re.compile(r"^\s*\d*:\d+\s+\d+\s+(?P<state>\S+)\s")
_DRIVE_FAULTS = ("Offln", "Failed", "UBad", "UBUnsp", "Missing", "Msng")
_MEGACLI = re.compile(r"^\s*(?:State|Firmware state)\s*:\s*(?P<state>.+)$")
_MEGACLI_FAULT = re.compile(r"degraded|offline|failed|unconfigured\(bad\)|missing", re.IGNORECASE)
_SMART = re.compile(
    r"^(?:SMART overall-health self-assessment test result|SMART Health Status)\s*:\s*(?P<state>.+)$",
    re.MULTILINE,
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    parts = sections(output(ask.run(DISKS)))
    virtual = is_virtual(parts.get("machine", ""))
    raid = [*_software(parts.get("md", "")), *_controller(parts)]
    yield from raid
    hidden: list[str] = []
    if not virtual:
        yield from _drives(parts, hidden)
    controller = any(observation.subject in ("storcli", "megacli") for observation in raid)
    if virtual and not raid:
        raise NotApplicable(Text("虚拟机，没有自己的硬盘", "a virtual machine has no disks of its own"))
    if not virtual and not controller and ("smartctl" not in parts or hidden or not _smart(parts)):
        raise _blind(parts, hidden)


def _software(mdstat: str) -> Iterator[Observation]:
    for array in _ARRAY.finditer(mdstat):
        members = re.search(r"\[[U_]+\]", array["detail"])
        faults = members[0].count("_") if members else 0
        if array["state"] != "active":
            faults += 1
        yield Observation("faults", faults, array["name"], excerpt(array[0].splitlines()))


def _controller(parts: Mapping[str, str]) -> Iterator[Observation]:
    rows = parts.get("storcli", "").splitlines()
    volumes = [(line, match["state"]) for line in rows if (match := _VOLUME.match(line))]
    drives = [(line, match["state"]) for line in rows if (match := _DRIVE.match(line))]
    if volumes or drives:
        bad = [line for line, state in volumes if state != "Optl"]
        bad += [line for line, state in drives if state in _DRIVE_FAULTS]
        yield Observation("faults", len(bad), "storcli", excerpt(bad, last=10))
    states = [line for line in parts.get("megacli", "").splitlines() if _MEGACLI.match(line)]
    if states and not volumes:
        bad = [line for line in states if _MEGACLI_FAULT.search(line)]
        yield Observation("faults", len(bad), "megacli", excerpt(bad, last=10))


def _drives(parts: Mapping[str, str], hidden: list[str]) -> Iterator[Observation]:
    """One observation a disk whose SMART can be read; the names of the others go to `hidden`."""
    for device, said in _smart(parts).items():
        match = _SMART.search(said)
        if match is None:
            hidden.append(device)
            continue
        healthy = match["state"].strip() in ("PASSED", "OK")
        yield Observation("faults", 0 if healthy else 1, device, match[0].strip())


def _smart(parts: Mapping[str, str]) -> Mapping[str, str]:
    return {name.removeprefix("smart "): said for name, said in parts.items() if name.startswith("smart ")}


def _blind(parts: Mapping[str, str], hidden: list[str]) -> CannotTell:
    said = "\n".join(parts.get(f"smart {device}", "") for device in hidden)
    if forbidden(said):
        return CannotTell(
            Text("登录用户没有权限读取 SMART", "the login user is not permitted to read SMART"), _first(said)
        )
    if hidden:
        devices = ", ".join(hidden)
        return CannotTell(
            Text(f"读不到硬盘健康状态：{devices}", f"the health of these disks can't be read: {devices}"),
            _first(said),
        )
    return CannotTell(
        Text(
            "物理机上没有可用的 RAID 工具或 smartctl",
            "this machine has disks of its own, and neither a RAID tool nor smartctl shows them",
        )
    )


def _first(said: str) -> str:
    return excerpt([line for line in said.splitlines() if "fail" in line.lower() or "Permission" in line])
