"""BAK02: how old the newest backup file is, and whether its size is what its predecessors lead one to expect.

Ages are by the host's own clock, asked in the same command. A file that is empty deviates by 100 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, forbidden, refusal, sections, stderr, stdout
from orchestrator_plugins.linux.clock import CLOCK_QUOTED, hours_since, read_clock

FILES = (
    "set -- %s %s; export LC_ALL=C; "
    + CLOCK_QUOTED
    + 'ls -ld -- "$1/." >/dev/null && cd -- "$1" || exit 1; echo \'@@@ files\'; '
    "find -L . ! -name . -prune -type f -name \"$2\" -exec stat -L -c '/%%Y %%s %%n' {} +; :"
)
"""A file name can't hold a slash: a line that begins with one is a file, whatever newlines names contain."""

spec = CheckSpec(
    code="BAK02",
    title=Text("备份文件时效与大小", "backup file age and size"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric("files", Text("备份文件数", "backup files"), crit="< 1", source="domain.md 3.9 BAK02"),
        Metric(
            "age_h",
            Text("最新备份距今", "age of the newest"),
            unit="h",
            warn="> 26",
            crit="> 50",
            source="domain.md 3.9 BAK02",
        ),
        Metric(
            "size_deviation_pct",
            Text("大小偏离中位数", "size off the median"),
            unit="%",
            warn="> 30",
            crit="> 60",
            source="domain.md 3.9 BAK02",
        ),
    ),
)

_FILE = re.compile(r"^/(?P<changed>-?\d+) (?P<size>\d+) \./(?P<name>.*)$", re.MULTILINE)


class Parameters(CheckParameters):
    directory: str = Field(min_length=1, pattern=r"^/")
    """Where the backups lie. Its subfolders are not searched."""
    glob: str = Field(default="*", min_length=1, pattern=r"^[^/]+$")
    """Which files are backups of the same thing, such as `his_full_*.dmp`."""
    history: int = Field(default=7, ge=1)
    """How many earlier files the newest is compared with."""


@dataclass(frozen=True, slots=True, order=True)
class _File:
    changed: int
    size: int
    name: str


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(FILES, parameters.directory, parameters.glob)
    said, words = stdout(result), stderr(result)
    if forbidden(words) or (result.rc != 0 and "No such file" not in words):
        raise refusal(result)
    subject = f"{parameters.directory.rstrip('/')}/{parameters.glob}"
    found = [
        _File(int(match["changed"]), int(match["size"]), match["name"]) for match in _FILE.finditer(said)
    ]
    yield Observation("files", len(found), subject, "" if found else excerpt(words.splitlines()))
    if not found:
        return
    newest, *earlier = sorted(found, reverse=True)
    clock = read_clock(sections(said).get("clock", ""), ask.now)
    evidence = f"{newest.name}: {newest.size} bytes"
    hours = hours_since(newest.changed, clock, newest.name)
    yield Observation("age_h", round(hours, 1), subject, evidence)
    sizes = [file.size for file in earlier[: parameters.history]]
    if sizes or newest.size == 0:
        usual = median(sizes or [0])
        evidence = f"{evidence}, median of the {len(sizes)} before: {usual:.0f}"
        yield Observation("size_deviation_pct", _deviation(newest.size, usual), subject, evidence)


def _deviation(size: int, usual: float) -> float:
    if size == 0 or usual == 0:
        return 100.0 if size == 0 or usual != size else 0.0
    return round(100 * abs(size - usual) / usual, 1)
