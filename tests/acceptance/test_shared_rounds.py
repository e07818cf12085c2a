"""One round, carried out by several workers: processes of their own, real OpenSSH, real PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.model.round import RoundState
from orchestrator.model.run import RunEventKind
from orchestrator.model.server import Server
from orchestrator.records import database as records
from orchestrator.records.leases import bury, list_leases
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.lease import Lease
from orchestrator.records.models.round import Round
from orchestrator.records.models.round_share import RoundShare
from orchestrator.records.models.run import Run
from orchestrator.records.rounds import get_round
from orchestrator.records.run_log import run_events
from tests.run_site import Process, RunSite, until
from tests.sshd import needs_sshd, running_sshd

pytestmark = needs_sshd

QUICK = ("q1", "q2")
"""Hosts that answer at once; all others wait for a gate."""
HOSTS = (*QUICK, *(f"h{number:02d}" for number in range(18)))


class Ward:
    """A site with a round whose hosts are held, and how far that has come."""

    def __init__(self, site: RunSite) -> None:
        self.site = site
        command = (
            f"host=%s; echo $host >> {site.effects}/asked; case $host in q*) ;; *) "
            f"while [ ! -e {site.effects}/gate ]; do sleep 0.05; done;; esac; echo 1"
        )
        check = {"run": {"command": command, "arguments": ["{{ inventory_hostname }}"]}, "crit": "> 1"}
        tasks = [{"name": "held", "check": check, "timeout": 300}]
        play = {"name": "held", "kind": "inspection", "hosts": "all", "tasks": tasks}
        (site.root / "runbooks" / "inspection" / "held.yml").write_text(json.dumps([play]))
        digest = hashlib.sha256(command.encode()).hexdigest()
        accepted = {"digest": digest, "effect": "read", "by": "wang", "reason": "waits", "what": command}
        (site.root / "accepted.yml").write_text(json.dumps([accepted]))

    def begin(self) -> Process:
        """Whoever asks for the round and waits for it."""
        asks = self.site.begin("round", "run", "held")
        until(lambda: RoundShare.objects.exists() or not asks.alive)
        return asks

    @property
    def asked(self) -> Counter[str]:
        """How often each host was."""
        return Counter(self.site.lines("asked"))

    def open_gate(self) -> None:
        (self.site.effects / "gate").touch()

    def shares_of(self, worker: str) -> int:
        """How many that one has under way."""
        fences = Lease.objects.filter(identity=worker).values_list("pk", flat=True)
        return RoundShare.objects.filter(fence__in=list(fences), done=False).count()

    def freeze(self, worker: Process, name: str) -> None:
        """And take it for dead at once, as others do when it is silent for long."""
        worker.send(signal.SIGSTOP)
        assert bury(next(one for one in list_leases() if one.identity == name))

    def until_both_are_at_work(self) -> None:
        until(lambda: self.shares_of("first") and self.shares_of("second"))
        until(lambda: len(self.asked) >= 2 * 4)

    def expect_whole(self, state: RoundState = RoundState.COMPLETED) -> Round:
        """The only round there is, with each host once."""
        row = get_round(1)
        assert (Round.objects.count(), row.round_state) == (1, state)
        assert sorted(HostResult.objects.values_list("host", flat=True)) == sorted(HOSTS)
        assert row.hosts_done == row.hosts == len(HOSTS)
        assert not RoundShare.objects.exists()
        told = [event.data for event in run_events(1) if event.kind is RunEventKind.PROGRESS]
        assert [data["done"] for data in told] == list(range(1, len(HOSTS) + 1))
        counted = {verdict.value: count for verdict, count in row.counts.items()}
        counted.pop("not_run", None)
        assert told[-1]["counts"] == counted
        return row


@pytest.fixture
def ward(server_database: Server, tmp_path: Path) -> Iterator[Ward]:
    settings = f"database: {server_database}\ndatabase_password_file: {server_database.password_file}\n"
    yield from _ward(tmp_path, settings)


@pytest.fixture
def file_ward(tmp_path: Path) -> Iterator[Ward]:
    yield from _ward(tmp_path, "")


def _ward(folder: Path, settings: str) -> Iterator[Ward]:
    with running_sshd(folder) as (server,):
        site = RunSite.make(folder, server, HOSTS, settings)
        file = site.root / "wardround.yml"
        file.write_text(re.sub("(?m)^concurrency: [0-9]+", "concurrency: 4", file.read_text()))
        try:
            ward = Ward(site)
            if not settings:
                records.open_database(site.root / "var")
            yield ward
        finally:
            site.end()
            records.disconnect()


def test_two_workers_share_a_round_and_who_follows_sees_the_whole_of_it(ward: Ward) -> None:
    ward.site.worker("first")
    ward.site.worker("second")
    asks = ward.begin()
    ward.until_both_are_at_work()
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    row = ward.expect_whole()
    assert row.ok == len(HOSTS)
    assert set(ward.asked.values()) == {1}


def test_what_a_killed_helper_had_under_way_is_asked_anew_and_nothing_else(ward: Ward) -> None:
    ward.site.worker("first")
    asks = ward.begin()
    until(lambda: len(ward.asked) >= 2 + 4)
    helper = ward.site.worker("second")
    ward.until_both_are_at_work()
    until(lambda: len(ward.asked) == 2 + 4 + 4)
    helper.kill()
    until(lambda: not ward.shares_of("second"))
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()
    assert sorted(ward.asked.values()) == [1] * (len(HOSTS) - 4) + [2] * 4
    assert ward.site.data("run", "show", "1")["executor"].startswith("first#")


def test_a_round_whose_worker_is_killed_is_gone_on_with_by_the_one_that_helped(ward: Ward) -> None:
    owner = ward.site.worker("first")
    asks = ward.begin()
    until(lambda: len(ward.asked) >= 2 + 4)
    ward.site.worker("second")
    ward.until_both_are_at_work()
    until(lambda: len(ward.asked) == 2 + 4 + 4 and HostResult.objects.count() == 2)
    owner.kill()
    until(lambda: Run.objects.get().executor.startswith("second#"))
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()
    assert sorted(ward.asked.values()) == [1] * (len(HOSTS) - 4) + [2] * 4
    assert [ward.asked[host] for host in QUICK] == [1, 1]


def test_a_helper_that_was_taken_for_dead_and_wakes_records_nothing_more(ward: Ward) -> None:
    ward.site.worker("first")
    asks = ward.begin()
    until(lambda: len(ward.asked) >= 2 + 4)
    helper = ward.site.worker("second")
    ward.until_both_are_at_work()
    until(lambda: len(ward.asked) == 2 + 4 + 4)
    ward.freeze(helper, "second")
    ward.open_gate()
    helper.send(signal.SIGCONT)
    until(lambda: not helper.alive)
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()


def test_a_round_whose_worker_is_frozen_is_gone_on_with_while_that_one_holds_its_lock(ward: Ward) -> None:
    owner = ward.site.worker("first")
    asks = ward.begin()
    until(lambda: len(ward.asked) >= 2 + 4)
    ward.site.worker("second")
    ward.until_both_are_at_work()
    ward.freeze(owner, "first")
    until(lambda: Run.objects.get().executor.startswith("second#"))
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()
    owner.send(signal.SIGCONT)
    until(lambda: not owner.alive)
    ward.expect_whole()


def test_a_shared_round_that_is_cancelled_stops_in_both_workers(ward: Ward) -> None:
    workers = [ward.site.worker("first"), ward.site.worker("second")]
    asks = ward.begin()
    ward.until_both_are_at_work()
    ended = ward.site.run("run", "cancel", "1")
    assert (ended.returncode, ward.site.state(1)) == (0, "cancelled"), ended
    assert asks.wait() == 130, asks.said()
    row = ward.expect_whole(RoundState.CANCELLED)
    assert (row.ok, row.not_run) == (len(QUICK), len(HOSTS) - len(QUICK))
    assert all(worker.alive for worker in workers)


def test_a_worker_that_finds_no_permit_for_the_plan_takes_no_part(ward: Ward) -> None:
    ward.site.worker("first")
    asks = ward.begin()
    until(lambda: len(ward.asked) == 2 + 4)
    Run.objects.update(permit="another")
    helper = ward.site.worker("second")
    until(lambda: "goes on without this worker" in helper.said())
    assert not ward.shares_of("second")
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()


def test_a_round_on_one_machine_is_gone_on_with_by_the_next_worker(file_ward: Ward) -> None:
    ward = file_ward
    first = ward.site.worker("first")
    asks = ward.begin()
    until(lambda: len(ward.asked) == 2 + 4 and HostResult.objects.count() == 2)
    first.kill()
    ward.site.worker("second")
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()
    assert [ward.asked[host] for host in QUICK] == [1, 1]


def test_a_round_that_nobody_can_go_on_with_has_failed_and_was_not_refused(file_ward: Ward) -> None:
    ward = file_ward
    first = ward.site.worker("first")
    asks = ward.begin()
    until(lambda: HostResult.objects.count() == 2)
    (ward.site.root / "inventory" / "hosts.yml").write_text("all: [")
    first.kill()
    ward.site.worker("second")
    assert asks.wait() == 3, asks.said()
    run = ward.site.data("run", "show", "1")
    assert (run["state"], get_round(1).round_state) == ("failed", RoundState.INTERRUPTED)
    assert "hosts.yml" in run["reason"]["en"]


def test_a_worker_that_comes_while_a_command_carries_a_round_out_helps_with_it(file_ward: Ward) -> None:
    ward = file_ward
    asks = ward.begin()
    until(lambda: len(ward.asked) == 2 + 4)
    ward.site.worker("first")
    until(lambda: ward.shares_of("first") and len(ward.asked) >= 2 + 4 + 4)
    ward.open_gate()
    assert asks.wait() == 0, asks.said()
    ward.expect_whole()
    assert Run.objects.get().executor.startswith("command:")
    assert set(ward.asked.values()) == {1}
