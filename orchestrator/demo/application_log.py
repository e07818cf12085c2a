"""The application servers' logs: two hours of an ordinary morning, with or without a burst of errors."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

_ORDINARY = (
    "INFO  [http-nio-8080] request /registration/slots 200 {ms}ms",
    "INFO  [http-nio-8080] request /charge/settle 200 {ms}ms",
    "INFO  [scheduler-1] heartbeat sent to integration platform",
    "INFO  [http-nio-8080] request /order/list 200 {ms}ms",
)
_BURST = 48


def write_log(file: Path, now: datetime, *, burst: bool) -> None:
    """Rewrite `file` as of `now`. The burst lies in the last five minutes; one line of it holds numbers
    that must not reach a report: made up, but their check digits are right, as masking asks."""
    lines = [_line(now - timedelta(seconds=60 * age), _ordinary(age)) for age in reversed(range(6, 120))]
    if burst:
        lines += [_line(now - timedelta(seconds=4 * age), _error(age)) for age in reversed(range(_BURST))]
    lines.append(_line(now, _ordinary(0)))
    file.write_text("".join(lines), encoding="utf-8")


def _line(moment: datetime, text: str) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} {text}\n"


def _ordinary(age: int) -> str:
    return _ORDINARY[age % len(_ORDINARY)].format(ms=20 + age * 7 % 60)


def _error(age: int) -> str:
    if age == 1:  # among the last lines, which are the evidence
        return (
            "ERROR [http-nio-8080] settlement failed: name=测试甲 phone=13800000000 "
            "idcard=110101190001010006 code=5203"
        )
    waited = 30_000 + age
    return f"ERROR [http-nio-8080] java.sql.SQLTransientConnectionException: pool timed out after {waited}ms"
