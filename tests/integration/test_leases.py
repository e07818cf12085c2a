"""Leases of workers, in real databases and with real processes."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction

from orchestrator.errors import Busy, Fenced, StoreError
from orchestrator.execution.lease_keeper import LeaseKeeper, acquire
from orchestrator.language import Text
from orchestrator.model.lease import Lease, Life
from orchestrator.model.server import Server
from orchestrator.records import database as records
from orchestrator.records.leases import beat, bury, drop_lease, list_leases, require_lease, take_lease
from orchestrator.records.process import surely_gone, this_life

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
ELSEWHERE = Life("his-ops02", 4711, "another boot 1 2")
pytestmark = pytest.mark.usefixtures("database")


def _clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this machine."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def _life_of(pid: int) -> Life:
    mark = this_life().mark.rpartition(" ")[0]
    started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return Life(this_life().host, pid, f"{mark} {started}")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_second_worker_of_the_name_is_told_where_the_first_one_is() -> None:
    take_lease("ward", ELSEWHERE, AT)
    with pytest.raises(Busy) as told:
        take_lease("ward", this_life(), AT)
    assert "his-ops02" in str(told.value)
    assert "4711" in str(told.value)
    assert [one.life for one in list_leases()] == [ELSEWHERE]


def test_fences_only_grow() -> None:
    fences = []
    for _ in range(3):
        lease = take_lease("ward", this_life(), AT)
        fences.append(lease.fence)
        drop_lease(lease)
    assert fences == sorted(set(fences))


def test_of_many_who_bury_one_succeeds_and_a_beat_prevents_it() -> None:
    lease = take_lease("ward", ELSEWHERE, AT)
    assert beat(lease, AT)
    assert not bury(lease)
    (seen,) = list_leases()
    assert [bury(seen), bury(seen)] == [True, False]


def test_who_was_buried_beats_no_more_and_writes_no_more() -> None:
    lease = take_lease("ward", ELSEWHERE, AT)
    with transaction.atomic():
        require_lease(lease.fence)
    bury(lease)
    assert not beat(lease, AT + timedelta(hours=1))
    with pytest.raises(Fenced), transaction.atomic():
        require_lease(lease.fence)
    assert take_lease("ward", this_life(), AT).fence > lease.fence


def test_a_process_is_surely_gone_only_when_it_is(sleeper: subprocess.Popen[bytes]) -> None:
    life = _life_of(sleeper.pid)
    assert not surely_gone(life)
    sleeper.kill()
    sleeper.wait()
    assert surely_gone(life)
    assert not surely_gone(ELSEWHERE)
    assert not surely_gone(Life(life.host, life.pid, ""))


def test_the_name_of_a_process_that_is_gone_is_free_at_once(sleeper: subprocess.Popen[bytes]) -> None:
    dead = take_lease("ward", _life_of(sleeper.pid), AT)
    sleeper.kill()
    sleeper.wait()
    assert acquire("ward", _clock, patience=3600).fence > dead.fence
    assert [one.dead for one in list_leases()] == [True, False]


def test_the_name_of_a_silent_worker_elsewhere_is_taken_after_the_patience() -> None:
    dead = take_lease("ward", ELSEWHERE, AT)
    assert acquire("ward", _clock, beat_seconds=0.1, patience=0.4).fence > dead.fence


def test_the_name_of_a_worker_that_beats_is_refused() -> None:
    keeper = LeaseKeeper(
        take_lease("ward", ELSEWHERE, AT), _clock, lambda: None, lambda _: None, beat_seconds=0.05
    )
    keeper.start()
    try:
        with pytest.raises(Busy):
            acquire("ward", _clock, beat_seconds=0.1, patience=3600)
    finally:
        keeper.stop()


def test_a_clock_an_hour_off_either_way_kills_nobody() -> None:
    lost: list[str] = []
    keepers = [
        LeaseKeeper(
            take_lease(name, ELSEWHERE, AT),
            lambda hours=hours: _clock() + timedelta(hours=hours),  # type: ignore[misc]
            lambda name=name: lost.append(name),  # type: ignore[misc]
            lost.append,
            beat_seconds=0.05,
            patience=1.0,
        )
        for name, hours in (("a", -1), ("b", 0), ("c", 1))
    ]
    for keeper in keepers:
        keeper.start()
    _until(lambda: all(one.beat > 40 for one in list_leases()))
    for keeper in keepers:
        keeper.stop()
    assert lost == []


def test_a_silent_worker_is_taken_over_from_and_learns_of_it() -> None:
    lost = threading.Event()
    taken: list[str] = []
    silent = take_lease("silent", ELSEWHERE, AT)
    keeper = _keeper(take_lease("ward", this_life(), AT), taken)
    keeper.start()
    _until(lambda: bool(taken))
    _until(lambda: [one.identity for one in list_leases()] == ["ward"])
    keeper.stop()
    woken = LeaseKeeper(silent, _clock, lost.set, lambda _: None, beat_seconds=0.05)
    woken.start()
    assert lost.wait(30)
    woken.stop()
    assert taken == [silent.executor]


def test_a_takeover_that_fails_is_tried_again() -> None:
    tries: list[str] = []

    def on_dead(executor: str) -> None:
        tries.append(executor)
        if len(tries) == 1:
            raise StoreError(Text("引擎不可用", "the store is away"))

    bury(take_lease("dead", ELSEWHERE, AT))
    keeper = _keeper(take_lease("ward", this_life(), AT), on_dead)
    keeper.start()
    _until(lambda: len(list_leases()) == 1)
    keeper.stop()
    assert len(tries) == 2


def _keeper(lease: Lease, taken: list[str] | Callable[[str], None]) -> LeaseKeeper:
    on_dead = taken.append if isinstance(taken, list) else taken
    return LeaseKeeper(lease, _clock, lambda: None, on_dead, beat_seconds=0.05, patience=0.4)


def test_who_is_frozen_in_mid_transaction_holds_its_lease_no_longer_than_others_have_patience(
    server_database: Server,
) -> None:
    records.configure(server_database, patience=0.5)
    lease = take_lease("ward", ELSEWHERE, AT)

    def buried() -> bool:
        try:
            return bury(lease)
        except StoreError:  # held still
            return False
        finally:
            records.disconnect()

    def freeze(others: ThreadPoolExecutor) -> None:
        with records.database_faults(), transaction.atomic():
            require_lease(lease.fence)
            _until(lambda: others.submit(buried).result())
            require_lease(lease.fence)

    with ThreadPoolExecutor(1) as others, pytest.raises(StoreError):
        freeze(others)
