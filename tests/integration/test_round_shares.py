"""A round divided into shares, on both databases: who may have one, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.errors import Fenced, StoreError
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.lease import Lease
from orchestrator.model.plan import Plan
from orchestrator.model.round import RoundState
from orchestrator.model.run import RunRequest, RunState
from orchestrator.model.runbook import Kind
from orchestrator.model.verdict import Verdict
from orchestrator.records.hand import Hand
from orchestrator.records.leases import bury, take_lease
from orchestrator.records.models.round_share import RoundShare
from orchestrator.records.process import this_life
from orchestrator.records.round_shares import (
    NothingFree,
    Share,
    leave_shares,
    open_shared_round,
    rounds_to_help,
    take_share,
)
from orchestrator.records.rounds import close_round, get_round, record_outcomes, settle_interrupted
from orchestrator.records.runs import finish_run, request_cancel, request_run, take_run
from tests.rounds import MASKER, seen
from tests.unit.test_round import plan_of

START = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
WANG = Actor("wang", Proof.SESSION)
NAMES = [f"db{number:02d}" for number in range(14)]
"""Three hosts, five, five, and one."""


class Crew:
    """A round that the first worker leads, with others who live."""

    def __init__(self, others: int = 1) -> None:
        self.leases = [take_lease(f"w{number}", this_life(), START) for number in range(1 + others)]
        request = RunRequest("inspection/morning", Kind.INSPECTION, WANG, "key")
        self.run = request_run(request, START)
        taken = take_run(self.run, self.leases[0].executor, START)
        assert taken is not None
        self.lead = Hand(self.run, self.leases[0].fence, taken.epoch)
        self.plan: Plan = plan_of(*NAMES)
        self.round, self.first = open_shared_round(
            self.lead, self.plan, "permit", WANG, START, "1", "frozen", partial=False
        )

    def hand(self, worker: int = 1) -> Hand:
        return Hand(self.run, self.leases[worker].fence, None)

    def take(self, hand: Hand, *ours: int) -> Share | NothingFree:
        return take_share(self.round, hand, ours, ours)

    def record(self, hand: Hand, names: Sequence[str], *done: int) -> None:
        record_outcomes(self.round, [seen(name, Verdict.OK) for name in names], MASKER, hand, done)

    def kill(self, lease: Lease) -> None:
        assert bury(lease)


def test_no_two_have_the_same_share_and_the_first_is_of_whoever_opens_the_round(database: Path) -> None:
    crew = Crew()
    assert crew.first == Share(0, 3)
    assert crew.take(crew.hand()) == Share(3, 8)
    assert crew.take(crew.lead, 0) == Share(8, 13)
    assert crew.take(crew.hand(), 3) == Share(13, 14)
    assert crew.take(crew.hand(), 3, 13) == NothingFree(wait=True)


def test_what_a_dead_worker_had_is_free_and_says_which_of_its_hosts_are_known(database: Path) -> None:
    crew = Crew(others=2)
    crew.take(crew.hand())
    crew.record(crew.hand(), ["db04"])
    assert crew.take(crew.hand(2)) == Share(8, 13)
    crew.kill(crew.leases[1])
    assert crew.take(crew.hand(2), 8) == Share(3, 8, frozenset({"db04"}))
    with pytest.raises(Fenced):
        crew.record(crew.hand(), ["db05"])
    with pytest.raises(Fenced):
        crew.take(crew.hand(), 3)


def test_what_was_left_is_free_again_at_once(database: Path) -> None:
    crew = Crew()
    crew.take(crew.hand())
    leave_shares(crew.round, crew.hand(), [3])
    assert crew.take(crew.lead, 0) == Share(3, 8, frozenset())


def test_a_share_that_got_lost_on_its_way_to_its_worker_is_found_by_it(database: Path) -> None:
    crew = Crew()
    crew.take(crew.hand())
    assert rounds_to_help(crew.leases[1].executor, crew.leases[1].fence) == [(crew.round, crew.run)]
    assert crew.take(crew.hand()) == Share(3, 8, frozenset())


def test_a_share_that_was_lost_is_given_back_when_the_run_is_being_cancelled(database: Path) -> None:
    crew = Crew()
    crew.take(crew.hand())
    request_cancel(crew.run, WANG, START)
    assert rounds_to_help(crew.leases[1].executor, crew.leases[1].fence) == [(crew.round, crew.run)]
    assert crew.take(crew.hand()) == NothingFree(wait=False)
    assert crew.take(crew.lead, 0) == Share(3, 8, frozenset())


def test_nothing_is_left_when_every_share_is_done(database: Path) -> None:
    crew = Crew()
    crew.record(crew.lead, NAMES[:3], 0)
    for start, stop in ((3, 8), (8, 13), (13, 14)):
        assert crew.take(crew.hand()) == Share(start, stop)
        crew.record(crew.hand(), NAMES[start:stop], start)
    assert crew.take(crew.lead) == NothingFree(wait=False)
    assert rounds_to_help(crew.leases[1].executor, crew.leases[1].fence) == []
    close_round(crew.round, RoundState.COMPLETED, START, crew.lead)
    assert not RoundShare.objects.exists()


def test_whoever_lost_the_run_neither_takes_records_nor_closes(database: Path) -> None:
    crew = Crew()
    take_run(crew.run, crew.leases[1].executor, START)
    with pytest.raises(Fenced):
        crew.take(crew.lead, 0)
    with pytest.raises(Fenced):
        crew.record(crew.lead, ["db00"])
    with pytest.raises(Fenced):
        close_round(crew.round, RoundState.COMPLETED, START, crew.lead)
    assert get_round(crew.round).hosts_done == 0


def test_nobody_helps_with_a_run_that_is_over(database: Path) -> None:
    crew = Crew()
    crew.take(crew.hand())
    finish_run(crew.run, crew.lead.epoch or 0, RunState.FAILED, None, START, {})
    assert crew.take(crew.hand(), 3) == NothingFree(wait=False)
    with pytest.raises(StoreError):
        crew.record(crew.hand(), ["db04"])


def test_a_round_that_another_worker_goes_on_with_is_not_called_interrupted(database: Path) -> None:
    crew = Crew()
    runbook = get_round(crew.round).runbook
    assert settle_interrupted(runbook, START) == ()
    finish_run(crew.run, crew.lead.epoch or 0, RunState.FAILED, None, START, {})
    assert settle_interrupted(runbook, START) == (crew.round,)
    assert not RoundShare.objects.exists()


def test_a_round_that_began_within_a_command_ends_with_it(database: Path) -> None:
    crew = Crew()
    take_run(crew.run, "command:here-1#9", START)
    assert settle_interrupted(get_round(crew.round).runbook, START) == (crew.round,)
