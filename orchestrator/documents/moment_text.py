"""How documents write dates, times of the day and spans of time, and what is no date at all."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated

from pydantic import Field, PlainValidator
from pydantic_core import PydanticKnownError

from orchestrator.documents.findings import shown
from orchestrator.documents.validation import refuse
from orchestrator.language import Text

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LEAP_YEAR = 2024


def _read_day(value: object) -> date:
    text = _text(value)
    if parts := _DAY.fullmatch(text):
        try:
            return date(*map(int, parts.groups()))
        except ValueError:
            pass
    raise refuse(
        "impossible-date",
        Text(f"没有“{shown(text)}”这一天", f"there is no day '{shown(text)}'"),
        Text('写成 "2026-10-01"', 'write it as "2026-10-01"'),
    )


def _read_month_day(value: object) -> tuple[int, int]:
    text = _text(value)
    if parts := _MONTH_DAY.fullmatch(text):
        try:
            day = date(_LEAP_YEAR, *map(int, parts.groups()))
        except ValueError:
            pass
        else:
            return day.month, day.day
    raise refuse(
        "impossible-date",
        Text(f"没有“{shown(text)}”这一天", f"there is no day '{shown(text)}'"),
        Text('月与日写成 "12-31"', 'write month and day as "12-31"'),
    )


def _read_clock(value: object) -> time:
    text = _text(value)
    if parts := _CLOCK.fullmatch(text):
        try:
            return time(int(parts[1]), int(parts[2]))
        except ValueError:
            pass
    raise refuse(
        "impossible-time",
        Text(f"没有“{shown(text)}”这个时刻", f"there is no time '{shown(text)}'"),
        Text('从 "00:00" 到 "23:59"', 'from "00:00" to "23:59"'),
    )


def _read_span(value: object) -> timedelta:
    # Quoting a bare number would not make it a span: the unit is what is missing.
    text = str(value) if isinstance(value, int) else _text(value)
    if parts := _SPAN.fullmatch(text):
        return timedelta(**{_UNITS[parts[2]]: int(parts[1])})
    raise refuse(
        "invalid-value",
        Text(f"“{shown(text)}”不是时长", f"'{shown(text)}' is no span of time"),
        Text("写成 90s、15m、2h 或 1d", "write it as 90s, 15m, 2h or 1d"),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    return value


def _written(pattern: re.Pattern[str]) -> object:
    return Annotated[str, Field(pattern=f"^{pattern.pattern}$")]


Day = Annotated[date, PlainValidator(_read_day, json_schema_input_type=_written(_DAY))]
MonthDay = Annotated[
    tuple[int, int], PlainValidator(_read_month_day, json_schema_input_type=_written(_MONTH_DAY))
]
Clock = Annotated[time, PlainValidator(_read_clock, json_schema_input_type=_written(_CLOCK))]
Span = Annotated[timedelta, PlainValidator(_read_span, json_schema_input_type=_written(_SPAN))]
