"""MYS08: how old the newest complete physical backup (xtrabackup, mariabackup) is.

A backup counts once its information file is there: both programs write that last. Ages are by the host's own
clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import output, sections
from orchestrator_plugins.linux.clock import CLOCK_QUOTED, hours_since, read_clock

BACKUPS = (
    "set -- %s; export LC_ALL=C; " + CLOCK_QUOTED + "cd -- \"$1\" || exit 1; echo '@@@ files'; "
    "find -L . \\( -name xtrabackup_info -o -name mariadb_backup_info \\) -type f "
    "-exec stat -L -c '/%%Y %%n' {} +"
)

spec = CheckSpec(
    code="MYS08",
    title=Text("MySQL/MariaDB 物理备份时效", "MySQL/MariaDB physical backup age"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "age_h",
            Text("最新备份距今", "age of the newest"),
            unit="h",
            warn="> 26",
            crit="> 50",
            source="domain.md 3.6 MYS08",
        ),
        Metric("backups", Text("完整备份数", "complete backups"), crit="< 1", source="domain.md 3.6 MYS08"),
    ),
    caveat=Text(
        "在真实 MariaDB 10.11 上实测；MySQL 未在真实环境验证",
        "tried on MariaDB 10.11; MySQL was not tried on the real thing",
    ),
)

_FILE = re.compile(r"^/(?P<at>-?\d+) \./(?P<name>.*)$", re.MULTILINE)


class Parameters(CheckParameters):
    directory: str = Field(min_length=1, pattern=r"^/")
    """The folder beneath which each backup has a folder."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    parts = sections(output(ask.run(BACKUPS, parameters.directory)))
    found = sorted((int(match["at"]), match["name"]) for match in _FILE.finditer(parts.get("files", "")))
    yield Observation("backups", len(found), parameters.directory)
    if not found:
        return
    at, name = found[-1]
    hours = hours_since(at, read_clock(parts.get("clock", ""), ask.now), name)
    yield Observation("age_h", round(hours, 1), parameters.directory, name)
