"""The backup server's dumps: a week of nights for each database, as dump files and a job log."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

_NIGHTS = 7
_HOUR, _MINUTE = 1, 30
_SIZES = {"his": 1_610_612_736, "lis": 402_653_184, "emr": 805_306_368}
_SHRUNK = 0.35


def write_backups(folder: Path, now: datetime, stale: str | None, shrunk: str | None) -> None:
    """Write the dumps as of `now`. The files are sparse: full size, no disk.

    Args:
        stale: the database whose backups ended three nights ago.
        shrunk: the database whose last dump is much smaller than those before.
    """
    for name, size in _SIZES.items():
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        for old in target.iterdir():
            old.unlink()
        lines = []
        for age in reversed(range(_NIGHTS)):
            night = _night(now, age)
            if name == stale and age < 3:
                lines.append(_job(night, name, "FAILED", "no space left on backup volume"))
                continue
            # Nights differ a little, as real ones do; the same night is the same size each time.
            bytes_ = int(size * (1 + (night.toordinal() % 7) / 100))
            if name == shrunk and age == 0:
                bytes_ = int(bytes_ * _SHRUNK)
            dump = target / f"{name}_{night:%Y%m%d}.dump"
            dump.touch()
            os.truncate(dump, bytes_)
            os.utime(dump, (night.timestamp(), night.timestamp()))
            lines.append(_job(night, name, "SUCCESS", dump.name))
        log = folder / f"{name}.log"
        log.write_text("".join(lines), encoding="utf-8")
        os.utime(log, (_night(now, 0).timestamp(), _night(now, 0).timestamp()))


def _night(now: datetime, age: int) -> datetime:
    """The end of the nightly job, `age` nights before the last."""
    last = now.replace(hour=_HOUR, minute=_MINUTE, second=0, microsecond=0)
    if last > now:
        last -= timedelta(days=1)
    return last - timedelta(days=age)


def _job(night: datetime, name: str, status: str, detail: str) -> str:
    return f"{night:%Y-%m-%d %H:%M:%S} backup {name} {status} {detail}\n"
