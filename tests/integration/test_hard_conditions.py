"""Hosts and networks at their worst, over real OpenSSH: each ends in a true verdict, in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import UnreachableReason
from orchestrator.execution.round import execute
from orchestrator.gate.gate import admit
from orchestrator.language import Language
from orchestrator.model.host import Connection, Host, Transport
from orchestrator.model.observation import Observation
from orchestrator.model.plan import Plan
from orchestrator.model.round import CheckResult, HostFailure, HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.verdict import Verdict
from orchestrator.planning.digest import plan_digest
from orchestrator.plugin.check import Ask, CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from orchestrator.reach.host_keys import KnownHosts
from orchestrator.reach.pool import Pool
from orchestrator.reach.prober import Prober
from tests.inspections import NOW, GivenChecks, check, no_files, planned_check, planned_host, threshold
from tests.sshd import ADDRESS, Sshd, needs_root, needs_sshd, running_sshd, temporary_user

pytestmark = [needs_sshd, pytest.mark.xdist_group("hard-conditions")]

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))


class AnyLedger:
    """Takes every permit: what it refuses is tested elsewhere."""

    def redeem(self, permit_id: str, plan_digest: str, at: object) -> None: ...

    def redeemed_for(self, permit_id: str) -> str | None: ...


async def round_of(
    hosts: Mapping[str, Host],
    plugins: Mapping[str, Any],
    known: str,
    *,
    seconds: float = 60.0,
    timeout: float = 5.0,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, HostOutcome]:
    """One round of all checks on all hosts; `changes` to how a check is planned, by its name."""
    pool = Pool(KnownHosts(known), Prober())
    checks = [planned_check(name, timeout=timeout, **(changes or {}).get(name, {})) for name in plugins]
    planned = tuple(planned_host(*checks, name=name) for name in hosts)
    plan = Plan("morning", "早巡检", Kind.INSPECTION, planned, {}, {}, "")
    plan = replace(plan, digest=plan_digest(plan))
    outcomes: dict[str, HostOutcome] = {}
    try:
        state = await execute(
            admit(plan, NOW), plan, hosts, pool, GivenChecks(plugins), AnyLedger(), lambda: NOW,
            50, seconds, {}, lambda outcome: outcomes.update({outcome.host: outcome}), no_files,
        )  # fmt: skip
    finally:
        await pool.close()
    assert state is RoundState.COMPLETED
    return outcomes


def raw(*commands: str, heard: list[tuple[bytes, bytes]] | None = None) -> Any:
    """A check that runs the commands one after another, and sees the last one's exit status."""

    def observe(ask: Ask) -> Iterable[Observation]:
        for command in commands:
            result = ask.run(command)
            if heard is not None:
                heard.append((result.stdout_bytes, result.stderr_bytes))
        yield Observation("value", float(result.rc))

    return check(observe)


def verdicts(outcome: HostOutcome) -> list[Verdict]:
    return [result.verdict for result in outcome.results]


def failure(outcome: HostOutcome) -> HostFailure:
    assert outcome.failure is not None
    assert set(verdicts(outcome)) == {Verdict.UNKNOWN}
    return outcome.failure


@contextlib.contextmanager
def server_with(folder: Path, *options: str) -> Iterator[Sshd]:
    with running_sshd(folder, options=options) as (server,):
        yield server


def patient(server: Sshd, name: str) -> Host:
    """A host that has all the time it needs: this machine may be busy, and speed is not what is tested."""
    return server.host(name, connection=server.connection(connect_timeout=60.0))


class Relay:
    """A TCP relay in front of a server, whose answers can be slowed down to a byte at a time."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.pause: float | None = None
        """Seconds between two bytes of an answer; None: all at once."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Relay]:
        server = await asyncio.start_server(self._relay, ADDRESS, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(ADDRESS, self._behind)
        for source, sink, slow in ((reader, questions, False), (answers, writer, True)):
            task = asyncio.create_task(self._pass_on(source, sink, slow))
            self._tasks.add(task)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, slow: bool) -> None:
        try:
            while data := await source.read(1 << 16):
                if not slow or self.pause is None:
                    sink.write(data)
                    continue
                for byte in data:
                    sink.write(bytes([byte]))
                    await asyncio.sleep(self.pause)
        finally:
            sink.close()


# --- silence and slowness ----------------------------------------------------------------------------------


async def test_a_port_that_accepts_and_says_nothing_is_a_timeout(tmp_path: Path) -> None:
    with server_with(tmp_path) as server, socket.create_server((ADDRESS, 0)) as silent:
        port = silent.getsockname()[1]
        host = server.host("mute", connection=replace(server.connection(connect_timeout=1.0), port=port))
        outcomes = await round_of({"mute": host}, {"x": raw("true")}, "")
    assert failure(outcomes["mute"]).reason is UnreachableReason.TIMEOUT


async def test_a_host_that_hangs_after_the_login_is_a_timeout_that_says_where_to_look(tmp_path: Path) -> None:
    with server_with(tmp_path, "ForceCommand exec sleep 3600") as server:
        host = server.host("hung", connection=server.connection(connect_timeout=1.5))
        outcomes = await round_of({"hung": host}, {"x": raw("true")}, server.known_hosts_line)
    found = failure(outcomes["hung"])
    assert found.reason is UnreachableReason.TIMEOUT
    assert "logged in" in found.detail.say(Language.EN)
    assert found.hint is not None


async def test_a_login_at_one_byte_a_second_is_given_up_in_time(tmp_path: Path) -> None:
    with server_with(tmp_path) as server:
        async with Relay(server.port).running() as relay:
            relay.pause = 1.0
            connection = replace(server.connection(connect_timeout=2.0), port=relay.port)
            outcomes = await round_of(
                {"slow": server.host("slow", connection=connection)}, {"x": raw("true")}, ""
            )
    assert failure(outcomes["slow"]).reason is UnreachableReason.TIMEOUT


async def test_answers_at_one_byte_a_second_are_unknown_once_the_time_of_the_host_is_over(
    tmp_path: Path,
) -> None:
    with server_with(tmp_path) as server:
        async with Relay(server.port).running() as relay:

            def slowed(ask: Ask) -> Iterable[Observation]:
                ask.run("echo first")
                relay.pause = 1.0
                yield Observation("value", float(ask.run("echo second").rc))

            known = server.known_hosts_line.replace(str(server.port), str(relay.port))
            host = server.host("slow", connection=replace(server.connection(), port=relay.port))
            plugins = {"quick": raw("true"), "slow": check(slowed)}
            began = time.monotonic()
            outcomes = await round_of({"slow": host}, plugins, known, seconds=8.0)
            took = time.monotonic() - began
    assert verdicts(outcomes["slow"]) == [Verdict.OK, Verdict.UNKNOWN]
    assert took < 30


# --- losses and floods -------------------------------------------------------------------------------------


async def test_what_was_known_before_the_connection_dropped_stays_known(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with server_with(tmp_path) as server:

        async def pull_the_plug() -> None:
            while not begun.exists():
                await asyncio.sleep(0.02)
            server.stop()

        plugins = {
            "known": raw("true"),
            "cut": raw("echo 1", f"touch {begun}; sleep 9"),
            "too": raw("echo 2", "sleep 9"),
        }
        plug = asyncio.create_task(pull_the_plug())
        outcomes = await round_of({"a": patient(server, "a")}, plugins, server.known_hosts_line)
        await plug
    assert verdicts(outcomes["a"]) == [Verdict.OK, Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert outcomes["a"].results[1].reason == outcomes["a"].results[2].reason


async def test_commands_that_write_without_end_are_unknown_and_their_neighbours_are_answered(
    tmp_path: Path,
) -> None:
    with server_with(tmp_path) as server:
        plugins = {"stdout": raw("yes"), "stderr": raw("yes >&2"), "after": raw("true")}
        outcomes = await round_of({"a": patient(server, "a")}, plugins, server.known_hosts_line)
    assert verdicts(outcomes["a"]) == [Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.OK]


# --- hosts without room ------------------------------------------------------------------------------------

NO_ROOM = {
    "full": "mount -t tmpfs -o size=4k x $d && head -c 8192 /dev/zero >$d/full",
    "read-only": "mount -t tmpfs -o ro x $d",
}


@needs_root
@pytest.mark.parametrize("kind", NO_ROOM)
async def test_a_host_with_no_room_for_a_file_is_asked_all_the_same(kind: str, tmp_path: Path) -> None:
    folders = f"for d in /tmp /var/tmp /dev/shm; do {NO_ROOM[kind]}; done 2>/dev/null; exec sh"
    heard: list[tuple[bytes, bytes]] = []
    with server_with(
        tmp_path, f"ForceCommand exec env -u XDG_RUNTIME_DIR unshare -m sh -c '{folders}'"
    ) as server:
        plugins = {
            "bytes": raw("printf 'a\\000b\\n\\n'; echo e >&2", heard=heard),
            "no": raw("echo x >/tmp/x"),
        }
        outcomes = await round_of({"a": patient(server, "a")}, plugins, server.known_hosts_line)
    first, second = outcomes["a"].results
    assert heard[-1][0] == b"a\0b\n\n"
    assert first.verdict is Verdict.OK
    assert second.judgements[0].observation.value != 0.0


BARE = """\
cd {root} && mkdir bin usr etc proc dev && mount --rbind /usr usr && mount --rbind /etc etc || exit 1
mount --rbind /proc proc && : >dev/null && mount --bind /dev/null dev/null || exit 1
for folder in bin sbin lib lib64; do
  [ ! -L /$folder ] || ln -s usr/$folder .
  [ -e $folder ] || {{ mkdir $folder; mount --rbind /$folder $folder; }}
done
exec env -u XDG_RUNTIME_DIR -u TMPDIR chroot . sh
"""


@needs_root
async def test_a_host_without_any_folder_for_temporary_files_is_asked_all_the_same(tmp_path: Path) -> None:
    root, script = tmp_path / "root", tmp_path / "enter"
    root.mkdir()
    script.write_text(BARE.format(root=root))
    heard: list[tuple[bytes, bytes]] = []
    with server_with(tmp_path, f"ForceCommand exec unshare -m sh {script}") as server:
        plugins = {
            "bytes": raw("printf 'a\\000b\\n\\n'; echo e >&2", heard=heard),
            "none": raw("[ ! -e /tmp ] && [ ! -e /var/tmp ] && [ ! -e /dev/shm ]"),
        }
        outcomes = await round_of({"a": patient(server, "a")}, plugins, server.known_hosts_line)
    assert heard[-1] == (b"a\0b\n\n", b"e\n")
    assert [result.judgements[0].observation.value for result in outcomes["a"].results] == [0.0, 0.0]


# --- talk and shells ---------------------------------------------------------------------------------------


async def test_banner_and_noisy_profile_change_no_answer(tmp_path: Path) -> None:
    banner, profile = tmp_path / "banner", tmp_path / "profile"
    banner.write_bytes("欢迎 ".encode("gb18030") * 40 + b"\n")
    profile.write_text("echo held; echo noise >&2\nprintf 'begin 1\\n0 1\\n'\n")
    heard: list[tuple[bytes, bytes]] = []
    force = f". {profile}; exec sh"
    with server_with(tmp_path, f"Banner {banner}", f"ForceCommand {force}") as server:
        plugins = {"x": raw("echo answer", heard=heard)}
        outcomes = await round_of({"a": patient(server, "a")}, plugins, server.known_hosts_line)
    assert verdicts(outcomes["a"]) == [Verdict.OK]
    assert heard[-1] == (b"answer\n", b"")


SHELLS = {"csh": "tcsh", "fish": "fish"}


@needs_root
@pytest.mark.parametrize("name", SHELLS)
async def test_any_login_shell_that_can_start_sh_will_do(name: str, tmp_path: Path) -> None:
    shell = shutil.which(SHELLS[name])
    if shell is None:
        pytest.skip(f"{SHELLS[name]} is missing")
    heard: list[tuple[bytes, bytes]] = []
    with server_with(tmp_path) as server, temporary_user(shell=shell) as user:
        plugins = {"x": raw("a='b c'; printf '%s' \"$a\"; exit 0", heard=heard)}
        host = server.host("a", user=user.name)
        outcomes = await round_of({"a": host}, plugins, server.known_hosts_line)
    assert verdicts(outcomes["a"]) == [Verdict.OK]
    assert heard[-1][0] == b"b c"


@needs_root
@pytest.mark.parametrize("name", ["rbash", "nologin", "git-shell", "false"])
async def test_a_login_shell_that_lets_nothing_run_is_named(name: str, tmp_path: Path) -> None:
    shell = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if shell is None:
        pytest.skip(f"{name} is missing")
    with server_with(tmp_path) as server, temporary_user(shell=shell) as user:
        host = server.host("a", user=user.name)
        outcomes = await round_of({"a": host}, {"x": raw("true")}, server.known_hosts_line)
    found = failure(outcomes["a"])
    assert found.reason is UnreachableReason.PROTOCOL
    assert found.hint is not None
    assert "shell" in found.hint.en


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a real zh_CN.GBK, as a host from before the days of UTF-8 has it."""
    localedef = shutil.which("localedef")
    if localedef is None or not Path("/usr/share/i18n/charmaps/GBK.gz").exists():
        pytest.skip("localedef or its charmap GBK is missing")
    folder = tmp_path_factory.mktemp("locales")
    words = [localedef, "-c", "-i", "zh_CN", "-f", "GBK", str(folder / "zh_CN.GBK")]
    subprocess.run(words, capture_output=True, check=False)
    assert (folder / "zh_CN.GBK").is_dir()
    return folder


GBK = "printf '\\326\\320\\316\\304'"
"""A command that writes 中文 in GBK."""


async def _read_in_gbk(server: Sshd) -> tuple[bytes, list[str], list[CheckResult]]:
    heard: list[tuple[bytes, bytes]] = []
    read: list[str] = []

    def text(ask: Ask) -> Iterable[Observation]:
        read.append(ask.run(GBK).stdout)
        yield Observation("value", float(ask.run("printf %s '中文|'").stdout != "中文|"))

    plugins = {"bytes": raw(GBK, heard=heard), "text": check(text)}
    outcomes = await round_of({"a": patient(server, "a")}, plugins, server.known_hosts_line)
    return heard[-1][0], read, list(outcomes["a"].results)


async def test_a_host_whose_locale_is_gbk_is_asked_and_read_in_gbk(locales: Path, tmp_path: Path) -> None:
    with server_with(tmp_path, f"SetEnv LC_ALL=zh_CN.GBK LOCPATH={locales}") as server:
        heard, read, results = await _read_in_gbk(server)
    assert heard == "中文".encode("gbk")
    assert read[-1] == "中文"
    assert [result.verdict for result in results] == [Verdict.OK, Verdict.OK]
    assert results[1].judgements[0].observation.value == 0.0


async def test_text_in_gbk_that_the_host_does_not_announce_is_unknown(tmp_path: Path) -> None:
    with server_with(tmp_path, "SetEnv LC_ALL=C.UTF-8") as server:
        heard, read, results = await _read_in_gbk(server)
    assert heard == "中文".encode("gbk")
    assert read == []
    assert [result.verdict for result in results] == [Verdict.OK, Verdict.UNKNOWN]
    assert results[1].reason is not None
    assert "not utf-8 text" in results[1].reason.en.lower()


# --- clocks ------------------------------------------------------------------------------------------------

CLOCKS = {"right": NOW.timestamp(), "in 1970": 600, "in 2099": 4_070_908_800}


@pytest.mark.parametrize("clock", CLOCKS)
async def test_nothing_is_told_by_a_clock_in_another_age_but_its_offset(clock: str, tmp_path: Path) -> None:
    date, backup = tmp_path / "tools" / "date", tmp_path / "backup"
    date.parent.mkdir()
    date.write_text(f"#!/bin/sh\necho '{CLOCKS[clock]:.0f} +0800'\n")
    date.chmod(0o755)
    backup.mkdir()
    (backup / "his.dmp").write_text("x")
    # As old as it should be, by the clock of the host.
    os.utime(backup / "his.dmp", (CLOCKS[clock] - 300,) * 2)
    plugins = {name: REGISTRY.get(name) for name in ("backup_file", "clock_offset", "uptime")}
    changes: Mapping[str, Mapping[str, Any]] = {
        "backup_file": {
            "parameters": {"directory": str(backup)},
            "thresholds": {"age_h": threshold("> 26", "> 50")},
        },
        "clock_offset": {"thresholds": {"offset_s": threshold(">= 0.05", ">= 1")}},
    }
    with server_with(tmp_path, f"ForceCommand PATH={date.parent}:$PATH exec sh") as server:
        host = {"a": patient(server, "a")}
        outcomes = await round_of(host, plugins, server.known_hosts_line, changes=changes)
    age, offset, uptime = outcomes["a"].results
    assert uptime.verdict is Verdict.OK
    if clock == "right":
        assert (age.verdict, offset.verdict) == (Verdict.OK, Verdict.UNKNOWN)
        return
    assert (age.verdict, offset.verdict) == (Verdict.UNKNOWN, Verdict.CRIT)
    assert age.reason is not None
    assert "the host's clock says" in age.reason.en
    assert offset.judgements[0].observation.value == abs(CLOCKS[clock] - NOW.timestamp())


# --- many hosts, few descriptors ---------------------------------------------------------------------------


@contextlib.contextmanager
def blackhole() -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((ADDRESS, 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((ADDRESS, port))
        yield port


HERE = Connection(Transport.LOCAL, "localhost", connect_timeout=60.0)


def fleet(server: Sshd, up: int) -> dict[str, Host]:
    return {f"up{number}": patient(server, f"up{number}") for number in range(up)}


def reasons(outcomes: Iterable[HostOutcome]) -> Sequence[UnreachableReason | None]:
    return [outcome.failure.reason if outcome.failure else None for outcome in outcomes]


async def test_a_round_over_300_hosts_of_which_100_are_down_ends_within_its_time_with_true_counts(
    tmp_path: Path,
) -> None:
    with server_with(tmp_path) as server, blackhole() as hole:
        hosts = fleet(server, 200)
        for number in range(50):
            for name, port in (("refused", 1), ("silent", hole)):
                connection = replace(server.connection(connect_timeout=2.0), port=port)
                hosts[f"{name}{number}"] = server.host(f"{name}{number}", connection=connection)
        began = time.monotonic()
        outcomes = await round_of(
            hosts, {"x": raw("true")}, server.known_hosts_line, seconds=240.0, timeout=60.0
        )
        took = time.monotonic() - began
    found = reasons(outcomes.values())
    lost = [
        outcome.failure for host, outcome in outcomes.items() if host.startswith("up") and outcome.failure
    ]
    assert lost == []
    assert (found.count(None), found.count(UnreachableReason.REFUSED)) == (200, 50)
    assert found.count(UnreachableReason.TIMEOUT) == 50
    assert [verdicts(outcomes[f"up{number}"]) for number in range(200)] == [[Verdict.OK]] * 200
    # Those that are down take their turns 50 at a time; one host at most still has its own time after that.
    assert took < 2.0 * ceil(100 / 50) + 240.0


async def test_a_controller_with_64_descriptors_sees_every_host(tmp_path: Path) -> None:
    with server_with(tmp_path) as server, few_descriptors(64):
        outcomes = await round_of(
            fleet(server, 40),
            {"x": raw("echo 1", "true")},
            server.known_hosts_line,
            seconds=240.0,
            timeout=60.0,
        )
    assert len(outcomes) == 40
    said = [result.reason for outcome in outcomes.values() for result in outcome.results if result.reason]
    assert said == []
    assert {verdict for outcome in outcomes.values() for verdict in verdicts(outcome)} == {Verdict.OK}


async def test_a_host_for_which_no_descriptor_is_left_is_unknown_and_not_called_unreachable(
    tmp_path: Path,
) -> None:
    with server_with(tmp_path) as server, few_descriptors(26, believed=4096):
        hosts = fleet(server, 30) | {"here": Host("here", (), HERE, {})}
        outcomes = await round_of(hosts, {"x": raw("true")}, server.known_hosts_line)
    assert {outcome.failure for outcome in outcomes.values()} == {None}
    found = [result for outcome in outcomes.values() for result in outcome.results]
    assert Verdict.UNKNOWN in {result.verdict for result in found} <= {Verdict.OK, Verdict.UNKNOWN}
    said = {result.reason.en for result in found if result.reason is not None}
    assert said == {"this machine has too many files open, so it was not asked"}


@contextlib.contextmanager
def few_descriptors(number: int, believed: int | None = None) -> Iterator[None]:
    """As many as a controller with that limit has left beside its own 15. Only the soft limit is lowered in
    truth: nobody but root could raise the hard one again for the tests that follow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    limit = opened + number - 15
    told = believed or limit
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resource, "getrlimit", lambda _: (told, told))
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
