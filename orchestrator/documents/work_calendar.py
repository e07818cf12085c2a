"""Reads the files of work calendars: one a year, `2026.yml`, with its holidays and make-up work days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

from orchestrator.documents.file import read_file
from orchestrator.documents.findings import Findings
from orchestrator.documents.moment_text import Day
from orchestrator.documents.node import Node, child, items
from orchestrator.documents.validation import FILLED, ONE_LINE, validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Diagnostic, InvalidDocument, Position
from orchestrator.language import Text
from orchestrator.model.work_calendar import WEEKDAYS, CalendarYear, Holiday, WorkCalendar, YearStatus

BETWEEN_YEARS = frozenset({"duplicate-year", "missing-year"})
"""What is wrong with no file by itself."""

_SATURDAY = 5
_Line = Annotated[str, Field(min_length=1, max_length=300, pattern=ONE_LINE)]
_Name = Annotated[str, Field(min_length=1, max_length=60, pattern=FILLED)]


class _NameModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: _Name
    en: _Name


class _HolidayModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _NameModel
    first: Day = Field(alias="from")
    last: Day | None = Field(default=None, alias="to")
    work: tuple[Day, ...] = ()


class _YearModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Annotated[int, Strict(), Field(ge=2000, le=2200)]
    status: YearStatus
    document: _Line | None = None
    source: _Line | None = None
    holidays: tuple[_HolidayModel, ...]


def calendar_files(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The files of years, in order. The first folder that has a year hides those after it."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        here: dict[str, list[Path]] = {}
        for path in sorted((*folder.glob("*.yml"), *folder.glob("*.yaml"))):
            here.setdefault(path.stem, []).append(path)
        found = {**here, **found}
    return tuple(path for _, paths in sorted(found.items()) for path in paths)


def read_work_calendar(files: Sequence[Path]) -> WorkCalendar:
    """The calendar that `files` make up together.

    Raises:
        InvalidDocument: with all that is wrong in any of them, and between them: a year that comes twice, or
            is missing.
    """
    wrong: list[Diagnostic] = []
    years: list[_Year] = []
    for path in files:
        try:
            years.append(_read_year(path))
        except InvalidDocument as error:
            wrong.extend(error.diagnostics)
            if (number := _year_by_name(path)) is not None:
                years.append(_Year(number, Position(str(path))))
    wrong.extend(_between(years))
    if wrong:
        raise InvalidDocument(wrong)
    return WorkCalendar({year.number: year.calendar for year in years if year.calendar})


@dataclass(frozen=True, slots=True)
class _Year:
    """A year that has a file, readable or not."""

    number: int
    position: Position
    calendar: CalendarYear | None = None


def _read_year(path: Path) -> _Year:
    findings = Findings(str(path))
    root = require_yaml(str(path), read_file(path), findings)
    model = validate(_YearModel, root, findings)
    year = child(root, "year")
    position = year.position if year else root.position
    number = model.year if model else _year_by_name(path)
    if model is not None:
        _refuse_wrong_name(model, path, position, findings)
        _refuse_unfounded(model, position, findings)
    if number is not None:
        dates = _Dates(number, findings)
        for node in items(child(root, "holidays")):
            if holiday := validate(_HolidayModel, node, Findings(str(path))):
                dates.add(holiday, node)
        dates.refuse_clashes()
    if model is None or findings.diagnostics:
        raise findings.error()
    return _Year(model.year, position, _calendar(model))


def _calendar(model: _YearModel) -> CalendarYear:
    holidays = tuple(
        Holiday(Text(each.name.zh, each.name.en), each.first, each.last or each.first, each.work)
        for each in model.holidays
    )
    return CalendarYear(model.year, model.status, holidays, model.document or "", model.source or "")


def _year_by_name(path: Path) -> int | None:
    return int(path.stem) if len(path.stem) == 4 and path.stem.isascii() and path.stem.isdigit() else None


def _refuse_wrong_name(model: _YearModel, path: Path, position: Position, findings: Findings) -> None:
    if path.stem != str(model.year):
        findings.add(
            position,
            "wrong-year",
            Text(f"文件名是 {path.name}，写的是 {model.year} 年", f"{path.name} says it is {model.year}"),
            Text(f"改名为 {model.year}.yml，或改正年份", f"call it {model.year}.yml, or mend the year"),
        )


def _refuse_unfounded(model: _YearModel, position: Position, findings: Findings) -> None:
    if model.status is YearStatus.OFFICIAL and not (model.document and model.source):
        findings.add(
            position,
            "official-without-source",
            Text(
                "status: official 须写明通知文号 document 与来源 source",
                "status: official needs document, the announcement's number, and source",
            ),
            Text("尚无通知时写 status: provisional", "until it is announced, write status: provisional"),
        )


@dataclass(slots=True)
class _Dates:
    """The dates of one file, with their places."""

    year: int
    findings: Findings
    rest: dict[date, Position] = field(default_factory=dict)
    work: dict[date, Position] = field(default_factory=dict)

    def add(self, model: _HolidayModel, node: Node) -> None:
        first, to = child(node, "from"), child(node, "to")
        begin = first.position if first else node.position
        end = to.position if to else begin
        last = model.last or model.first
        if last < model.first:
            self.findings.add(
                end,
                "impossible-span",
                Text("to 早于 from", "to is before from"),
                Text("对调两个日期", "swap the two dates"),
            )
        elif self._is_of_year(model.first, begin) and self._is_of_year(last, end):
            for number in range((last - model.first).days + 1):
                self._take(model.first + timedelta(number), begin)
        for day, place in zip(model.work, items(child(node, "work")), strict=True):
            if self._is_of_year(day, place.position):
                self._take_work(day, place.position)

    def refuse_clashes(self) -> None:
        for day, position in self.work.items():
            if holiday := self.rest.get(day):
                self.findings.add(
                    position,
                    "overlapping-dates",
                    Text(f"{day} 既放假又上班", f"{day} is a holiday and a make-up work day"),
                    Text(f"第 {holiday.line} 行写明放假", f"line {holiday.line} makes it a holiday"),
                )

    def _take(self, day: date, position: Position) -> None:
        first = self.rest.setdefault(day, position)
        if first is not position and not self.findings.at(position):
            self.findings.add(
                position,
                "overlapping-dates",
                Text(f"{day} 属于两个假期", f"{day} belongs to two holidays"),
                Text(f"第 {first.line} 行的假期已包含它", f"the holiday in line {first.line} has it already"),
            )

    def _take_work(self, day: date, position: Position) -> None:
        first = self.work.setdefault(day, position)
        if first is not position:
            self.findings.add(
                position,
                "duplicate-date",
                Text(f"{day} 重复", f"{day} is there twice"),
                Text(f"第 {first.line} 行已写过", f"line {first.line} has it already"),
            )
        elif day.weekday() < _SATURDAY:
            weekday = WEEKDAYS[day.weekday()]
            self.findings.add(
                position,
                "make-up-day-in-week",
                Text(
                    f"{day} 是{weekday.zh}，本来就上班，不会是调休上班日",
                    f"{day} is a {weekday.en}, worked anyway: no make-up work day",
                ),
                Text("调休上班日总在周六或周日", "make-up work days are Saturdays and Sundays"),
            )

    def _is_of_year(self, day: date, position: Position) -> bool:
        if day.year == self.year:
            return True
        self.findings.add(
            position,
            "wrong-year",
            Text(f"{day} 不在 {self.year} 年", f"{day} is not in {self.year}"),
            Text(f"写进 {day.year}.yml", f"it belongs in {day.year}.yml"),
        )
        return False


def _between(years: Sequence[_Year]) -> Iterator[Diagnostic]:
    """What is wrong among files that are sound each by itself."""
    seen: dict[int, _Year] = {}
    for year in years:
        if other := seen.get(year.number):
            yield Diagnostic(
                year.position,
                "duplicate-year",
                Text(f"{year.number} 年有两个文件", f"{year.number} has two files"),
                Text(f"另一个是 {other.position.file}", f"the other one is {other.position.file}"),
            )
        seen[year.number] = year
    ordered = sorted(seen.values(), key=lambda year: year.number)
    for before, after in pairwise(ordered):
        if after.number - before.number > 1:
            gap = "、".join(str(number) for number in range(before.number + 1, after.number))
            yield Diagnostic(
                after.position,
                "missing-year",
                Text(
                    f"缺少 {gap} 年：前一个文件是 {before.number} 年",
                    f"{gap.replace('、', ', ')} is missing: the file before is of {before.number}",
                ),
                Text(
                    f"在旁边添加 {before.number + 1}.yml；官方未公布时写 status: provisional",
                    f"add {before.number + 1}.yml beside it; until it is announced with status: provisional",
                ),
            )
