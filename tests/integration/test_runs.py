"""Runs leg by leg, over real OpenSSH and on both databases: interrupted, ruled on, cancelled, fenced."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction

from orchestrator.application.legs import Legs
from orchestrator.application.recorder import records_thread
from orchestrator.bootstrap import Wardround, open_wardround
from orchestrator.errors import Fenced, InputError, StoreError
from orchestrator.execution import interpreter, launching
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.run import (
    Attempt,
    Decision,
    Run,
    RunEventKind,
    RunState,
    TaskOutcome,
    TaskState,
    Wait,
)
from orchestrator.model.server import Server
from orchestrator.records import database as records
from orchestrator.records.host_claims import claim_hosts
from orchestrator.records.journal import write_journal
from orchestrator.records.leases import bury, take_lease
from orchestrator.records.models.posting import Posting
from orchestrator.records.postings import run_postings
from orchestrator.records.process import this_life
from orchestrator.records.rulings import rule
from orchestrator.records.run_log import run_events, tell
from orchestrator.records.runs import get_run, make_run_wait, take_run
from tests.run_site import RunSite, spool_option, until
from tests.sshd import ADDRESS, SSHD, Sshd, needs_sshd, running_sshd

pytestmark = needs_sshd
WANG = Actor("wang", Proof.SESSION)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    folder = tmp_path_factory.mktemp("sshd")
    with running_sshd(folder, options=[spool_option(folder)]) as (one,):
        yield one


class Ward:
    """A site whose runs are advanced leg by leg, within the test's own process."""

    def __init__(self, site: RunSite) -> None:
        self.site = site
        self.open()
        self.now: datetime | None = None
        """What legs take for the time; None: the time."""
        self._lives = 0

    def open(self) -> None:
        """As a process that begins: the site's documents are read."""
        self.wardround: Wardround = open_wardround(self.site.root)
        self.runs, self.rounds = self.wardround.runs, self.wardround.rounds

    def clock(self) -> datetime:
        return self.now or datetime.now(UTC)

    def ask(self, tasks: Sequence[Mapping[str, object]], hosts: str = "t1", name: str = "plan") -> int:
        self.site.write(name, tasks, hosts)
        return self.runs.ask(name)

    async def leg(self, number: int, executor: str | None = None) -> None:
        pool = self.wardround.open_pool()
        try:
            with records_thread() as thread:
                if executor is None:
                    executor = await asyncio.wrap_future(thread.submit(self.life))
                legs = Legs(
                    self.wardround.site, self.wardround.checks, self.rounds,
                    self.clock, pool, thread, executor,
                )  # fmt: skip
                await legs.advance(number)
        finally:
            await pool.close()

    def life(self) -> str:
        """The executor of a worker that lives."""
        self._lives += 1
        return take_lease(f"ward{self._lives}", this_life(), self.clock()).executor

    def advance(self, number: int) -> Run:
        asyncio.run(self.leg(number))
        return get_run(number)

    def interrupt(self, number: int, path: Path) -> None:
        """A leg that is cancelled, as an engine that stops does it, once its command has begun."""

        async def work() -> None:
            leg = asyncio.create_task(self.leg(number))
            async with asyncio.timeout(60):
                while not path.exists() and not leg.done():
                    await asyncio.sleep(0.02)
            leg.cancel()
            await asyncio.wait([leg])
            assert leg.cancelled()

        asyncio.run(work())

    def attempts(self, number: int) -> list[tuple[str, str, int, TaskState]]:
        return [_brief(one) for one in self.runs.get(number).attempts]

    def outcome(self, number: int) -> TaskOutcome:
        """Of the latest attempt."""
        found = self.runs.get(number).attempts[-1].outcome
        assert found is not None
        return found

    def events(self, number: int, kind: RunEventKind) -> list[Mapping[str, object]]:
        return [event.data for event in run_events(number) if event.kind is kind]

    def postings(self, number: int) -> list[str]:
        return [
            key.partition(" ")[2] for key in Posting.objects.filter(run=number).values_list("key", flat=True)
        ]

    def path(self, name: str) -> Path:
        return self.site.effects / name


def _brief(attempt: Attempt) -> tuple[str, str, int, TaskState]:
    state = attempt.outcome.state if attempt.outcome else TaskState.INTENDED
    return attempt.intent.host, attempt.intent.task, attempt.intent.number, state


@pytest.fixture(params=["sqlite", "postgresql"])
def ward(request: pytest.FixtureRequest, server: Sshd, tmp_path: Path) -> Iterator[Ward]:
    settings = ""
    if request.param == "postgresql":
        database: Server = request.getfixturevalue("server_database")
        settings = f"database: {database}\ndatabase_password_file: {database.password_file}\n"
    yield from _ward(server, tmp_path, settings)


@pytest.fixture
def file_ward(server: Sshd, tmp_path: Path) -> Iterator[Ward]:
    """On SQLite alone: for what has nothing to do with the database."""
    yield from _ward(server, tmp_path, "")


def _ward(
    server: Sshd, folder: Path, settings: str, variables: Mapping[str, object] | None = None
) -> Iterator[Ward]:
    site = RunSite.make(folder, server, settings=settings, variables=variables)
    yield Ward(site)
    site.end()
    records.disconnect()


def writes(ward: Ward, name: str = "done") -> dict[str, object]:
    return {"id": name, "shell": f"echo x >> {ward.path(name)}"}


def held(ward: Ward, ending: str = "exit 0") -> dict[str, object]:
    """Begins once, and goes on when the gate is there."""
    begun, gate = ward.path("begun"), ward.path("gate")
    return {"id": "held", "shell": f"echo x >> {begun}; while [ ! -e {gate} ]; do sleep 0.05; done; {ending}"}


def lost(ward: Ward) -> dict[str, object]:
    """Nobody can say what came of its first attempt: it takes its supervisor down with it."""
    mark = ward.path("lost")
    return {
        "id": "lost",
        "shell": f"echo x >> {mark}; [ $(wc -l < {mark}) -gt 1 ] || {{ kill -9 $PPID; kill -9 $$; }}",
    }


# --- interrupted -------------------------------------------------------------------------------------------


def test_a_leg_that_is_cancelled_in_mid_command_is_gone_on_with_by_the_next(ward: Ward) -> None:
    number = ward.ask([held(ward), writes(ward)])
    ward.interrupt(number, ward.path("begun"))
    assert get_run(number).state is RunState.RUNNING
    ward.path("gate").touch()
    assert ward.advance(number).state is RunState.SUCCEEDED
    assert (ward.site.lines("begun"), ward.site.lines("done")) == (["x"], ["x"])
    assert [number for _, _, number, _ in ward.attempts(number)] == [1, 1]


def test_a_leg_may_be_cancelled_at_any_moment(ward: Ward) -> None:
    number = ward.ask([writes(ward, "one"), {"debug": {"msg": "said"}}, writes(ward, "two")])

    async def work() -> None:
        for turn in range(40):
            leg = asyncio.create_task(ward.leg(number))
            await asyncio.wait([leg], timeout=0.02 * 1.3**turn)
            leg.cancel()
            await asyncio.wait([leg])
            if not leg.cancelled():
                await leg
                return

    asyncio.run(work())
    assert get_run(number).state is RunState.SUCCEEDED
    assert (ward.site.lines("one"), ward.site.lines("two")) == (["x"], ["x"])
    assert not [one for one in ward.attempts(number) if one[3] is TaskState.UNKNOWN]


@pytest.mark.parametrize("written", [False, True])
def test_nothing_is_sent_when_the_intent_could_not_be_recorded(
    file_ward: Ward, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    ward, path = file_ward, "orchestrator.execution.run_journal.write_journal"
    number = ward.ask([writes(ward)])

    def fail(*arguments: object) -> None:
        if written:  # it was committed, and the answer got lost
            write_journal(*arguments)  # type: ignore[arg-type]
        raise StoreError(Text("数据库不可用", "the database is away"))

    with monkeypatch.context() as patch:
        patch.setattr(path, fail)
        with pytest.raises(StoreError):
            ward.advance(number)
    assert ward.site.lines("done") == []
    assert ward.advance(number).state is RunState.SUCCEEDED
    assert ward.site.lines("done") == ["x"]


def test_output_is_told_once_and_whole_however_often_its_leg_is_interrupted(file_ward: Ward) -> None:
    ward = file_ward
    numbered = (
        "i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; [ $((i % 50)) -gt 0 ] || sleep 0.6; done"
    )
    number = ward.ask([{"id": "talks", "shell": f"touch {ward.path('begun')}; {numbered}"}])

    async def work() -> None:
        for turn in range(20):
            leg = asyncio.create_task(ward.leg(number))
            await asyncio.wait([leg], timeout=0.5 * 1.3**turn)
            leg.cancel()
            await asyncio.wait([leg])
            if not leg.cancelled():
                return

    asyncio.run(work())
    assert len(ward.events(number, RunEventKind.STARTED)) == 1
    told = "".join(str(data["text"]) for data in ward.events(number, RunEventKind.OUTPUT))
    assert told.split("\n") == [*(f"line {i}" for i in range(1, 201)), ""]
    kept = ward.wardround.site.state / f"{ward.outcome(number).output}.out"
    assert kept.read_text() == told


# --- two workers -------------------------------------------------------------------------------------------


def test_of_two_workers_that_carry_out_one_run_the_first_is_fenced(ward: Ward) -> None:
    number = ward.ask([held(ward), writes(ward)])

    async def work() -> tuple[BaseException | None, BaseException | None]:
        first = asyncio.create_task(ward.leg(number))
        while not ward.path("begun").exists():
            await asyncio.sleep(0.02)
        second = asyncio.create_task(ward.leg(number))
        while await asyncio.to_thread(_epoch, number) < 2:
            await asyncio.sleep(0.02)
        ward.path("gate").touch()
        return await asyncio.gather(first, second, return_exceptions=True)

    first, second = asyncio.run(work())
    assert (type(first), second) == (Fenced, None)
    assert get_run(number).state is RunState.SUCCEEDED
    assert (ward.site.lines("begun"), ward.site.lines("done")) == (["x"], ["x"])


def _epoch(number: int) -> int:
    try:
        return get_run(number).epoch
    finally:
        records.disconnect()


def test_a_worker_that_was_taken_for_dead_takes_no_run_up(ward: Ward) -> None:
    number = ward.ask([writes(ward)])
    lease = take_lease("frozen", this_life(), ward.clock())
    assert bury(lease)
    with pytest.raises(Fenced):
        asyncio.run(ward.leg(number, lease.executor))
    assert (get_run(number).epoch, get_run(number).state) == (0, RunState.QUEUED)


def test_events_are_numbered_without_a_gap_whoever_writes_them(ward: Ward) -> None:
    number = ward.ask([writes(ward)])

    def write() -> None:
        for _ in range(25):
            with transaction.atomic():
                tell(number, ward.clock(), [(RunEventKind.OUTPUT, "t1", "done", {"text": "x"})])
        records.disconnect()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [event.sequence for event in run_events(number)] == list(range(1, 102))
    assert get_run(number).last_event == 101


# --- claims ------------------------------------------------------------------------------------------------


def test_of_two_runs_that_want_a_host_the_second_goes_on_when_the_first_is_over(ward: Ward) -> None:
    first = ward.ask([lost(ward)])
    second = ward.ask([writes(ward)], name="other")
    assert ward.advance(first).wait is Wait.RULING  # and it keeps its host meanwhile
    waiting = ward.advance(second)
    assert (waiting.state, waiting.wait) == (RunState.WAITING, Wait.OTHER_RUN)
    assert f"#{first}" in str(waiting.reason)
    assert (ward.site.lines("done"), "hosts" in ward.postings(second)) == ([], False)
    rule(first, "t1", "lost", Decision.ABORT, WANG, "seen", ward.clock())
    assert ward.advance(first).state is RunState.UNKNOWN
    assert "hosts" in ward.postings(second)
    assert ward.advance(second).state is RunState.SUCCEEDED
    assert ward.site.lines("done") == ["x"]


def test_a_run_that_finds_its_hosts_given_back_while_it_lies_down_is_woken(ward: Ward) -> None:
    number = ward.ask([writes(ward)])
    run = take_run(number, "ward#1", ward.clock())
    assert run is not None
    busy = Text("主机被占用", "hosts are taken")
    make_run_wait(number, run.epoch, Wait.OTHER_RUN, busy, ward.clock(), None, {"t1": 99})
    assert "hosts" in ward.postings(number)


def test_a_run_that_waits_for_another_is_cancelled_at_once(ward: Ward) -> None:
    holder, number = ward.ask([lost(ward)]), ward.ask([writes(ward)], name="other")
    assert claim_hosts(holder, ["t1"]) == {}
    assert ward.advance(number).wait is Wait.OTHER_RUN
    ward.runs.cancel(number)
    assert ward.advance(number).state is RunState.CANCELLED


def test_runs_that_only_read_wait_for_nobody(file_ward: Ward) -> None:
    ward = file_ward
    holder, number = ward.ask([lost(ward)]), ward.ask([{"debug": {"msg": "said"}}], name="other")
    assert claim_hosts(holder, ["t1"]) == {}
    assert ward.advance(number).state is RunState.SUCCEEDED


# --- rulings and verify ------------------------------------------------------------------------------------


def test_a_ruling_to_retry_does_not_repeat_what_has_become_known_meanwhile(ward: Ward) -> None:
    number = ward.ask([held(ward)])
    ward.interrupt(number, ward.path("begun"))
    epoch = get_run(number).epoch
    said = TaskOutcome("t1", "held", 1, TaskState.UNKNOWN, reason=Text("不知道", "nobody knows"))
    write_journal(number, epoch, [said], ward.clock())
    rule(number, "t1", "held", Decision.RETRY, WANG, "it did not happen", ward.clock())
    ward.path("gate").touch()
    assert ward.advance(number).state is RunState.SUCCEEDED
    assert ward.site.lines("begun") == ["x"]
    assert ward.attempts(number) == [("t1", "held", 1, TaskState.OK)]


def test_a_ruling_that_comes_while_a_leg_runs_has_a_leg_of_its_own(ward: Ward) -> None:
    number = ward.ask([lost(ward), held(ward)], hosts="t1")
    assert ward.advance(number).wait is Wait.RULING
    before = {posting.number for posting in run_postings(number)}
    rule(number, "t1", "lost", Decision.DONE, WANG, "seen", ward.clock())
    assert {posting.number for posting in run_postings(number)} - before


@pytest.mark.parametrize(
    ("verify", "state"), [("test -e {mark}", TaskState.OK), ("test ! -e {mark}", TaskState.UNKNOWN)]
)
def test_verify_settles_an_unknown_outcome_or_leaves_it(
    file_ward: Ward, verify: str, state: TaskState
) -> None:
    ward = file_ward
    probe = verify.format(mark=ward.path("lost"))
    tasks = [{**lost(ward), "verify": probe}]
    ward.site.write("plan", tasks, "t1")
    accepted = ward.site.run("runbook", "accept", "plan", "--reason", "it looks", "--yes")
    assert accepted.returncode == 0, accepted.stderr
    ward.open()
    number = ward.ask(tasks)
    run = ward.advance(number)
    assert ward.outcome(number).state is state
    assert (run.state, run.wait) == (
        (RunState.SUCCEEDED, None) if state is TaskState.OK else (RunState.WAITING, Wait.RULING)
    )
    assert "verify" in str(ward.outcome(number).reason)


# --- cancelled ---------------------------------------------------------------------------------------------


def test_a_run_that_waits_for_a_ruling_ends_unknown_when_it_is_cancelled(ward: Ward) -> None:
    number = ward.ask([lost(ward), writes(ward)])
    assert ward.advance(number).wait is Wait.RULING
    assert ward.runs.cancel(number).state is RunState.CANCELLING
    run = ward.advance(number)
    assert (run.state, "t1" in str(run.reason), ward.site.lines("done")) == (RunState.UNKNOWN, True, [])


def test_a_run_that_is_cancelled_before_it_is_planned_reaches_nothing(ward: Ward) -> None:
    number = ward.ask([writes(ward)])
    assert take_run(number, "ward#1", ward.clock()) is not None  # a worker had it, and died
    ward.runs.cancel(number)
    assert ward.advance(number).state is RunState.CANCELLED
    assert (ward.attempts(number), ward.site.lines("done")) == ([], [])


def test_a_cancelled_run_is_not_called_cancelled_before_its_host_confirms_it(
    own_server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ward in _ward(own_server, tmp_path, ""):
        monkeypatch.setattr(launching, "PATIENCE", 0.5)
        number = ward.ask([held(ward)])
        ward.interrupt(number, ward.path("begun"))
        ward.runs.cancel(number)
        with away(own_server):
            run = ward.advance(number)
            assert (run.state, run.wait) == (RunState.CANCELLING, Wait.HOST)
        run = ward.advance(number)
        assert (run.state, ward.outcome(number).state) == (RunState.CANCELLED, TaskState.STOPPED)


# --- hosts that are away, plans that can't go on, time -----------------------------------------------------


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path, options=[spool_option(tmp_path)]) as (one,):
        yield one


@contextmanager
def away(server: Sshd) -> Iterator[None]:
    """Within it nobody answers on the server's port; afterwards the server is there again."""
    server.stop()
    until(lambda: not answers(server))
    yield
    config = server.host_key.with_name("sshd_config")
    again = subprocess.Popen([SSHD, "-D", "-f", str(config), "-E", str(server.log)], start_new_session=True)
    AGAIN.append((again, replace(server, pid=again.pid)))
    until(lambda: answers(server))


AGAIN: list[tuple[subprocess.Popen[bytes], Sshd]] = []


@pytest.fixture(autouse=True)
def end_what_was_started_again() -> Iterator[None]:
    yield
    while AGAIN:
        process, server = AGAIN.pop()
        server.stop()
        process.wait()


def answers(server: Sshd) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((ADDRESS, server.port)) == 0


def test_a_host_that_is_lost_in_mid_command_is_waited_for_and_asked_back(
    own_server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ward in _ward(own_server, tmp_path, ""):
        monkeypatch.setattr(launching, "PATIENCE", 0.5)
        number = ward.ask([held(ward), writes(ward)])
        ward.interrupt(number, ward.path("begun"))
        with away(own_server):
            before = ward.clock()
            run = ward.advance(number)
            assert (run.state, run.wait) == (RunState.WAITING, Wait.HOST)
            assert run.until is not None
            assert before < run.until <= ward.clock() + interpreter.HOST_PAUSE
            (due,) = [one.delivery.not_before for one in run_postings(number) if one.delivery.not_before]
            assert due == run.until
            # Asked for again it waits again, and there is one posting still.
            assert ward.advance(number).wait is Wait.HOST
            assert ward.postings(number).count("wait") == 1
        ward.path("gate").touch()
        assert ward.advance(number).state is RunState.SUCCEEDED
        assert (ward.site.lines("begun"), ward.site.lines("done")) == (["x"], ["x"])


def test_a_run_whose_inventory_is_broken_for_a_while_has_not_failed(file_ward: Ward) -> None:
    ward = file_ward
    hosts = ward.site.root / "inventory" / "hosts.yml"
    good = hosts.read_text()
    number = ward.ask([held(ward)])
    ward.interrupt(number, ward.path("begun"))
    for broken in ("all: [", good.replace('"t1"', '"another"')):
        hosts.write_text(broken)
        run = ward.advance(number)
        assert (run.state, run.wait) == (RunState.WAITING, Wait.HOST), run.reason
        assert run.until is not None
    hosts.write_text(good)
    ward.path("gate").touch()
    assert ward.advance(number).state is RunState.SUCCEEDED
    assert ward.site.lines("begun") == ["x"]


def test_a_cancelled_run_that_cannot_be_asked_about_any_more_ends_unknown(file_ward: Ward) -> None:
    ward = file_ward
    number = ward.ask([held(ward)])
    ward.interrupt(number, ward.path("begun"))
    hosts = ward.site.root / "inventory" / "hosts.yml"
    hosts.write_text(hosts.read_text().replace('"t1"', '"another"'))
    ward.runs.cancel(number)
    assert ward.advance(number).state is RunState.UNKNOWN
    ward.path("gate").touch()


def test_a_pause_is_over_when_its_time_has_come_and_not_before(ward: Ward) -> None:
    ward.now = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    number = ward.ask([{"id": "rest", "pause": {"minutes": 30}}, writes(ward)])
    for minutes in (0, 29):
        ward.now = datetime(2026, 11, 24, 7, 30, tzinfo=UTC) + timedelta(minutes=minutes)
        run = ward.advance(number)
        assert (run.wait, run.until) == (Wait.TIME, datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    assert ward.site.lines("done") == []
    ward.now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert ward.advance(number).state is RunState.SUCCEEDED


def test_a_pause_that_is_cancelled_is_over(ward: Ward) -> None:
    number = ward.ask([{"id": "rest", "pause": {"minutes": 30}}, writes(ward)])
    assert ward.advance(number).wait is Wait.TIME
    ward.runs.cancel(number)
    assert ward.advance(number).state is RunState.CANCELLED
    assert ward.attempts(number) == [("", "rest", 1, TaskState.STOPPED)]
    with pytest.raises(InputError, match="failed on no host"):
        ward.runs.retry_failed(number)


# --- output ------------------------------------------------------------------------------------------------


def test_fifty_megabytes_and_binary_go_to_a_file_and_the_record_keeps_their_end(file_ward: Ward) -> None:
    ward, size = file_ward, 50_000_000
    much = f"head -c {size} /dev/zero | tr '\\0' 'x' | fold -w 79; printf '\\0\\377\\351end' >&2"
    number = ward.ask([{"id": "much", "shell": much}])
    assert ward.advance(number).state is RunState.SUCCEEDED
    outcome = ward.outcome(number)
    kept = ward.wardround.site.state / f"{outcome.output}.out"
    assert kept.stat().st_size == size + size // 79
    assert outcome.stdout == kept.read_text()[-8192:]
    assert outcome.stderr == "\ufffd\ufffd\ufffdend"
    told = ward.events(number, RunEventKind.OUTPUT)
    assert sum(len(str(data["text"])) for data in told) < 300_000
    assert [data for data in told if data.get("cut")]


def test_no_secret_stays_in_the_state_folder_or_in_the_database(server: Sshd, tmp_path: Path) -> None:
    secret, patient = "kX9-correct-horse", "11010519491231002X"
    for ward in _ward(server, tmp_path, "", {"db_password": secret}):
        said = "echo user:$(printf %s '{{ db_password }}'); printf %s '{{ db_password }}' | base64; "
        ward.path("patients").write_text(f"身份证 {patient}\n")
        told = f"cat {ward.path('patients')}; printf %s '{{{{ db_password }}}}' >&2"
        number = ward.ask(
            [
                {"id": "tells", "shell": said + told},
                {"id": "fails", "command": "cat '/nowhere/{{ db_password }}'"},
            ]
        )
        assert ward.advance(number).state is RunState.FAILED
        outcome = ward.runs.get(number).attempts[0].outcome
        assert outcome is not None
        assert "user:" in outcome.stdout
        told = json.dumps([event.data for event in run_events(number)], ensure_ascii=False)
        records.disconnect()
        state = ward.wardround.site.state
        with closing(sqlite3.connect(state / records.FILE)) as database:
            told += "\n".join(database.iterdump())
        assert any((state / "cache").iterdir())
        for path in [one for one in state.rglob("*") if one.is_file()]:
            told += path.read_bytes().decode("utf-8", "replace")
        for word in (secret, patient, base64.b64encode(secret.encode()).decode()[:-2]):
            assert word not in told
