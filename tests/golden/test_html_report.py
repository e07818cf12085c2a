"""The HTML report says what the round says, to a reader who must be able to trust it."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import PluginError
from orchestrator.language import Language, Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.conclusion import headline
from orchestrator.model.report import RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.html import css_string, render
from tests.golden import rounds
from tests.golden.page import elements, text
from tests.golden.renew import FOLDER, NAMES, rendered

ALL: Mapping[str, Callable[[], RoundReport]] = {**rounds.CASES, "fleet": partial(rounds.fleet, 20)}
_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "article", "details"),
    *(
        "summary",
        "div",
        "p",
        "span",
        "b",
        "i",
        "small",
        "bdi",
        "h1",
        "h2",
        "h3",
        "dl",
        "dt",
        "dd",
        "ul",
        "li",
        "pre",
    ),
    *("table", "colgroup", "col", "thead", "tbody", "tr", "th", "td"),
    *("svg", "defs", "pattern", "symbol", "rect", "circle", "path", "use", "text", "desc"),
    *("figure", "figcaption"),
}


def page(report: RoundReport, language: Language = Language.ZH) -> bytes:
    return render(report, language)


@cache
def sample(case: str) -> RoundReport:
    return ALL[case]()


@cache
def sample_page(case: str, language: Language = Language.ZH) -> bytes:
    """Rendered once: several tests look at the same page."""
    return page(sample(case), language)


def style(content: bytes) -> str:
    return next(one.text for one in elements(content) if one.tag == "style")


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_round_gives_its_golden_file(name: str) -> None:
    golden, made = (FOLDER / name).read_bytes().splitlines(), rendered(name).splitlines()
    differing = [
        number for number, pair in enumerate(zip(golden, made, strict=False), 1) if pair[0] != pair[1]
    ]
    assert not differing, f"{name} differs first in line {differing[0]}; see tests/golden/README.md"
    assert len(golden) == len(made)


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("language", Language)
def test_nothing_in_it_can_run_or_be_fetched(case: str, language: Language) -> None:
    content = sample_page(case, language)
    found = elements(content)
    assert {one.tag for one in found} <= _TAGS
    for one in found:
        for name, value in one.attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "style", "action", "xmlns", "xlink:href")
            assert name != "href" or value.startswith("#i-")
            assert "://" not in value
    assert "@import" not in style(content)
    assert set(re.findall(r"url\([^)]*\)", style(content))) == {"url(#hatch)"}


@pytest.mark.parametrize("case", rounds.CASES)
def test_its_policy_allows_its_one_style_sheet_and_nothing_else(case: str) -> None:
    content = sample_page(case)
    policy = next(one.attributes["content"] for one in elements(content) if "http-equiv" in one.attributes)
    digest = base64.b64encode(hashlib.sha256(style(content).encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_its_style_sheet_is_understood_by_the_browser_of_windows_7() -> None:
    assert not re.search(r"oklch|color-mix|light-dark|:has\(|@layer|@scope|&", style(sample_page("morning")))


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("language", Language)
def test_every_verdict_is_shown_with_its_own_icon_and_word(case: str, language: Language) -> None:
    report = sample(case)
    content = sample_page(case, language).decode()
    for item in report.items:
        badge = f'<use href="#i-{item.verdict.value}"/></svg>{item.verdict.label.say(language)}</span>'
        assert badge in content


@pytest.mark.parametrize("case", ALL)
@pytest.mark.parametrize("language", Language)
def test_what_was_not_seen_never_looks_ok(case: str, language: Language) -> None:
    for one in elements(sample_page(case, language)):
        if "v" not in one.classes:
            continue
        for verdict in (Verdict.UNKNOWN, Verdict.NOT_RUN, Verdict.SKIPPED):
            if verdict.label.say(language) == one.text:
                assert one.classes == ["v", verdict.value]


@pytest.mark.parametrize("case", ["morning", "cancelled", "empty"])
def test_an_incomplete_round_is_not_shown_as_a_good_one(case: str) -> None:
    report = sample(case)
    found = elements(sample_page(case))
    box = next(index for index, one in enumerate(found) if "conclusion" in one.classes)
    assert "ok" not in found[box].classes
    assert "不完整" in headline(report).zh or report.coverage.due == 0
    assert any(one.text == headline(report).zh for one in found[box : box + 5])


@pytest.mark.parametrize("state", [RoundState.CANCELLED, RoundState.INTERRUPTED, RoundState.RUNNING])
def test_a_round_that_did_not_end_says_so_even_where_all_seen_is_fine(state: RoundState) -> None:
    found = elements(page(replace(rounds.clean(), state=state, finished_at=None)))
    assert any("alarm" in one.classes for one in found)
    assert next(one for one in found if "conclusion" in one.classes).classes == ["conclusion", "unknown"]


def test_a_clean_round_is_shown_as_one() -> None:
    found = elements(sample_page("clean"))
    assert next(one for one in found if "conclusion" in one.classes).classes == ["conclusion", "ok"]
    assert not any("alarm" in one.classes or "finding" in one.classes for one in found)


@pytest.mark.parametrize("case", ALL)
def test_its_numbers_add_up_with_the_round(case: str) -> None:
    report = sample(case)
    found = elements(sample_page(case))
    start = next(index for index, one in enumerate(found) if "matrix" in one.classes)
    end = next(index for index, one in enumerate(found) if index > start and one.tag == "p")
    cells = [one.text for one in found[start:end] if one.tag == "td"]
    rows = [[int(cell) for cell in cells[at + 1 : at + 9]] for at in range(0, len(cells), 9)]
    *layers, total = rows
    assert [sum(column) for column in zip(*layers, strict=True)] == total
    assert total == [*(report.counts.get(verdict, 0) for verdict in Verdict), report.coverage.due]
    assert report.coverage.done + report.coverage.unknown + report.coverage.not_run == total[-1]


def test_an_unreachable_host_is_one_line_with_what_to_do_and_no_finding_form() -> None:
    content = sample_page("morning").decode()
    assert content.count("先向管理员核实是否重装") == 1
    forms = content.split("<article")[1:]
    assert len(forms) == len(rounds.morning().findings) - 2
    assert not any("lis-db01" in form.split("</article>")[0] for form in forms)


def test_a_finding_shows_value_limits_their_source_change_and_evidence_and_room_to_write() -> None:
    content = sample_page("morning").decode()
    form = content.split("<article")[1].split("</article>")[0]
    for shown in (
        "93.4%",
        "91.2%",
        "≥\u00a085%",
        "≥\u00a090%",
        "domain.md 3.2 LNX05 [S20]",
        "持续",
        "2026-11-21 06:31",
    ):
        assert shown in form
    for shown in ("/dev/mapper/vg-pgdata", "门急诊挂号", "处置", "工单号", "复检结果"):
        assert shown in form


def test_limits_that_nobody_confirmed_are_marked_so() -> None:
    assert "默认值，待确认" in text(sample_page("morning"))


def test_a_forecast_names_a_span_of_days_and_a_missing_one_its_reason() -> None:
    shown = text(sample_page("morning"))
    for said in (
        "预计 12 月 8 日至 14 日（14–20 天后）达到严重界限 90%",
        "30 天后 94.1–97.4%",
        "也可能一直不会",
        "样本不足（4 个，至少 7 个）",
    ):
        assert said in shown


def test_where_no_crossing_is_foretold_the_reason_stands_beside_the_values_to_come() -> None:
    item = next(item for item in rounds.morning().items if item.host == "his-db02" and item.forecast)
    shown = text(page(replace(rounds.clean(), items=(item,))))
    for said in ("180 天内不会达到界限", "30 天后 57.9–60.6%", "60 天后 58.1–62.4%"):
        assert said in shown
    assert "预计" not in shown
    assert "90 天后" not in shown


def test_where_the_data_bear_no_value_to_come_none_is_shown() -> None:
    item = next(item for item in rounds.morning().items if item.host == "his-app02" and item.forecast)
    shown = text(page(replace(rounds.clean(), items=(item,))))
    assert "样本不足（4 个，至少 7 个）" in shown
    assert "天后" not in shown


def test_an_overdue_finding_says_whose_it_is_and_that_it_is_late() -> None:
    form = sample_page("morning").decode().split("<article")[1].split("</article>")[0]
    for said in ("#31", "王工", "已逾期"):
        assert said in form


def test_a_flapping_finding_is_counted_and_listed_as_one() -> None:
    shown = sample_page("morning").decode()
    assert '<b class="flapping">反复</b>' in shown.split("与上一轮对比")[1]
    assert "近期出现 4 次" in shown


def test_waivers_name_who_approved_them_until_when_and_whether_they_still_hold() -> None:
    shown = text(sample_page("morning"))
    for said in ("李主任", "厂商确认内存条已订购", "已到期", "提前终止", "将到期"):
        assert said in shown


def test_the_signed_sheet_carries_its_place_in_the_chain_of_events() -> None:
    shown = sample_page("morning").decode().split("签字确认")[1]
    assert "18342@sm3:9c41b6e0d27f" in shown
    assert "9c41b6e0d27f5a8833e1c05d6b94f27a60d8e5b1f3a2974c8e07d1526ab3f490" in shown


def test_a_narrowed_round_of_unproven_people_says_both_at_the_top() -> None:
    shown = text(sample_page("narrowed")).split("检查覆盖")[0]
    for said in ("部分检查", "单用户演示模式", "root（单用户演示模式，未核实身份）"):
        assert said in shown


def test_cleared_findings_are_listed_with_what_they_were() -> None:
    content = sample_page("morning").decode()
    assert "7.1%" in content.split("与上一轮对比")[1]


@pytest.mark.parametrize("language", Language)
def test_hostile_text_is_shown_and_does_nothing(language: Language) -> None:
    content = sample_page("hostile", language).decode()
    assert "&lt;script&gt;alert" in content
    assert "[U+202E]" in content
    assert "{{ 7 * 7 }}" in content
    assert not [one for one in content if unicodedata.category(one) in ("Cc", "Cf", "Cs") and one != "\n"]


def test_endless_evidence_is_cut_and_says_how_much_is_missing() -> None:
    content = sample_page("hostile")
    assert len(content) < 60_000
    assert re.search(r"其余 198\d{3} 个字符从略", content.decode())


def test_two_hundred_hosts_fit_into_two_megabytes() -> None:
    report = rounds.fleet()
    assert len(report.items) >= 200 * 20
    assert len(page(report)) < 2_000_000


def test_the_english_page_is_english() -> None:
    report = replace(rounds.empty(), title="Morning", actor=Actor("cron", Proof.PROGRAM))
    content = page(report, Language.EN).decode()
    assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", content)


def test_an_unknown_time_zone_is_one_clear_error() -> None:
    with pytest.raises(PluginError, match="Nowhere/Land"):
        page(replace(rounds.empty(), timezone="Nowhere/Land"))


@given(st.text())
def test_no_text_breaks_out_of_a_css_string(name: str) -> None:
    written = str(css_string(name))
    assert re.fullmatch(r'"(?:[A-Za-z0-9]|\\[0-9a-f]{1,6} )*"', written)
    decoded = re.sub(r"\\([0-9a-f]+) ", lambda match: chr(int(match[1], 16)), written[1:-1])
    assert decoded == name


@given(st.text(st.characters(codec=None)))
@settings(max_examples=25)
def test_any_text_of_a_host_leaves_the_page_whole(evil: str) -> None:
    assert _tags_with(evil + "x") == _harmless_tags()


@cache
def _harmless_tags() -> list[str]:
    return _tags_with("x")


def _tags_with(words: str) -> list[str]:
    report = rounds.first()
    item = replace(
        report.findings[0],
        title=words,
        subject=words,
        evidence=words,
        source=words,
        reason=Text(words, words),
    )
    return [one.tag for one in elements(page(replace(report, findings=(item,), items=(item,))))]
