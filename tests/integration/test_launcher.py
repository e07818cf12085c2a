"""Commands that must run once, under three shells: what they give, how they end, what is left of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import SpoolError
from orchestrator.language import Language
from orchestrator.model.launch import CHUNK, Launch, LaunchState
from orchestrator.reach import launcher
from tests.launches import SHELLS, Stage, alive, host_session, make_shell, stage, until_async


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state of the host"
    folder.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture(params=SHELLS)
async def on(
    request: pytest.FixtureRequest, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setenv("PATH", make_shell(tmp_path, request.param))
    async with stage(state) as made:
        yield made


@pytest.fixture
async def here(state: Path) -> AsyncIterator[Stage]:
    async with stage(state) as made:
        yield made


def lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


# --- what a command gives ----------------------------------------------------------------------------------


async def test_a_quick_command_is_started_and_answered_byte_for_byte_in_one_go(on: Stage) -> None:
    report = await launcher.start(
        on.session, on.order(r"printf '\0\n\r\377'; printf 'err\r\n' >&2; cat; exit 7")
    )
    assert (report.state, report.rc) == (LaunchState.EXITED, 7)
    assert (report.stdout, report.stderr) == (b"\0\n\r\xff", b"err\r\n")
    assert (report.stdout_size, report.stderr_size, report.capped) == (4, 5, False)
    assert report.seconds is not None
    assert report.ended_ago is not None
    assert report.reason is None


async def test_a_command_runs_at_home_with_the_limits_and_the_umask_of_a_login(on: Stage) -> None:
    report = await on.run(
        "pwd; umask; ulimit -f; echo $WARDROUND_LAUNCH | wc -c; cut -d' ' -f6 /proc/$$/stat; echo $$"
    )
    home, umask, limit, mark, session, pid = report.stdout.split()
    expected = subprocess.run(["sh", "-c", "umask; ulimit -H -f"], capture_output=True, check=True)
    assert home.decode() == os.environ["HOME"]
    assert [int(umask, 8), limit] == [int(expected.stdout.split()[0], 8), expected.stdout.split()[1]]
    assert mark == b"33"
    assert session == pid


async def test_asking_again_with_the_same_token_gives_the_same_and_starts_nothing(
    on: Stage, tmp_path: Path
) -> None:
    effect = tmp_path / "effect"
    launch = on.order(f"echo x >>'{effect}'; echo done; exit 3")
    first = await launcher.start(on.session, launch)
    again = await launcher.start(on.session, launch)
    forbidden = await launcher.forbid(on.session, launch.token, on.spool)
    looked = await launcher.look(on.session, launch.token, on.spool)
    assert {(found.state, found.rc, found.stdout) for found in (first, again, forbidden, looked)} == {
        (LaunchState.EXITED, 3, b"done\n")
    }
    assert lines(effect) == 1


async def test_a_longer_command_is_followed_to_its_end_and_its_output_comes_meanwhile(on: Stage) -> None:
    launch = on.order('echo one; while [ ! -e "$HOME/$WARDROUND_LAUNCH" ]; do sleep 0.1; done; echo two')
    signal = Path(os.environ["HOME"], launch.token)
    try:
        begun = await launcher.start(on.session, launch)
        assert (begun.state, begun.stdout, begun.rc) == (LaunchState.RUNNING, b"one\n", None)
        signal.touch()
        ended = await on.end(launch)
    finally:
        signal.unlink(missing_ok=True)
    assert (ended.state, ended.rc) == (LaunchState.EXITED, 0)
    rest = await launcher.look(on.session, launch.token, on.spool, stdout_offset=4)
    assert (rest.stdout, rest.stdout_size) == (b"two\n", 8)


async def test_a_background_child_holds_nothing_up(on: Stage) -> None:
    report = await launcher.start(on.session, on.order("sleep 60 & echo $!"))
    assert (report.state, report.rc) == (LaunchState.EXITED, 0)
    child = int(report.stdout)
    assert alive(child)
    on.kill(child)


@pytest.mark.parametrize("on", ["dash", "busybox"], indirect=True)
async def test_large_binary_output_comes_in_pieces_byte_for_byte(on: Stage, tmp_path: Path) -> None:
    content = os.urandom(1_000_003) * 3
    (tmp_path / "content").write_bytes(content)
    launch = on.order(f"cat '{tmp_path}/content'; cat '{tmp_path}/content' >&2")
    await launcher.start(on.session, launch)
    await on.end(launch)
    out, err = b"", b""
    while True:
        report = await launcher.look(on.session, launch.token, on.spool, len(out), len(err))
        assert max(len(report.stdout), len(report.stderr)) <= CHUNK
        out, err = out + report.stdout, err + report.stderr
        if len(out) == report.stdout_size and len(err) == report.stderr_size:
            break
    assert out == content
    assert err == content


async def test_output_beyond_what_is_kept_is_cut_and_said_to_be(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.reach.launch_script.KEPT", 100_000)
    launch = on.order("printf begin; head -c 300000 /dev/zero; printf end >&2")
    await launcher.start(on.session, launch)
    report = await on.end(launch)
    assert (report.rc, report.capped, report.stdout_size) == (0, True, 100_000)
    assert report.stdout == b"begin" + bytes(99_995)
    assert report.stderr == b"end"
    assert (on.files(launch) / "out").stat().st_size == 100_001


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def quoted(word: bytes) -> str:
    return "'" + word.decode("utf-8", "surrogateescape").replace("'", "'\\''") + "'"


@settings(max_examples=6)
@given(
    st.lists(st.one_of(st.text(max_size=60).map(encoded), st.binary(max_size=60)), min_size=8, max_size=20)
)
@pytest.mark.parametrize("shell", SHELLS)
def test_any_text_reaches_the_command_unchanged(
    shell: str, tmp_path_factory: pytest.TempPathFactory, words: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("words")
    words = [word.replace(b"\0", b"") for word in words]
    text = "".join(f"printf '%s\\0' {quoted(word)}\n" for word in words)

    async def answered() -> bytes:
        async with stage(folder) as there:
            return (await there.run(text)).stdout

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        patch.setenv("PATH", make_shell(folder, shell))
        found = asyncio.run(answered())
    assert found.split(b"\0")[:-1] == words


async def test_odd_commands_end_as_they_do_from_a_file(on: Stage, tmp_path: Path) -> None:
    script = tmp_path / "script"
    for text in ("# nothing", "", "exit 4 # )", "cat <<A\n$((1+3))\nA", "echo '4", "\\", "if true", "kill 0"):
        script.write_text(text + "\n")
        alone = subprocess.run(
            ["sh", script], capture_output=True, stdin=subprocess.DEVNULL, start_new_session=True
        )
        report = await on.run(text)
        rc = alone.returncode if alone.returncode >= 0 else 128 - alone.returncode
        assert (report.state, report.rc, report.stdout) == (LaunchState.EXITED, rc, alone.stdout)


async def test_the_text_of_a_command_is_in_no_argument_and_stays_in_no_file(here: Stage) -> None:
    launch = here.order("password=swordfish; sleep 30")
    await launcher.start(here.session, launch)
    arguments = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended since it was listed
            arguments.append(path.read_bytes())
    stored = [path.read_bytes() for path in here.folder.rglob("*") if path.is_file()]
    await launcher.stop(here.session, launch.token, here.spool)
    assert not [found for found in arguments + stored if b"swordfish" in found]


async def test_a_host_whose_sync_takes_no_names_keeps_its_output_whole(on: Stage) -> None:
    (on.folder / on.spool / "syncs-files").unlink()
    launch = on.order("printf 'one\\n'; printf two >&2")
    report = await launcher.start(on.session, launch)
    assert (report.state, report.stdout, report.stderr) == (LaunchState.EXITED, b"one\n", b"two")
    assert (on.folder / on.spool / "claims" / ".barrier").exists()
    again = await launcher.look(on.session, launch.token, on.spool)
    assert (again.state, again.stdout, again.stderr) == (LaunchState.EXITED, b"one\n", b"two")


async def test_the_spool_is_its_users_alone(here: Stage) -> None:
    await here.run("echo x")
    assert here.folder.stat().st_mode & 0o777 == 0o700


# --- exactly once ------------------------------------------------------------------------------------------


async def test_of_many_starts_at_once_one_runs_and_all_report_it(on: Stage, tmp_path: Path) -> None:
    effect = tmp_path / "effect"
    launch = on.order(f"echo x >>'{effect}'; sleep 0.3; exit 5")

    async def one() -> Launch:
        async with host_session() as session:
            report = await launcher.start(session, launch)
            assert report.state in (LaunchState.RUNNING, LaunchState.EXITED)
        return launch

    await asyncio.gather(*(one() for _ in range(8)))
    report = await on.end(launch)
    assert (report.state, report.rc) == (LaunchState.EXITED, 5)
    assert lines(effect) == 1


async def test_what_was_forbidden_never_starts(on: Stage, tmp_path: Path) -> None:
    effect = tmp_path / "effect"
    launch = on.order(f"echo x >>'{effect}'")
    assert (await launcher.look(on.session, launch.token, on.spool)).state is LaunchState.ABSENT
    for _ in range(2):
        assert (await launcher.forbid(on.session, launch.token, on.spool)).state is LaunchState.ABSENT
    report = await launcher.start(on.session, launch)
    assert report.state is LaunchState.ABSENT
    assert report.reason is not None
    assert lines(effect) == 0


async def test_starting_and_forbidding_at_once_agree_on_one_of_the_two(here: Stage, tmp_path: Path) -> None:
    for number in range(6):
        effect = tmp_path / f"effect{number}"
        launch = here.order(f"echo x >>'{effect}'")
        async with host_session() as other:
            started, forbidden = await asyncio.gather(
                launcher.start(here.session, launch), launcher.forbid(other, launch.token, here.spool)
            )
        ended = await here.end(launch)
        assert (started.state is LaunchState.ABSENT) == (forbidden.state is LaunchState.ABSENT)
        assert (ended.state is LaunchState.ABSENT) == (lines(effect) == 0)


async def test_an_emptied_or_replaced_spool_is_unknown_and_never_absent(here: Stage, tmp_path: Path) -> None:
    effect = tmp_path / "effect"
    launch = here.order(f"echo x >>'{effect}'")
    await here.run("true")
    here.folder.rename(tmp_path / "elsewhere")
    other = await launcher.open_spool(here.session)
    assert other != here.spool
    for report in (
        await launcher.start(here.session, launch),
        await launcher.look(here.session, launch.token, here.spool),
        await launcher.forbid(here.session, launch.token, here.spool),
        await launcher.stop(here.session, launch.token, here.spool),
    ):
        assert report.state is LaunchState.UNKNOWN
        assert report.reason is not None
        assert "任务目录" in report.reason.say(Language.ZH)
    assert lines(effect) == 0


async def test_a_spool_that_cannot_be_written_is_one_clear_error(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state / "wardround").write_text("in the way")
    async with host_session() as session:
        with pytest.raises(SpoolError) as caught:
            await launcher.open_spool(session)
    assert "wardround" in caught.value.message.en
    assert caught.value.hint is not None


# --- how it ends -------------------------------------------------------------------------------------------

TREE = """
trap '' TERM
echo $$ >>@
(trap '' TERM; setsid sh -c 'echo $$ >>@; sleep 1000; :') &
(exec env -i PATH="$PATH" sh -c 'trap "" TERM; echo $$ >>@; sleep 1001; :') &
(sh -c 'echo $$ >>@; exec sleep 1002' &)
setsid sh -c 'sh -c "echo \\$\\$ >>@; exec sleep 1003" & sleep 1004'
"""


def tree(path: Path) -> str:
    return TREE.replace("@", shlex.quote(str(path)))


def members(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()]


async def test_a_command_is_ended_by_its_host_when_its_time_is_over(on: Stage, tmp_path: Path) -> None:
    polite = tree(tmp_path / "pids").replace("trap '' TERM", ":").replace('trap "" TERM', ":")
    launch = on.order(polite, timeout=1)
    await launcher.start(on.session, launch)
    report = await on.end(launch)
    assert report.state is LaunchState.TIMED_OUT
    assert len(members(tmp_path / "pids")) == 5
    assert not [pid for pid in members(tmp_path / "pids") if alive(pid)]


async def test_stop_ends_a_tree_that_ignores_term_and_has_changed_its_session(
    on: Stage, tmp_path: Path
) -> None:
    launch = on.order(tree(tmp_path / "pids"))
    assert (await launcher.start(on.session, launch)).state is LaunchState.RUNNING
    await until_async(lambda: lines(tmp_path / "pids") == 5)
    report = await launcher.stop(on.session, launch.token, on.spool, grace=0.5)
    assert report.state is LaunchState.STOPPED
    assert not [pid for pid in members(tmp_path / "pids") if alive(pid)]
    assert (await on.end(launch)).state is LaunchState.STOPPED


@pytest.mark.parametrize("on", ["dash", "busybox"], indirect=True)
async def test_stop_lets_a_command_clear_up_and_keeps_its_words(on: Stage) -> None:
    launch = on.order("trap 'echo cleared; exit 9' TERM; while :; do sleep 0.1; done")
    await launcher.start(on.session, launch)
    report = await launcher.stop(on.session, launch.token, on.spool)
    assert (report.state, report.rc, report.stdout) == (LaunchState.STOPPED, 9, b"cleared\n")


async def test_stop_leaves_alone_what_is_over_and_forbids_what_never_began(on: Stage) -> None:
    over, never = on.order("sleep 60 & echo $!; exit 2"), on.order("echo x")
    first = await launcher.start(on.session, over)
    report = await launcher.stop(on.session, over.token, on.spool)
    assert (report.state, report.rc, report.stdout) == (LaunchState.EXITED, 2, first.stdout)
    assert alive(int(first.stdout))
    on.kill(int(first.stdout))
    assert (await launcher.stop(on.session, never.token, on.spool)).state is LaunchState.ABSENT
    assert (await launcher.start(on.session, never)).state is LaunchState.ABSENT


async def test_stop_ends_what_has_lost_its_supervisor(on: Stage) -> None:
    launch = on.order("echo begun; sleep 1000")
    await launcher.start(on.session, launch)
    on.kill(on.supervisor(launch))
    report = await launcher.stop(on.session, launch.token, on.spool)
    assert (report.state, report.stdout) == (LaunchState.STOPPED, b"begun\n")
    assert not alive(on.command(launch))


async def test_a_host_that_shuts_down_politely_leaves_a_status(on: Stage) -> None:
    launch = on.order("exec sleep 1000")
    await launcher.start(on.session, launch)
    for pid in (on.supervisor(launch), on.command(launch)):
        os.kill(pid, 15)
    report = await on.end(launch)
    assert (report.state, report.rc) == (LaunchState.EXITED, 143)


# --- sweeping ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["dash", "busybox"], indirect=True)
async def test_sweeping_removes_what_is_over_and_old_and_never_lets_its_token_start_again(
    on: Stage, tmp_path: Path
) -> None:
    effect = tmp_path / "effect"
    old, young, running, lost = (on.order(text) for text in (
        f"echo x >>'{effect}'; head -c 20000 /dev/zero", "true", "sleep 1000", "exec sleep 1001",
    ))  # fmt: skip
    for launch in (old, young, running, lost):
        await launcher.start(on.session, launch)
    on.kill(on.supervisor(lost), on.command(lost))
    folders = {launch: on.files(launch) for launch in (old, young, running, lost)}
    for launch in (old, running, lost):
        os.utime(folders[launch], (1_000_000_000, 1_000_000_000))
    swept = await launcher.sweep(on.session, 30)
    assert swept.launches == 2
    assert swept.bytes > 20_000
    assert {launch for launch, folder in folders.items() if folder.exists()} == {young, running}
    report = await launcher.start(on.session, old)
    assert report.state is LaunchState.UNKNOWN
    assert report.reason is not None
    assert lines(effect) == 1
    assert (await launcher.stop(on.session, running.token, on.spool)).state is LaunchState.STOPPED
