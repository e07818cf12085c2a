"""A waiver accepts what it says, for as long as it says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.language import Text
from orchestrator.model.round import HostOutcome
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator.records.waiving import waive
from tests.rounds import START, WANG, lost, outcome, result, seen, value

DAY = timedelta(days=1)
VERDICTS = st.sampled_from([Verdict.OK, Verdict.WARN, Verdict.CRIT, Verdict.UNKNOWN])


def waiver(covers: Verdict = Verdict.WARN, *, metric: str = "", subject: str = "", days: int = 1) -> Waiver:
    return Waiver(
        1, "morning", "db1", "disk", metric, subject, covers, "ordered", WANG, START - DAY, START + days * DAY
    )


def verdict(waived: HostOutcome, task: str = "disk") -> Verdict:
    return next(one.verdict for one in waived.results if one.id == task)


def test_a_warning_that_is_accepted_is_waived_on_its_value_and_its_check() -> None:
    waived = waive(seen("db1", Verdict.WARN), [waiver()])
    assert verdict(waived) is Verdict.WAIVED
    assert [one.verdict for one in waived.results[0].judgements] == [Verdict.WAIVED]
    assert waived.results[1:] == seen("db1", Verdict.WARN).results[1:]


def test_what_is_worse_than_accepted_speaks_up() -> None:
    assert verdict(waive(seen("db1", Verdict.CRIT), [waiver(Verdict.WARN)])) is Verdict.CRIT
    assert verdict(waive(seen("db1", Verdict.CRIT), [waiver(Verdict.CRIT)])) is Verdict.WAIVED
    assert verdict(waive(seen("db1", Verdict.WARN), [waiver(Verdict.CRIT)])) is Verdict.WAIVED


@pytest.mark.parametrize("subject", ["/", "/data2"])
def test_another_subject_is_not_accepted(subject: str) -> None:
    assert verdict(waive(seen("db1", Verdict.WARN), [waiver(subject=subject)])) is Verdict.WARN


def test_one_of_two_subjects_leaves_the_other() -> None:
    both = outcome("db1", result("disk", value(Verdict.CRIT, "/"), value(Verdict.WARN, "/data")))
    waived = waive(both, [waiver(Verdict.CRIT, subject="/")])
    assert verdict(waived) is Verdict.WARN
    assert [one.verdict for one in waived.results[0].judgements] == [Verdict.WARN, Verdict.WAIVED]


def test_a_check_that_broke_off_is_unknown_once_its_critical_value_is_accepted() -> None:
    broke = replace(result("disk", value(Verdict.CRIT)), reason=Text("超时", "timed out"))
    assert verdict(waive(outcome("db1", broke), [waiver(Verdict.CRIT)])) is Verdict.UNKNOWN


def test_a_lost_host_is_never_waived() -> None:
    assert waive(lost("db1"), [waiver(Verdict.CRIT)]) == lost("db1")


def test_a_waiver_that_was_ended_holds_no_more() -> None:
    ended = replace(waiver(), ended_at=START)
    assert verdict(waive(seen("db1", Verdict.WARN), [ended])) is Verdict.WARN


@given(
    st.lists(VERDICTS, min_size=1, max_size=5),
    st.sampled_from([Verdict.WARN, Verdict.CRIT]),
    st.sampled_from(["", "/0", "/1"]),
    st.integers(-3, 3),
)
def test_no_waiver_hides_more_than_it_covers_nor_unknown_nor_after_its_end(
    verdicts: list[Verdict], covers: Verdict, subject: str, days: int
) -> None:
    before = outcome("db1", result("disk", *(value(one, f"/{at}") for at, one in enumerate(verdicts))))
    after = waive(before, [waiver(covers, subject=subject, days=days)])
    told = {one.observation.subject: one.verdict for one in after.results[0].judgements}
    for at, was in enumerate(verdicts):
        accepted = was is Verdict.WARN or (was is Verdict.CRIT and covers is Verdict.CRIT)
        waived = accepted and days > 0 and subject in ("", f"/{at}")
        assert told[f"/{at}"] is (Verdict.WAIVED if waived else was)
    if Verdict.UNKNOWN in verdicts:
        assert after.results[0].verdict in (Verdict.UNKNOWN, Verdict.CRIT)
