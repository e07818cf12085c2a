"""LNX14: storage paths and bonded network links that are down while everything still works.

Whether the host has multipath maps at all is read from /sys, which needs no privilege; `multipath -ll`, which
does, is asked only then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import SBIN, excerpt, output, sections

PATHS = (
    f"export LC_ALL=C {SBIN}; for f in /proc/net/bonding/*; do "
    '[ -f "$f" ] && { echo "@@@ bond ${f##*/}"; cat "$f"; }; done; '
    "grep -q '^mpath-' /sys/block/dm-*/dm/uuid 2>/dev/null && "
    "{ echo '@@@ multipath'; multipath -ll 2>&1; }; :"
)

spec = CheckSpec(
    code="LNX14",
    title=Text("多路径与链路聚合", "multipath and bonding"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "failed_paths", Text("失效的存储路径", "failed paths"), crit="> 0", source="domain.md 3.2 LNX14"
        ),
        Metric("links_down", Text("断开的链路", "links down"), crit="> 0", source="domain.md 3.2 LNX14"),
    ),
    caveat=Text(
        "多路径与链路聚合未在真实设备上验证",
        "multipath and bonding: not tried on the real thing",
    ),
)

_MAP = re.compile(r"^(?P<name>[\w.-]+)(?: \(\S+\))? +dm-\d+\b")
_PATH = re.compile(r"[\d#]+:[\d#]+:[\d#]+:[\d#]+ +(?P<device>\S+) +\S+ +(?P<state>.+)$")
_FAILED = re.compile(r"\b(failed|faulty|offline)\b")


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    parts = sections(output(ask.run(PATHS)))
    bonds = {name.removeprefix("bond "): said for name, said in parts.items() if name.startswith("bond ")}
    if not bonds and "multipath" not in parts:
        raise NotApplicable(Text("既无多路径也无链路聚合", "there is neither multipath nor bonding"))
    for name, said in bonds.items():
        yield _bond(name, said)
    if "multipath" in parts:
        yield from _maps(parts["multipath"])


def _bond(name: str, said: str) -> Observation:
    down, subject = [], name
    for line in said.splitlines():
        if line.startswith("Slave Interface:"):
            subject = line.split(":", 1)[1].strip()
        if line.startswith("MII Status:") and line.split(":", 1)[1].strip() != "up":
            down.append(f"{subject}: {line.strip()}")
    return Observation("links_down", len(down), name, excerpt(down))


def _maps(said: str) -> Iterator[Observation]:
    maps: dict[str, list[str]] = {}
    paths: list[str] = []
    for line in said.splitlines():
        header = _MAP.match(line)
        if header is not None:
            paths = maps.setdefault(header["name"], [])
        elif _PATH.search(line):
            paths.append(line)
    if not maps:
        raise CannotTell(
            Text(
                "有多路径设备，但 multipath 没有给出状态",
                "there are multipath maps, and multipath does not show them",
            ),
            excerpt(said.splitlines()),
        )
    for name, lines in maps.items():
        failed = [line for line in lines if _FAILED.search(line)] if lines else ["no path left"]
        yield Observation("failed_paths", len(failed), name, excerpt(failed))
