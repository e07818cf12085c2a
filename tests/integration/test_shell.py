"""Commands that misbehave, asked through real shells on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.model.question import Command, CommandAnswer, CommandEnd
from orchestrator.reach.batch import CAP, DIRECTORIES
from orchestrator.reach.local import LocalLine
from orchestrator.reach.shell import Shell

NAMES = {"dash": "dash", "bash": "bash --posix", "busybox": "busybox sh"}


def shell_parameters() -> list[object]:
    missing = {
        name: pytest.mark.skipif(not shutil.which(name), reason=f"{name} is missing") for name in NAMES
    }
    return [
        pytest.param((command, directories), id=f"{name}-{kind}", marks=missing[name])
        for name, command in NAMES.items()
        for kind, directories in (("held", DIRECTORIES), ("streamed", ()))
    ]


@pytest.fixture(params=shell_parameters())
async def shell(request: pytest.FixtureRequest) -> AsyncIterator[Shell]:
    """Each kind of shell, once with room to hold output back and once without any."""
    command, directories = request.param
    async for started in running_shell(command, directories):
        yield started


@pytest.fixture
async def dash() -> AsyncIterator[Shell]:
    async for started in running_shell("sh", DIRECTORIES):
        yield started


async def running_shell(command: str, directories: Sequence[str], first: str = "") -> AsyncIterator[Shell]:
    line = LocalLine()
    pipe = await line.open(command)
    pipe.write(first.encode())
    shell = Shell(pipe, directories)
    assert await shell.start()
    yield shell
    shell.close()
    await line.close()
    assert not directory_of(shell)


def directory_of(shell: Shell) -> list[Path]:
    return [path for folder in ("/dev/shm", "/tmp", "/var/tmp") for path in Path(folder).glob(shell.name)]


async def ask(shell: Shell, *texts: str, timeout: float = 10.0) -> list[CommandAnswer]:
    outcome = await shell.run([Command(text, timeout) for text in texts])
    assert sorted(outcome.answers) == list(range(len(texts)))
    return [outcome.answers[index] for index in range(len(texts))]


WELL_BEHAVED: Mapping[str, tuple[int, bytes]] = {
    "": (0, b""),
    "   ": (0, b""),
    "# nothing": (0, b""),
    "echo hello": (0, b"hello\n"),
    "printf no-newline": (0, b"no-newline"),
    r"printf 'a\0b\377\376\r\nc\n\n\n'": (0, b"a\0b\xff\xfe\r\nc\n\n\n"),
    "exit 3": (3, b""),
    "exit 0; echo never": (0, b""),
    "false": (1, b""),
    "set -e; false; echo never": (1, b""),
    "cd /; pwd": (0, b"/\n"),
    'echo "$# [$*]"': (0, b"0 []\n"),
    "trap 'echo bye' EXIT; echo hello": (0, b"hello\nbye\n"),
    "cat": (0, b""),
    "read line; echo $?": (0, b"1\n"),
    "cat <<E\na 'quoted' $((1+1))\nE": (0, b"a 'quoted' 2\n"),
    "exec >/dev/null; echo never": (0, b""),
    "exec 1>&-": (0, b""),
    "umask 777; ulimit -f 1; ulimit -n 20; echo hello": (0, b"hello\n"),
    "set -- a b; shift; echo $1": (0, b"b\n"),
    "sh -c 'kill -9 $$'": (137, b""),
    "sleep 60 & echo foreground": (0, b"foreground\n"),
    "IFS=x PATH=/nowhere; unset HOME; alias echo=false; LC_ALL=C": (0, b""),
    "printf '%s' '中文'": (0, "中文".encode()),
    "cat /etc/passwd | grep -c 'no | such'": (1, b"0\n"),
    "ls /nowhere 2>/dev/null|wc -l|tr -d ' '": (0, b"0\n"),
    "ls /nowhere 2>&1 | grep -c nowhere": (0, b"1\n"),
    "sleep 0 | sh -c 'kill -9 $$'": (137, b""),
    "cat /etc/passwd | exit 3": (3, b""),
    "a=1\nb=2\necho $a$b": (0, b"12\n"),
}


async def test_a_batch_answers_each_command_as_if_it_ran_alone(shell: Shell) -> None:
    for _ in range(2):
        answers = await ask(shell, *WELL_BEHAVED)
        assert {
            text: (answer.rc, answer.stdout) for text, answer in zip(WELL_BEHAVED, answers, strict=True)
        } == WELL_BEHAVED
        # A shell remarks on what was killed; nothing else has anything to complain about.
        assert not any(answer.stderr for answer in answers if answer.rc != 137)
        assert {answer.end for answer in answers} == {CommandEnd.EXITED}


async def test_a_command_that_is_no_shell_syntax_fails_alone(shell: Shell) -> None:
    broken = ("echo 'unbalanced", "if", ")", "echo `", "}")
    answers = await ask(shell, *broken, "echo fine")
    assert all(answer.rc not in (0, None) and answer.stderr for answer in answers[:-1])
    assert answers[-1].stdout == b"fine\n"


async def test_stdout_and_stderr_are_kept_apart(shell: Shell) -> None:
    (answer,) = await ask(shell, r"echo out; printf 'err\0' >&2; exit 4")
    assert (answer.rc, answer.stdout, answer.stderr) == (4, b"out\n", b"err\0")


async def test_all_programs_of_a_pipeline_write_to_one_stderr(shell: Shell) -> None:
    (answer,) = await ask(shell, "ls /nowhere-first | ls /nowhere-second | ls /nowhere-third")
    assert all(b"nowhere-" + word in answer.stderr for word in (b"first", b"second", b"third"))
    assert answer.rc not in (0, None)


async def test_a_pipeline_that_takes_too_long_leaves_no_word_of_its_end(shell: Shell) -> None:
    (answer,) = await ask(shell, "sleep 60 | cat", timeout=1)
    assert (answer.rc, answer.end) == (None, CommandEnd.TIMED_OUT)
    assert (answer.stdout, answer.stderr) == (b"", b"")


async def test_a_megabyte_arrives_whole_and_more_than_the_cap_does_not(shell: Shell) -> None:
    answers = await ask(
        shell,
        "head -c 1048576 /dev/zero | tr '\\0' x",
        f"head -c {CAP} /dev/zero",
        f"head -c {CAP + 1} /dev/zero",
        f"head -c {CAP + 100_000} /dev/zero >&2",
    )
    assert [(len(answer.stdout), len(answer.stderr), answer.capped) for answer in answers] == [
        (1048576, 0, False), (CAP, 0, False), (CAP, 0, True), (0, CAP, True),
    ]  # fmt: skip


async def test_output_without_end_is_ended(dash: Shell) -> None:
    (answer,) = await ask(dash, "yes", timeout=60)
    assert answer.capped
    assert answer.stdout == b"y\n" * (CAP // 2)
    assert answer.rc == 128 + 25


async def test_what_takes_too_long_is_ended_with_its_children(shell: Shell) -> None:
    marker = f"3600.{os.getpid()}{id(shell)}"
    answers = await ask(
        shell, f"echo begun; sleep {marker} | cat", "echo next", timeout=1,
    )  # fmt: skip
    assert (answers[0].end, answers[0].rc, answers[0].stdout) == (CommandEnd.TIMED_OUT, None, b"begun\n")
    assert answers[0].stderr == b""
    assert (answers[1].end, answers[1].stdout) == (CommandEnd.EXITED, b"next\n")
    assert marker not in processes()


async def test_a_command_that_ignores_the_request_to_end_is_killed(dash: Shell) -> None:
    answers = await ask(dash, "trap '' TERM; while :; do sleep 1; done", "echo next", timeout=1)
    assert [answer.end for answer in answers] == [CommandEnd.TIMED_OUT, CommandEnd.EXITED]


async def test_each_command_has_its_own_time(dash: Shell) -> None:
    outcome = await dash.run(
        [Command("sleep 1; echo slow", 5), Command("sleep 9", 1), Command("echo quick", 1)]
    )
    assert [outcome.answers[index].stdout for index in range(3)] == [b"slow\n", b"", b"quick\n"]
    assert outcome.answers[1].end is CommandEnd.TIMED_OUT
    assert 1.0 <= outcome.answers[0].seconds < 3.0


async def test_where_nothing_ends_a_command_the_shell_is_given_up_with_what_is_done() -> None:
    """As with a hung NFS mount: here `kill` is made to do nothing to anybody but the shell itself."""
    powerless = 'kill() { case " $* " in *" $$ "*) command kill "$@" ;; esac; }\n'
    async for shell in running_shell("sh", DIRECTORIES, powerless):
        outcome = await shell.run([Command(text, 1) for text in ("echo a", "echo b; sleep 15", "echo c")])
        assert outcome.answers[0].stdout == b"a\n"
        assert (outcome.answers[1].end, outcome.answers[1].stdout) == (CommandEnd.TIMED_OUT, b"b\n")
        assert 2 not in outcome.answers
        await shell._pipe.until(lambda: False)
        assert not shell.usable


async def test_a_background_child_does_not_write_into_later_answers(dash: Shell) -> None:
    first = await ask(dash, "(sleep 0.3; echo late) & echo now", "sleep 0.6; echo second")
    assert first[1].stdout == b"second\n"
    await ask(dash, "(sleep 0.3; echo late) & echo now")
    (again,) = await ask(dash, "sleep 0.6; echo second")
    assert again.stdout == b"second\n"


async def test_five_hundred_commands_and_a_very_long_one_fit_in_a_batch(dash: Shell) -> None:
    long = "x" * 300_000
    answers = await ask(dash, *(f"echo {number}" for number in range(500)), f"printf %s {long}")
    assert [answer.stdout for answer in answers[:-1]] == [f"{number}\n".encode() for number in range(500)]
    assert answers[-1].stdout == long.encode()


async def test_a_command_that_takes_the_shell_down_leaves_no_answer_and_no_usable_shell(dash: Shell) -> None:
    outcome = await dash.run([Command("echo before"), Command("kill -9 $$"), Command("echo after")])
    assert not outcome.answers
    assert not dash.usable


async def test_a_directory_that_vanishes_is_made_up_for_by_streaming(dash: Shell) -> None:
    (directory,) = directory_of(dash)
    answers = await ask(dash, f"echo first; rm -rf {directory}", "echo second")
    assert [answer.stdout for answer in answers] == [b"first\n", b"second\n"]


async def test_a_shell_whose_input_is_closed_leaves_nothing_behind() -> None:
    async for shell in running_shell("sh", DIRECTORIES):
        assert directory_of(shell)


async def test_the_directory_of_a_lost_shell_is_removed_by_the_next() -> None:
    line = LocalLine()
    lost = Shell(await line.open("sh"))
    assert await lost.start()
    await lost.run([Command("kill -9 0")])
    assert directory_of(lost)
    following = Shell(await line.open("sh"))
    assert await following.start(stale=lost.name)
    assert not directory_of(lost)
    following.close()
    await line.close()


async def test_something_that_is_no_shell_is_found_out() -> None:
    line = LocalLine()
    assert not await Shell(await line.open("cat")).start(limit=0.5)
    assert not await Shell(await line.open("true")).start()
    await line.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 255)),
        min_size=1,
        max_size=5,
    )
)
async def test_any_bytes_make_the_round_trip(dash: Shell, outputs: list[tuple[bytes, bytes, int]]) -> None:
    answers = await ask(
        dash,
        *(f"printf '{octal(out)}'; printf '{octal(err)}' >&2; exit {rc}" for out, err, rc in outputs),
    )  # fmt: skip
    assert [(answer.stdout, answer.stderr, answer.rc) for answer in answers] == outputs


def octal(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)


def processes() -> str:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(lines)
