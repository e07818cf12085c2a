"""What a round comes down to, in one sentence."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language import Language
from orchestrator.model.conclusion import conclusion, headline, tone
from orchestrator.model.report import Coverage
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict
from tests.golden import rounds


def test_the_sentence_gives_coverage_findings_and_what_was_not_seen() -> None:
    said = conclusion(rounds.morning())
    assert said.zh == (
        "应检 123 项，完成 97 项（78.8%）；严重 2、预警 4、已豁免 1；"
        "2 台主机未能检查，共 26 项没有结果，不能视为正常。"
    )
    assert said.en == (
        "123 checks due, 97 done (78.8%); 2 critical, 4 warnings, 1 waived; "
        "2 hosts could not be checked and 26 checks gave no result: they must not be taken as normal."
    )


def test_a_clean_round_says_so_without_reserve() -> None:
    assert conclusion(rounds.clean()).zh.endswith("全部完成；未发现异常。")
    assert headline(rounds.clean()).zh == "正常"


def test_nothing_wrong_in_half_a_round_is_not_normal() -> None:
    said = conclusion(rounds.cancelled()).zh
    assert said.startswith("本轮已取消，结果不完整。")
    assert "已检项目未发现异常" in said
    assert tone(rounds.cancelled()) is Verdict.UNKNOWN


def test_a_round_over_nothing_is_no_good_round() -> None:
    assert tone(rounds.empty()) is Verdict.UNKNOWN
    assert headline(rounds.empty()).zh == "没有检查任何项目"


def test_critical_findings_do_not_hide_that_it_is_incomplete() -> None:
    assert headline(rounds.morning()).say(Language.EN) == "Critical findings, and incomplete"


def test_a_running_round_is_not_ok_even_when_all_is_seen() -> None:
    running = replace(rounds.clean(), state=RoundState.RUNNING)
    assert tone(running) is Verdict.UNKNOWN


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_share_is_never_rounded_up(done: int, lacking: int) -> None:
    coverage = Coverage(due=done + lacking, done=done, unknown=lacking, not_run=0, skipped=0)
    shown = float(coverage.percent.removesuffix("%"))
    assert (shown == 100) == (lacking == 0)
    assert shown <= coverage.share * 100 + 1e-9
