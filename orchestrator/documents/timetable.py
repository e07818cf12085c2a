"""Reads `timetable.yml`: which runbooks run by themselves, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Strict, Tag

from orchestrator.documents.findings import Findings, did_you_mean, shown
from orchestrator.documents.moment_text import Clock, Day, MonthDay, Span
from orchestrator.documents.node import Node, ScalarNode, child, items
from orchestrator.documents.site import TimeZone
from orchestrator.documents.validation import DASHED, ONE_LINE, refuse, validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.timetable import (
    Clocks,
    Days,
    DayWord,
    Every,
    Missed,
    MonthDays,
    Overlap,
    Schedule,
    Timetable,
    Weekday,
    YearDates,
)

Item = TypeVar("Item")

_WHOLE_DAY = timedelta(days=1)
_SHORTEST = timedelta(minutes=1)


def _form(value: object) -> str:
    return "list" if isinstance(value, list) else "word"


def _some(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Pydantic's own lower bound counts sound items alone: an item that is wrong would be a second error."""
    if not items:
        raise refuse("invalid-value", Text("至少要有 1 项", "needs at least 1 item"))
    return items


def _two(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if len(items) != 2:
        raise refuse("invalid-value", Text("要写起、止两个时刻", "needs two times: first and last"))
    return items


_Name = Annotated[str, Field(min_length=1, max_length=60, pattern=DASHED)]
_Line = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
_Clocks = Annotated[tuple[Clock, ...], Field(max_length=48), AfterValidator(_some)]
_Weekdays = Annotated[tuple[Weekday, ...], Field(max_length=7), AfterValidator(_some)]
_MonthDay = Annotated[int, Strict(), Field(ge=1, le=31)]


class ScheduleModel(BaseModel):
    """One schedule: a runbook, and when it runs by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name = Field(description="标识；记录、暂停与命令行都用它")
    title: _Line | None = Field(default=None, description="人看的名称；不写则用 name")
    runbook: _Line = Field(description="运行手册：名称，或 种类/名称")
    at: (
        Annotated[
            Annotated[Clock, Tag("word")] | Annotated[_Clocks, Tag("list")],
            Discriminator(_form),
        ]
        | None
    ) = Field(default=None, description='每天的时刻，如 "06:30" 或 ["06:30", "17:45"]')
    every: Span | None = Field(default=None, description="每隔多久，从每天的起点算起，如 15m、2h")
    between: Annotated[tuple[Clock, ...], AfterValidator(_two)] | None = Field(
        default=None, description='every 的起止时刻（含止），如 ["08:00", "18:00"]'
    )
    days: (
        Annotated[
            Annotated[DayWord, Tag("word")] | Annotated[_Weekdays, Tag("list")],
            Discriminator(_form),
        ]
        | None
    ) = Field(default=None, description="哪些天：every_day（默认）、work_days、rest_days，或 [mon, wed]")
    month_days: (
        Annotated[
            tuple[
                Annotated[
                    Annotated[_MonthDay, Tag("day")] | Annotated[Literal["last"], Tag("last")],
                    Discriminator(lambda value: "last" if isinstance(value, str) else "day"),
                ],
                ...,
            ],
            Field(max_length=32),
            AfterValidator(_some),
        ]
        | None
    ) = Field(default=None, description="每月的哪些天：1 到 31，或 last（最后一天）")
    dates: Annotated[tuple[MonthDay, ...], Field(max_length=366), AfterValidator(_some)] | None = Field(
        default=None, description='每年的哪些天，如 ["12-31"]'
    )
    timezone: TimeZone | None = Field(default=None, description="时区；默认为站点的时区")
    limit: _Line | None = Field(default=None, description="Ansible 主机模式，缩小范围")
    spread: Span | None = Field(default=None, description="错峰：在到点后的这段时间内启动，同一次总在同一刻")
    late: Span = Field(default=timedelta(minutes=15), description="晚于应启动时刻多久以内仍直接启动")
    missed: Missed = Field(default=Missed.SKIP, description="超过 late 才发现时：记为漏执行、补一次、问人")
    overlap: Overlap = Field(default=Overlap.SKIP, description="上一次还在执行时：跳过，或排队")
    first: Day | None = Field(default=None, alias="from", description="从这一天起")
    last: Day | None = Field(default=None, alias="until", description="到这一天止（含）")


class TimetableModel(BaseModel):
    """What runs by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedules: tuple[ScheduleModel, ...]


def read_timetable(
    path: str, data: bytes, timezone: ZoneInfo, runbooks: Collection[str] | None = None
) -> Timetable:
    """The timetable in `data`.

    Args:
        timezone: of schedules that name none.
        runbooks: `kind/name` of all there are, where they are known: no other may be named.

    Raises:
        InvalidDocument: with all that is wrong.
    """
    findings = Findings(path)
    root = require_yaml(path, data, findings)
    model = validate(TimetableModel, root, findings)
    nodes = items(child(root, "schedules"))
    # One schedule's mistake does not hide another's: each that is sound by itself is looked at further.
    sound = [(node, each) for node in nodes if (each := validate(ScheduleModel, node, Findings(path)))]
    for node, each in sound:
        _refuse_contradictions(each, node, findings)
    _refuse_repeated(nodes, findings)
    if runbooks is not None:
        _refuse_unknown_runbooks(nodes, runbooks, findings)
    if model is None or findings.diagnostics:
        raise findings.error()
    return Timetable(tuple(_schedule(each, timezone) for each in model.schedules))


def runbook_names(folders: Sequence[Path]) -> frozenset[str]:
    """`kind/name` of every runbook in `folders`."""
    return frozenset(
        f"{path.parent.name}/{path.stem}" for folder in folders for path in folder.glob("*/*.yml")
    )


def _schedule(model: ScheduleModel, timezone: ZoneInfo) -> Schedule:
    return Schedule(
        name=model.name,
        title=model.title or model.name,
        runbook=model.runbook,
        when=_when(model),
        days=_days(model),
        timezone=ZoneInfo(model.timezone) if model.timezone else timezone,
        limit=model.limit or "",
        spread=model.spread or timedelta(0),
        late=model.late,
        missed=model.missed,
        overlap=model.overlap,
        first=model.first,
        last=model.last,
    )


def _when(model: ScheduleModel) -> Clocks | Every:
    if model.every is None:
        return Clocks(tuple(sorted(_clocks(model))))
    first, last = model.between or (time(0), None)
    return Every(model.every, first, last)


def _days(model: ScheduleModel) -> Days:
    if model.month_days is not None:
        numbers = frozenset(day for day in model.month_days if isinstance(day, int))
        return MonthDays(numbers, last="last" in model.month_days)
    if model.dates is not None:
        return YearDates(frozenset(model.dates))
    if isinstance(model.days, tuple):
        return frozenset(model.days)
    return model.days or DayWord.EVERY_DAY


def _clocks(model: ScheduleModel) -> Sequence[time]:
    return model.at if isinstance(model.at, tuple) else (model.at,) if model.at is not None else ()


def _refuse_contradictions(model: ScheduleModel, node: Node, findings: Findings) -> None:
    """What no single value tells: keys that exclude one another, and values that do not fit together."""
    for rule, key, message, hint in _contradictions(model):
        place = child(node, key)
        findings.add(place.position if place else node.position, rule, message, hint)


_Contradiction = tuple[str, str, Text, Text | None]


def _contradictions(model: ScheduleModel) -> Iterator[_Contradiction]:
    yield from _contradictions_of_times(model)
    given = [key for key in ("days", "month_days", "dates") if getattr(model, key) is not None]
    for key in given[1:]:
        yield _one_of(key, given[0])
    if model.first and model.last and model.last < model.first:
        message = Text("until 早于 from", "until is before from")
        yield "impossible-span", "until", message, Text("对调两个日期", "swap the two dates")
    gap = None if (model.at is None) is (model.every is None) else _narrowest(model)
    if model.spread and gap is not None and model.spread >= gap:
        yield (
            "spread-too-long",
            "spread",
            Text("错峰时间不短于两次之间的间隔", "the spread is no shorter than the time between two runs"),
            Text(f"须短于 {_minutes(gap)} 分钟", f"must be shorter than {_minutes(gap)} minutes"),
        )


def _contradictions_of_times(model: ScheduleModel) -> Iterator[_Contradiction]:
    if model.at is None and model.every is None:
        yield (
            "missing-key",
            "name",
            Text("没有写时刻", "no time is given"),
            Text('写 at: "06:30"，或 every: 15m', 'write at: "06:30", or every: 15m'),
        )
    if model.at is not None and model.every is not None:
        yield _one_of("every", "at")
    if len(set(_clocks(model))) < len(_clocks(model)):
        yield "duplicate-time", "at", Text("同一时刻写了两次", "the same time is there twice"), None
    if model.every is not None and not _SHORTEST <= model.every <= _WHOLE_DAY:
        message = Text("间隔须在 1 分钟到 1 天之间", "the interval must be from 1 minute to 1 day")
        yield "invalid-value", "every", message, None
    if model.between is None:
        return
    if model.every is None:
        message = Text("between 只用于 every", "between belongs to every")
        yield "unknown-key", "between", message, Text("删去它", "remove it")
    elif model.between[1] <= model.between[0]:
        yield (
            "impossible-span",
            "between",
            Text("止不晚于起", "it ends no later than it begins"),
            Text("跨过半夜的分成两条写", "over midnight, write two schedules"),
        )


def _one_of(key: str, other: str) -> _Contradiction:
    message = Text(f"{key} 与 {other} 只能写一个", f"either {key} or {other}, not both")
    return "contradiction", key, message, Text("删去其中一个", "remove one of them")


def _narrowest(model: ScheduleModel) -> timedelta:
    """The shortest time between two runs, were they to run every day."""
    if model.every is not None:
        return model.every
    days = [datetime.combine(date.min, clock) for clock in sorted(set(_clocks(model)))]
    return min(after - before for before, after in pairwise([*days, days[0] + _WHOLE_DAY]))


def _minutes(span: timedelta) -> int:
    return span // timedelta(minutes=1)


def _refuse_repeated(nodes: Sequence[Node], findings: Findings) -> None:
    seen: dict[str, Position] = {}
    for name, position in _texts(nodes, "name"):
        first = seen.setdefault(name, position)
        if first is not position:
            findings.add(
                position,
                "duplicate-schedule",
                Text(f"“{shown(name)}”重复", f"'{shown(name)}' is there twice"),
                Text(f"第 {first.line} 行已用过", f"line {first.line} has it already"),
            )


def _refuse_unknown_runbooks(nodes: Sequence[Node], runbooks: Collection[str], findings: Findings) -> None:
    for name, position in _texts(nodes, "runbook"):
        hits = [known for known in runbooks if name in (known, known.partition("/")[2])]
        if len(hits) > 1:
            message = Text(f"“{shown(name)}”有多个", f"'{shown(name)}' is ambiguous")
            findings.add(position, "ambiguous-runbook", message, did_you_mean("", sorted(hits)))
        elif not hits:
            message = Text(f"没有运行手册“{shown(name)}”", f"there is no runbook '{shown(name)}'")
            findings.add(position, "unknown-runbook", message, _nearest(name, runbooks))


def _nearest(name: str, runbooks: Collection[str]) -> Text:
    whole = "/" in name
    return did_you_mean(name, sorted({each if whole else each.partition("/")[2] for each in runbooks}))


def _texts(nodes: Sequence[Node], key: str) -> Iterator[tuple[str, Position]]:
    for node in nodes:
        value = child(node, key)
        if isinstance(value, ScalarNode) and isinstance(value.value, str):
            yield value.value, value.position
