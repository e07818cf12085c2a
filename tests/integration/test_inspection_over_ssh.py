"""Rounds over real OpenSSH: however commands and hosts behave, each check gets its honest verdict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from orchestrator.errors import UnreachableReason
from orchestrator.execution.round import execute
from orchestrator.gate.gate import admit
from orchestrator.model.host import Host
from orchestrator.model.observation import Observation
from orchestrator.model.plan import Plan, PlannedCheck
from orchestrator.model.round import CheckResult, HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.verdict import Verdict
from orchestrator.planning.digest import plan_digest
from orchestrator.plugin.check import Ask
from orchestrator.reach.host_keys import KnownHosts
from orchestrator.reach.pool import Pool
from orchestrator.reach.prober import Prober
from tests.inspections import NOW, GivenChecks, check, no_files, planned_check, planned_host
from tests.sshd import Sshd, known_hosts_of, needs_sshd, running_sshd

pytestmark = [needs_sshd, pytest.mark.xdist_group("inspection-over-ssh")]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sshd]]:
    # bash reads ~/.bashrc for each command over SSH, unless it thinks that it is a nested shell.
    with running_sshd(tmp_path_factory.mktemp("sshd"), count=2, options=["SetEnv SHLVL=2"]) as servers:
        yield servers


@pytest.fixture
async def pool(servers: list[Sshd]) -> AsyncIterator[Pool]:
    pool = Pool(KnownHosts(known_hosts_of(servers)), Prober())
    yield pool
    await pool.close()


class AnyLedger:
    """Takes every permit: what it refuses is tested elsewhere."""

    def redeem(self, permit_id: str, plan_digest: str, at: object) -> None: ...

    def redeemed_for(self, permit_id: str) -> str | None: ...


@dataclass
class Round:
    """One round over some hosts, each with the same checks."""

    pool: Pool
    hosts: Mapping[str, Host]
    plugins: Mapping[str, Any]
    checks: Iterable[PlannedCheck]

    def __post_init__(self) -> None:
        self.outcomes: dict[str, HostOutcome] = {}

    async def run(self, remembered: Mapping[str, Any] | None = None) -> RoundState:
        hosts = tuple(planned_host(*self.checks, name=name) for name in self.hosts)
        plan = Plan("morning", "早巡检", Kind.INSPECTION, hosts, {}, {}, "")
        plan = replace(plan, digest=plan_digest(plan))
        return await execute(
            admit(plan, NOW), plan, self.hosts, self.pool, GivenChecks(self.plugins), AnyLedger(),
            lambda: NOW, 10, 60.0, remembered or {}, self._note, no_files,
        )  # fmt: skip

    def _note(self, outcome: HostOutcome) -> None:
        self.outcomes[outcome.host] = outcome


def raw(command: str, heard: dict[str, tuple[int, bytes, bytes]] | None = None) -> Any:
    """A check that sees a command's exit status, and hands all that it heard to the test."""

    def observe(ask: Ask) -> Iterable[Observation]:
        result = ask.run(command)
        if heard is not None:
            heard[command] = result.rc, result.stdout_bytes, result.stderr_bytes
        yield Observation("value", float(result.rc))

    return check(observe)


ANY = b"<any>"
HONEST: Mapping[str, tuple[str, int, bytes, bytes]] = {
    "binary": ("printf '\\000\\001\\377\\376\\n\\r\\n'", 0, b"\x00\x01\xff\xfe\n\r\n", b""),
    "empty": ("true", 0, b"", b""),
    "a megabyte": ("head -c 1048576 /dev/zero | tr '\\0' x", 0, b"x" * 1_048_576, b""),
    "a megabyte of stderr": ("head -c 1048576 /dev/zero >&2; exit 1", 1, b"", b"\0" * 1_048_576),
    "not UTF-8": ("printf '\\326\\320'", 0, b"\xd6\xd0", b""),
    "NUL alone": ("printf '\\000'", 0, b"\0", b""),
    "no newline": ("printf x", 0, b"x", b""),
    "newlines alone": ("printf '\\n\\n\\n'", 0, b"\n\n\n", b""),
    "reads stdin": ("cat; echo end", 0, b"end\n", b""),
    "forks into the background": ("sleep 20 & echo $((1 + 1))", 0, b"2\n", b""),
    "exits": ("exit 7", 7, b"", b""),
    "exits with 255": ("exit 255", 255, b"", b""),
    "ends by a signal": ("sh -c 'kill -9 $$' 2>&-", 137, b"", b""),
    "changes its shell": ("cd /; umask 0; set -e; trap 'echo bye' EXIT; exec 2>&1; false", 1, b"bye\n", b""),
    "after it": ('test "$PWD" != / && umask', 0, b"0022\n", b""),
    "closes its output": ("exec >&- 2>&-", 0, b"", b""),
    "syntax error": ("if then", 2, b"", ANY),
    "unknown command": ("no-such-command", 127, b"", ANY),
    "several lines": ("cat <<'END'\na 'b' \"c\" $d `e`\nEND\necho f", 0, b"a 'b' \"c\" $d `e`\nf\n", b""),
    "a comment at its end": ("echo a # b", 0, b"a\n", b""),
    "prints all that it knows of its shell": ("set; env; alias; trap; echo end >&2", 0, ANY, b"end\n"),
}  # fmt: skip


async def test_every_kind_of_output_arrives_byte_for_byte_in_one_batch(
    servers: list[Sshd], pool: Pool
) -> None:
    heard: dict[str, tuple[int, bytes, bytes]] = {}
    plugins = {name: raw(command, heard) for name, (command, *_) in HONEST.items()}
    round_ = Round(pool, {"a": servers[0].host("a")}, plugins, [planned_check(name) for name in HONEST])
    assert await round_.run() is RoundState.COMPLETED
    outcome = round_.outcomes["a"]
    assert outcome.batches == 1
    assert {result.verdict for result in outcome.results} == {Verdict.OK}
    for name, (command, *wanted) in HONEST.items():
        for got, expected in zip(heard[command], wanted, strict=True):
            assert expected in (ANY, got), name


UNANSWERED = {
    "times out": ("sleep 86397", "did not end within 1 s"),
    "times out and ignores TERM": ("trap '' TERM; while :; do sleep 1; done", "did not end within 1 s"),
    "kills its shell": ("kill -9 $$", "ended its own shell"),
}


@pytest.mark.parametrize("name", UNANSWERED)
async def test_a_command_without_a_result_is_unknown_and_its_neighbours_are_answered(
    name: str, servers: list[Sshd], pool: Pool
) -> None:
    command, said = UNANSWERED[name]
    heard: dict[str, tuple[int, bytes, bytes]] = {}
    plugins = {"before": raw("echo before"), "it": raw(command), "after": raw("echo after", heard)}
    checks = [planned_check(key, timeout=1.0) for key in plugins]
    round_ = Round(pool, {"a": servers[0].host("a")}, plugins, checks)
    await round_.run()
    before, it, after = round_.outcomes["a"].results
    assert (before.verdict, it.verdict, after.verdict) == (Verdict.OK, Verdict.UNKNOWN, Verdict.OK)
    assert said in str(it.reason)
    assert heard["echo after"] == (0, b"after\n", b"")


async def test_output_beyond_the_cap_is_cut_and_not_called_ok(servers: list[Sshd], pool: Pool) -> None:
    result = await _one(pool, servers, "head -c 6000000 /dev/zero")
    assert result.verdict is Verdict.UNKNOWN
    assert "too much" in str(result.reason)


async def test_a_host_that_is_down_holds_up_no_other_and_a_second_round_takes_one_batch(
    servers: list[Sshd], pool: Pool
) -> None:
    def chain(ask: Ask) -> Iterable[Observation]:
        name = ask.run("echo %s", ask.name).stdout.strip()
        yield Observation("value", float(ask.run("printf %s | wc -c", name).stdout))

    down = replace(servers[1].host("down"), connection=replace(servers[1].connection(), port=1))
    hosts = {"a": servers[0].host("a"), "down": down, "b": servers[1].host("b")}
    round_ = Round(pool, hosts, {"chain": check(chain)}, [planned_check("chain")])
    assert await round_.run() is RoundState.COMPLETED
    failure = round_.outcomes["down"].failure
    assert failure is not None
    assert failure.reason in (UnreachableReason.REFUSED, UnreachableReason.HOST_KEY_UNKNOWN)
    first = {name: round_.outcomes[name] for name in ("a", "b")}
    assert {outcome.batches for outcome in first.values()} == {2}
    await round_.run({name: outcome.commands for name, outcome in first.items()})
    assert [round_.outcomes[name].batches for name in ("a", "b")] == [1, 1]
    assert [round_.outcomes[name].results[0].verdict for name in ("a", "b")] == [Verdict.OK, Verdict.OK]


async def test_a_round_cancelled_in_the_middle_keeps_what_it_has(servers: list[Sshd], pool: Pool) -> None:
    under_way = asyncio.Event()

    def two_steps(ask: Ask) -> Iterable[Observation]:
        ask.run("echo first")
        under_way.set()
        yield Observation("value", float(ask.run("sleep 86395").rc))

    plugins = {"quick": raw("true"), "slow": check(two_steps)}
    checks = [planned_check(key, timeout=30.0) for key in plugins]
    round_ = Round(pool, {"a": servers[0].host("a")}, plugins, checks)
    task = asyncio.create_task(round_.run())
    await asyncio.wait_for(under_way.wait(), 20)
    task.cancel()
    assert await task is RoundState.CANCELLED
    quick, slow = round_.outcomes["a"].results
    assert (quick.verdict, slow.verdict) == (Verdict.OK, Verdict.NOT_RUN)
    assert (await _one(pool, servers, "echo again")).verdict is Verdict.OK


async def _one(pool: Pool, servers: list[Sshd], command: str) -> CheckResult:
    round_ = Round(pool, {"a": servers[0].host("a")}, {"x": raw(command)}, [planned_check("x")])
    await round_.run()
    return round_.outcomes["a"].results[0]
