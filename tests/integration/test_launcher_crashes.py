"""Commands that must run once, while all around them breaks: never twice, never lost, else `unknown`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from orchestrator.errors import SpoolError, Unreachable
from orchestrator.language import Language
from orchestrator.model.launch import Launch, LaunchReport, LaunchState
from orchestrator.reach import launcher
from tests import sshd
from tests.launches import Stage, alive, host_session, stage, until, until_async
from tests.sshd import SSHD, Sshd, needs_root, needs_sshd, running_sshd, temporary_user

needs_unshare = pytest.mark.skipif(
    not shutil.which("unshare")
    or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0,
    reason="unshare -m is missing or not allowed",
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture
async def here(state: Path) -> AsyncIterator[Stage]:
    async with stage(state) as made:
        yield made


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, state: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd"), options=[f"SetEnv XDG_STATE_HOME={state}"]) as (
        started,
    ):
        yield started


def lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


async def recovered(there: Stage, launch: Launch) -> LaunchReport:
    """As after a crash of ours: it only asks, forbids what never began, and waits for the end."""
    report = await launcher.forbid(there.session, launch.token, there.spool)
    return await there.end(launch) if report.state is LaunchState.RUNNING else report


# --- processes killed --------------------------------------------------------------------------------------


async def test_a_command_that_was_killed_has_the_status_of_a_killed_command(here: Stage) -> None:
    launch = here.order("exec sleep 1000")
    await launcher.start(here.session, launch)
    here.kill(here.command(launch))
    report = await here.end(launch)
    assert (report.state, report.rc) == (LaunchState.EXITED, 137)


async def test_without_its_supervisor_a_command_runs_until_it_ends_and_then_is_unknown(
    here: Stage, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    launch = here.order(f"echo x; while [ ! -e {go} ]; do sleep 0.1; done")
    await launcher.start(here.session, launch)
    here.kill(here.supervisor(launch))
    alone = await launcher.look(here.session, launch.token, here.spool)
    assert alone.state is LaunchState.RUNNING
    assert alone.reason is not None
    go.touch()
    until(lambda: not alive(here.command(launch)))
    report = await here.end(launch)
    assert (report.state, report.rc, report.stdout) == (LaunchState.UNKNOWN, None, b"x\n")
    assert report.reason is not None
    assert "监督进程" in report.reason.say(Language.ZH)
    assert (await launcher.start(here.session, launch)).state is LaunchState.UNKNOWN


async def test_a_time_limit_is_kept_although_the_supervisor_was_killed(here: Stage) -> None:
    launch = here.order("sleep 1000", timeout=2)
    await launcher.start(here.session, launch)
    here.kill(here.supervisor(launch))
    await until_async(lambda: not alive(here.command(launch)))
    assert (await here.end(launch)).state is LaunchState.UNKNOWN


@pytest.mark.parametrize(
    ("program", "before", "expected", "runs"),
    [
        ("ln", True, LaunchState.ABSENT, 0),  # right before the claim
        ("ln", False, LaunchState.UNKNOWN, 0),  # right after it
        ("sync", True, LaunchState.UNKNOWN, 0),
        ("sync", False, LaunchState.UNKNOWN, 0),  # right before the command
        ("mv", True, LaunchState.UNKNOWN, 1),  # it is over and its status not yet published
        ("mv", False, LaunchState.EXITED, 1),
    ],
)
async def test_a_supervisor_killed_at_each_step_leaves_what_is_true(
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    before: bool,
    expected: LaunchState,
    runs: int,
) -> None:
    async with stage(state):
        pass
    real, shim = shutil.which(program), tmp_path / "programs" / program
    shim.parent.mkdir()
    # The supervisor leads the session that its programs are in.
    kill = 'kill -KILL "$(cut -d" " -f6 /proc/$$/stat)"'
    armed = f"[ ! -e {tmp_path}/armed ]"
    steps = (
        # What the dead one was about to do does not happen.
        (f"{armed} || {{ {kill}; exit 1; }}", f'{real} "$@"')
        if before
        else (f'{real} "$@"', f"rc=$?; {armed} || {kill}; exit $rc")
    )
    shim.write_text("\n".join(["#!/bin/sh", *steps, ""]))
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    effect = tmp_path / "effect"
    async with stage(state) as there:
        launch = there.order(f"echo x >>'{effect}'")
        (tmp_path / "armed").touch()
        await launcher.start(there.session, launch)
        (tmp_path / "armed").unlink()
        report = await recovered(there, launch)
        assert (report.state, lines(effect)) == (expected, runs)
        assert (await launcher.start(there.session, launch)).state is expected
        assert lines(effect) == runs


async def test_another_process_that_got_the_same_pid_is_not_taken_for_the_command_and_not_stopped(
    here: Stage,
) -> None:
    launch = here.order("exec sleep 1000")
    await launcher.start(here.session, launch)
    here.kill(here.supervisor(launch), here.command(launch))
    with subprocess.Popen(["sleep", "1001"], start_new_session=True) as innocent:
        for name in ("supervisor", "process"):
            file = here.files(launch) / name
            _, *rest = file.read_text().split()
            file.write_text(" ".join([str(innocent.pid), *rest]) + "\n")
        report = await launcher.look(here.session, launch.token, here.spool)
        assert report.state is LaunchState.UNKNOWN
        assert (await launcher.stop(here.session, launch.token, here.spool)).state is LaunchState.UNKNOWN
        assert innocent.poll() is None
        innocent.kill()


async def test_a_command_whose_name_looks_like_the_system_s_own_words_is_found(
    here: Stage, tmp_path: Path
) -> None:
    odd = tmp_path / "a) Z 1\n2 (b"
    shutil.copy(shutil.which("sleep") or "", odd)
    launch = here.order(f"exec '{odd}' 1000")
    await launcher.start(here.session, launch)
    here.kill(here.supervisor(launch))
    assert (await launcher.look(here.session, launch.token, here.spool)).state is LaunchState.RUNNING
    assert (await launcher.stop(here.session, launch.token, here.spool)).state is LaunchState.STOPPED


async def test_a_result_of_which_only_a_part_reached_the_disk_is_unknown(here: Stage) -> None:
    launch = here.order("echo some output")
    await launcher.start(here.session, launch)
    result = here.files(launch) / "result"
    content = result.read_bytes()
    for damaged in (b"", bytes(len(content)), content[:12]):
        result.write_bytes(damaged)
        assert (await here.end(launch)).state is LaunchState.UNKNOWN
    result.write_bytes(content)
    (here.files(launch) / "out").write_bytes(b"some")
    report = await here.end(launch)
    assert (report.state, report.stdout, report.stdout_size) == (LaunchState.EXITED, b"some", 4)


# --- the way to the host -----------------------------------------------------------------------------------


@needs_sshd
async def test_a_command_outlives_its_login_and_the_ssh_server(
    server: Sshd, state: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    go, effect = tmp_path / "go", tmp_path / "effect"
    async with stage(state, server) as there:
        launch = there.order(f"echo x >>{effect}; while [ ! -e {go} ]; do sleep 0.1; done; echo end")
        assert (await launcher.start(there.session, launch)).state is LaunchState.RUNNING
        server.end_connections()
        assert (await launcher.look(there.session, launch.token, there.spool)).state is LaunchState.RUNNING
        server.stop()
        with pytest.raises(Unreachable):
            await launcher.look(there.session, launch.token, there.spool)
    go.touch()
    with running_sshd(tmp_path_factory.mktemp("sshd"), options=[f"SetEnv XDG_STATE_HOME={state}"]) as (
        again,
    ):
        async with stage(state, again) as there:
            report = await there.end(launch)
    assert (report.state, report.rc, report.stdout) == (LaunchState.EXITED, 0, b"end\n")
    assert lines(effect) == 1


@needs_sshd
async def test_a_start_whose_connection_breaks_is_never_done_twice(
    server: Sshd, state: Path, tmp_path: Path
) -> None:
    chance = random.Random(4)
    async with stage(state, server) as there:
        for number in range(8):
            effect = tmp_path / f"effect{number}"
            launch = there.order(f"echo x >>{effect}; sleep 0.05")
            started = asyncio.create_task(launcher.start(there.session, launch))
            await asyncio.sleep(chance.uniform(0, 0.06))
            server.end_connections()
            with contextlib.suppress(Unreachable, SpoolError):
                await started
            report = await recovered(there, launch)
            assert (report.state, lines(effect)) in {(LaunchState.EXITED, 1), (LaunchState.ABSENT, 0)}


@needs_sshd
@needs_root
async def test_a_user_who_has_no_home_to_write_in_is_told_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as (plain,), temporary_user() as user:
        async with host_session(plain, user.name) as session:
            with pytest.raises(SpoolError) as caught:
                await launcher.open_spool(session)
    assert user.name in caught.value.message.en
    assert caught.value.hint is not None


# --- the host itself ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def sshd_after(
    folder: Path, preparation: str, state: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sshd]:
    """A server in a mount namespace of its own, where `preparation` has been done."""
    folder.mkdir()
    wrapper = folder / "sshd-wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec unshare -m sh -c \'{preparation}\nexec {SSHD} "$@"\' sshd "$@"\n')
    wrapper.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(sshd, "SSHD", str(wrapper))
        with running_sshd(folder, options=[f"SetEnv XDG_STATE_HOME={state}"]) as (started,):
            yield started


@needs_sshd
@needs_root
@needs_unshare
async def test_after_a_restart_of_the_host_what_ran_is_unknown_and_what_was_over_is_known(
    server: Sshd, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(state, server) as there:
        over, cut = there.order("echo done; exit 3"), there.order("sleep 1000")
        await launcher.start(there.session, over)
        await launcher.start(there.session, cut)
        # Of the same pid and start time: only the boot differs.
        mounting = f"echo 81525f13-b014-45d4-8b56-c9f42abeffdb >{tmp_path}/boot_id\n"
        mounting += f"mount --bind {tmp_path}/boot_id /proc/sys/kernel/random/boot_id"
        with sshd_after(tmp_path / "rebooted", mounting, state, monkeypatch) as again:
            async with stage(state, again) as after:
                assert after.spool == there.spool
                known = await launcher.look(after.session, over.token, after.spool)
                lost = await recovered(after, cut)
                fresh = await after.run("echo fresh")
        assert (known.state, known.rc, known.stdout) == (LaunchState.EXITED, 3, b"done\n")
        assert known.ended_ago is None
        assert lost.state is LaunchState.UNKNOWN
        assert lost.reason is not None
        assert "重启" in lost.reason.say(Language.ZH)
        assert fresh.stdout == b"fresh\n"
        assert (await launcher.stop(there.session, cut.token, there.spool)).state is LaunchState.STOPPED


@needs_sshd
@needs_root
@needs_unshare
async def test_on_a_full_disk_nothing_starts_and_what_fills_it_still_gets_its_status(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = tmp_path / "effect"
    mounting = f"mount -t tmpfs -o size=256k,mode=700 none {state}"
    with sshd_after(tmp_path / "small", mounting, state, monkeypatch) as small:
        async with stage(state, small) as there:
            filling = await there.run("head -c 1000000 /dev/zero; echo $? >&2; exit 9")
            assert (filling.state, filling.rc) == (LaunchState.EXITED, 9)
            assert 0 < filling.stdout_size < 256 * 1024
            launch = there.order(f"echo x >>{effect}")
            refused = await launcher.start(there.session, launch)
            assert refused.state is LaunchState.ABSENT
            assert refused.reason is not None
            assert "未启动" in refused.reason.say(Language.ZH)
            assert lines(effect) == 0
            assert (await launcher.start(there.session, launch)).state is LaunchState.ABSENT


@needs_sshd
@needs_root
@needs_unshare
async def test_without_proc_a_host_says_unknown_until_there_is_a_result(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    with sshd_after(tmp_path / "bare", "mount -t tmpfs none /proc", state, monkeypatch) as bare:
        async with stage(state, bare) as there:
            quick = await launcher.start(there.session, there.order("echo quick"))
            assert (quick.state, quick.rc, quick.stdout) == (LaunchState.EXITED, 0, b"quick\n")
            launch = there.order(f"while [ ! -e {go} ]; do sleep 0.1; done; exit 6")
            assert (await launcher.start(there.session, launch)).state is LaunchState.UNKNOWN
            go.touch()
            result = there.files(launch) / "result"
            await until_async(result.exists)
            assert (await there.end(launch)).rc == 6
            late = there.order("sleep 1000", timeout=1)
            await launcher.start(there.session, late)
            await until_async((there.files(late) / "result").exists)
            ended = await there.end(late)
            assert ended.state is LaunchState.UNKNOWN
            assert not alive(there.command(late))


# --- storms ------------------------------------------------------------------------------------------------


@needs_sshd
def test_clients_killed_at_random_moments_do_it_never_twice_and_lose_it_never(
    server: Sshd, state: Path, tmp_path: Path
) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)

    async def client(launch: Launch, ready: int) -> None:
        async with host_session(server if chance.random() < 0.2 else None) as session:
            os.write(ready, b"x")
            await launcher.start(session, launch)

    ends = []
    with asyncio.Runner() as runner:
        staged = stage(state, server)
        there = runner.run(staged.__aenter__())
        for number in range(30):
            effect = tmp_path / f"effect{number}"
            launch = there.order(f"echo x >>{effect}; sleep 0.02; exit 3")
            hears, ready = os.pipe()
            pid = os.fork()
            if pid == 0:
                with contextlib.suppress(BaseException):
                    asyncio.run(client(launch, ready))
                os._exit(0)
            os.read(hears, 1)
            time.sleep(chance.uniform(0.0, 0.06))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(hears)
            os.close(ready)
            report = runner.run(recovered(there, launch))
            ends.append((report.state, lines(effect)))
        runner.run(staged.__aexit__(None, None, None))
    print(f"seed {seed}:", Counter(ends))
    assert set(ends) <= {(LaunchState.EXITED, 1), (LaunchState.ABSENT, 0)}, seed


async def test_supervisors_killed_at_random_moments_do_it_never_twice_and_tell_no_lie(
    here: Stage, tmp_path: Path
) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    for number in range(8):
        effect = tmp_path / f"effect{number}"
        launch = here.order(f"echo x >>{effect}; sleep 0.02; exit 3")
        task = asyncio.create_task(launcher.start(here.session, launch))
        await asyncio.sleep(chance.uniform(0.0, 0.08))
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if launch.token.encode() in path.read_bytes() and b"supervisor-" in path.read_bytes():
                    os.kill(int(path.parent.name), signal.SIGKILL)
        await task
        report = await recovered(here, launch)
        await until_async(partial(nothing_of, launch.token))
        runs = lines(effect)
        assert runs <= 1, seed
        assert report.state is LaunchState.UNKNOWN or (report.state, report.rc, runs) in {
            (LaunchState.EXITED, 3, 1), (LaunchState.ABSENT, None, 0),
        }, (seed, report)  # fmt: skip


def nothing_of(token: str) -> bool:
    """Whether nothing of that launch runs."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"WARDROUND_LAUNCH={token}".encode() in path.read_bytes():
                return False
    return True
