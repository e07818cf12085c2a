"""A calendar's files are read as one calendar, or answered with all that is wrong in and between them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestrator.documents.lint import lint
from orchestrator.documents.site import read_site
from orchestrator.documents.work_calendar import calendar_files, read_work_calendar
from orchestrator.errors import Diagnostic, InvalidDocument
from orchestrator.model.work_calendar import DayKind, YearStatus
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.settings import content_root
from tests.documents.reading import hint, places, refused

HEAD = "year: {year}\nstatus: provisional\nholidays:\n"
NEW_YEAR = '  - name: {{zh: 元旦, en: New Year}}\n    from: "{year}-01-01"\n'
GOOD = HEAD + NEW_YEAR


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "calendars"
    made.mkdir()
    return made


def write(folder: Path, year: int, text: str = GOOD) -> Path:
    path = folder / f"{year}.yml"
    path.write_text(text.format(year=year))
    return path


def wrong(folder: Path) -> list[Diagnostic]:
    return refused(lambda: read_work_calendar(calendar_files([folder])))


def test_a_holiday_of_one_day_and_one_of_several_with_its_make_up_days(folder: Path) -> None:
    write(
        folder,
        2026,
        GOOD
        + '  - name: {{zh: 国庆节, en: National Day}}\n    from: "2026-10-01"\n    to: "2026-10-07"\n'
        + '    work: ["2026-09-20", "2026-10-10"]\n',
    )
    calendar = read_work_calendar(calendar_files([folder]))
    assert calendar.years[2026].status is YearStatus.PROVISIONAL
    assert calendar.day(date(2026, 1, 1)).kind is DayKind.HOLIDAY
    assert calendar.day(date(2026, 1, 2)).kind is DayKind.WORK_DAY
    assert calendar.day(date(2026, 10, 7)).kind is DayKind.HOLIDAY
    assert calendar.day(date(2026, 10, 10)).kind is DayKind.MAKE_UP_DAY


HOLIDAY = '  - name: {{zh: 节, en: H}}\n    from: "{}"\n'


@pytest.mark.parametrize(
    ("more", "place"),
    [
        (HOLIDAY.format("2026-02-30"), "7:11 impossible-date"),
        (HOLIDAY.format("2026-2-3"), "7:11 impossible-date"),
        (HOLIDAY.format("2025-12-31"), "7:11 wrong-year"),
        (HOLIDAY.format("2026-12-31") + '    to: "2027-01-01"\n', "8:9 wrong-year"),
        (HOLIDAY.format("2026-05-05") + '    to: "2026-05-01"\n', "8:9 impossible-span"),
        (HOLIDAY.format("2026-01-01"), "7:11 overlapping-dates"),
        (HOLIDAY.format("2026-05-01") + '    work: ["2026-04-31"]\n', "8:12 impossible-date"),
        (HOLIDAY.format("2026-05-01") + '    work: ["2026-05-08"]\n', "8:12 make-up-day-in-week"),
        (HOLIDAY.format("2026-05-01") + '    work: ["2027-01-02"]\n', "8:12 wrong-year"),
        (HOLIDAY.format("2026-05-01") + '    work: ["2026-05-09", "2026-05-09"]\n', "8:26 duplicate-date"),
        (
            HOLIDAY.format("2026-05-01") + '    to: "2026-05-03"\n    work: ["2026-05-02"]\n',
            "9:12 overlapping-dates",
        ),
        (HOLIDAY.format("2026-05-01") + "    days: 3\n", "8:5 unknown-key"),
        (HOLIDAY.format("2026-05-01").replace("from", "to"), "6:5 missing-key"),
        ("  - 3\n", "6:5 wrong-type"),
    ],
)
def test_a_wrong_date_is_one_error_at_its_place(more: str, place: str, folder: Path) -> None:
    # `more` has been formatted once; its braces are YAML's.
    path = folder / "2026.yml"
    path.write_text(GOOD.format(year=2026) + more.replace("{{", "{").replace("}}", "}"))
    assert places(wrong(folder)) == [place]


def test_all_errors_of_all_files_come_at_once(folder: Path) -> None:
    write(
        folder, 2026, GOOD + '  - name: {{zh: 节, en: H}}\n    from: "2026-02-30"\n    work: ["2026-05-08"]\n'
    )
    write(folder, 2027, GOOD.replace("provisional", "guessed"))
    write(folder, 2030)
    assert [(Path(each.position.file).name, each.rule) for each in wrong(folder)] == [
        ("2026.yml", "impossible-date"),
        ("2027.yml", "unknown-value"),
        ("2030.yml", "missing-year"),
    ]


def test_a_gap_between_years_names_the_years_that_are_missing(folder: Path) -> None:
    write(folder, 2026)
    write(folder, 2029)
    (found,) = wrong(folder)
    assert places([found]) == ["1:7 missing-year"]
    assert "2027、2028" in found.message.zh
    assert found.hint is not None
    assert "2027.yml" in found.hint.zh


def test_a_year_that_can_not_be_read_is_no_gap_as_well(folder: Path) -> None:
    write(folder, 2026)
    write(folder, 2027, "year: [\n")
    write(folder, 2028)
    assert {each.rule for each in wrong(folder)} == {"yaml-syntax"}


def test_one_year_in_two_files_is_refused(folder: Path) -> None:
    write(folder, 2026)
    (folder / "2026.yaml").write_text(GOOD.format(year=2026))
    assert [each.rule for each in wrong(folder)] == ["duplicate-year"]


def test_a_file_must_be_called_by_its_year(folder: Path) -> None:
    (folder / "2026.yml").write_text(GOOD.format(year=2027))
    assert places(wrong(folder)) == ["1:7 wrong-year"]


def test_an_official_year_names_the_announcement(folder: Path) -> None:
    write(folder, 2026, GOOD.replace("provisional", "official"))
    found = wrong(folder)
    assert places(found) == ["1:7 official-without-source"]
    assert "provisional" in hint(found)


def test_a_sites_year_hides_the_products_and_the_others_are_kept(folder: Path) -> None:
    write(folder, 2027, GOOD.replace("元旦", "建院日"))
    calendar = read_work_calendar(calendar_files([folder, content_root() / "inventories" / "calendars"]))
    holiday = calendar.day(date(2027, 1, 1)).holiday
    assert holiday is not None
    assert holiday.zh == "建院日"
    assert list(calendar.years) == [2024, 2025, 2026, 2027]


def test_lint_finds_what_is_wrong_in_timetable_and_calendars_of_a_site(
    tmp_path: Path, folder: Path, checks: Registry[CheckPlugin]
) -> None:
    write(folder, 2028, GOOD + '  - name: {{zh: 节, en: H}}\n    from: "2028-02-30"\n')
    write(folder, 2030)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "wardround.yml").write_text("hospital: {zh: 医院, en: H}\ntimetable: rounds.yml\n")
    (tmp_path / "rounds.yml").write_text("schedules:\n  - {name: a, runbook: morning, at: '24:00'}\n")
    site = read_site(tmp_path / "wardround.yml", content_root())
    result = lint([tmp_path], site, checks)
    assert result.files == 4
    assert [(Path(each.position.file).name, each.rule) for each in result.diagnostics] == [
        ("2028.yml", "impossible-date"),
        ("2030.yml", "missing-year"),
        ("rounds.yml", "impossible-time"),
    ]
    only = lint([folder / "2030.yml"], None, checks)
    assert [each.rule for each in only.diagnostics] == ["missing-year"]


def test_lint_takes_a_timetable_and_a_calendar_for_what_they_are_without_a_site(
    tmp_path: Path, folder: Path, checks: Registry[CheckPlugin]
) -> None:
    write(folder, 2026, "year: 2026\n")
    (tmp_path / "timetable.yml").write_text("schedules: 3\n")
    found = lint([tmp_path], None, checks)
    assert {each.rule for each in found.diagnostics} == {"missing-key", "wrong-type"}


def test_the_shipped_calendars_and_a_site_without_its_own_fit(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "wardround.yml").write_text("hospital: {zh: 医院, en: H}\n")
    site = read_site(tmp_path / "wardround.yml", content_root())
    assert site.timetable is None
    assert list(read_work_calendar(calendar_files(site.calendars)).years) == [2024, 2025, 2026, 2027]


def test_a_calendar_folder_that_is_named_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "wardround.yml").write_text(
        "hospital: {zh: 医院, en: H}\ncalendars: gone\ntimetable: no.yml\n"
    )
    with pytest.raises(InvalidDocument) as told:
        read_site(tmp_path / "wardround.yml")
    assert [each.rule for each in told.value.diagnostics] == ["missing-file", "missing-file"]
