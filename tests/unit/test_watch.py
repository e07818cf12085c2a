"""Which workers are taken for dead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orchestrator.execution.watch import Watch
from orchestrator.model.lease import Lease, Life

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
LEASE = Lease(7, "ward", Life("his-ops01", 4711, ""), 1, AT, AT, dead=False)


class Clock:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _looked_at(watch: Watch, clock: Clock, beats: list[int], step: float = 5.0) -> list[bool]:
    """Whether it was silent at each look, one every `step` seconds."""
    found = []
    for beat in beats:
        found.append(bool(watch.silent([replace(LEASE, beat=beat)])))
        clock.now += step
    return found


def test_who_beats_is_never_silent() -> None:
    clock = Clock()
    assert not any(_looked_at(Watch(15, clock), clock, list(range(100))))


def test_who_stops_beating_is_silent_after_the_patience() -> None:
    clock = Clock()
    assert _looked_at(Watch(15, clock), clock, [1, 2, 2, 2, 2, 2]) == [False, False, False, False, True, True]


def test_a_stranger_is_watched_for_the_whole_patience_first() -> None:
    clock = Clock()
    clock.now += 1_000_000
    assert _looked_at(Watch(15, clock), clock, [1, 1, 1, 1]) == [False, False, False, True]


def test_nobody_is_silent_for_a_time_in_which_we_did_not_look() -> None:
    clock = Clock()
    watch = Watch(15, clock)
    assert _looked_at(watch, clock, [1, 1]) == [False, False]
    clock.now += 3600  # frozen ourselves, or the database was away and nobody could beat
    assert _looked_at(watch, clock, [1, 1, 1]) == [False, False, False]


def test_a_clock_that_was_set_by_an_hour_changes_nothing() -> None:
    clock = Clock()
    watch = Watch(15, clock)
    for beat, hours in enumerate((0, 1, -1, 0)):
        lease = replace(LEASE, beat=beat, beaten_at=AT + timedelta(hours=hours))
        assert watch.silent([lease]) == []
        clock.now += 5


def test_the_dead_are_not_found_again() -> None:
    clock = Clock()
    watch = Watch(15, clock)
    for _ in range(10):
        assert watch.silent([replace(LEASE, dead=True)]) == []
        clock.now += 5
