"""What a shell printed becomes answers, byte for byte; no host is needed for that."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.question import Command, CommandEnd
from orchestrator.reach.batch import CAP, Batch, Streamed
from orchestrator.reach.pipe import Frame

OUTPUTS = st.lists(st.tuples(st.binary(max_size=64), st.binary(max_size=64), st.integers(0, 255)), max_size=6)
NOBODY_WAITS_FOR = b"motd\n\xff"


def batch_of(size: int) -> Batch:
    return Batch([Command(f"command {index}") for index in range(size)], 1)


def printed(batch: Batch, outputs: list[tuple[bytes, bytes, int]], late: bytes = b"") -> bytes:
    """What the host's `cat` sends."""
    token = batch.token.encode()
    frames = [frame for stdout, stderr, _ in outputs for frame in (stdout, stderr)]
    statuses = "".join(f"{rc} {number}.25\n" for number, (_, _, rc) in enumerate(outputs, 1))
    frames += [f"begin 0.25\n{statuses}".encode(), late, b""]
    return token + token.join(frames) + batch.end.encode()


def caught(frame: Frame, data: bytes, chunk: int = 7) -> bytes | None:
    for start in range(0, len(data), chunk):
        frame.feed(data[start : start + chunk])
    return frame.content


@given(OUTPUTS, st.integers(1, 100))
def test_every_byte_arrives_however_the_network_cuts_it(
    outputs: list[tuple[bytes, bytes, int]], chunk: int
) -> None:
    batch = batch_of(len(outputs))
    content = caught(Frame(batch.token, batch.end), NOBODY_WAITS_FOR + printed(batch, outputs), chunk)
    assert content is not None
    answers = batch.parse(content).answers
    assert [(answer.stdout, answer.stderr, answer.rc) for _, answer in sorted(answers.items())] == outputs
    assert all(answer.seconds == 1.0 for answer in answers.values())


@given(st.binary(max_size=400), st.integers(1, 50))
def test_a_frame_that_has_not_ended_has_no_content(data: bytes, chunk: int) -> None:
    batch = batch_of(1)
    assert caught(Frame(batch.token, batch.end), batch.token.encode() + data, chunk) is None


def test_a_command_that_prints_the_token_of_another_batch_changes_nothing() -> None:
    earlier, now = batch_of(1), batch_of(1)
    output = (earlier.token + earlier.end).encode()
    content = caught(Frame(now.token, now.end), printed(now, [(output, b"", 0)]))
    assert content is not None
    assert now.parse(content).answers[0].stdout == output


def test_a_late_command_keeps_what_it_wrote_and_has_no_exit_status() -> None:
    batch = batch_of(2)
    content = caught(
        Frame(batch.token, batch.end), printed(batch, [(b"part", b"", 143), (b"", b"", 0)], b"late 0\n")
    )
    assert content is not None
    answers = batch.parse(content).answers
    assert (answers[0].end, answers[0].rc, answers[0].stdout) == (CommandEnd.TIMED_OUT, None, b"part")
    assert (answers[1].end, answers[1].rc) == (CommandEnd.EXITED, 0)


def test_commands_behind_one_that_can_not_be_ended_have_no_answer() -> None:
    batch = batch_of(3)
    token = batch.token.encode()
    content = token.join(
        [b"first", b"", b"part", b"", b"", b"", b"begin 1.0\n0 2.0\n", b"late 1\nlate 1\nstuck 1\n", b""]
    )
    answers = batch.parse(content).answers
    assert sorted(answers) == [0, 1]
    assert (answers[0].rc, answers[0].stdout) == (0, b"first")
    assert (answers[1].end, answers[1].stdout) == (CommandEnd.TIMED_OUT, b"part")


def test_a_host_without_room_for_the_output_is_asked_again() -> None:
    batch = batch_of(2)
    outcome = batch.parse(b"")
    assert outcome.no_room
    assert not outcome.answers


def test_output_of_exactly_the_cap_is_whole_and_one_byte_more_is_capped() -> None:
    batch = batch_of(2)
    outputs = [(b"x" * CAP, b"", 0), (b"x" * (CAP + 1), b"", 0)]
    content = caught(Frame(batch.token, batch.end), printed(batch, outputs), 1 << 16)
    assert content is not None
    answers = batch.parse(content).answers
    assert (len(answers[0].stdout), answers[0].capped) == (CAP, False)
    assert (len(answers[1].stdout), answers[1].capped) == (CAP, True)


def test_endless_output_does_not_fill_our_memory() -> None:
    streamed = Streamed(Command("yes"))
    frame = Frame(streamed.token, streamed.end, limit=1000)
    content = caught(
        frame, f"{streamed.token}{'y' * 100_000}{streamed.token}143 1{streamed.end}".encode(), 500
    )
    assert content is not None
    assert len(content) < 3000
    answer = streamed.parse(content, b"").answers[0]
    assert (answer.end, answer.rc, answer.stdout[:1000]) == (CommandEnd.TIMED_OUT, None, b"y" * 1000)


def test_text_that_is_no_utf8_is_sent_as_the_bytes_it_came_from() -> None:
    assert b"echo \xff" in Batch([Command(b"echo \xff".decode("utf-8", "surrogateescape"))], 1).script()


@pytest.mark.parametrize(
    "text", ["cat /proc/uptime", "df -P 2>/dev/null", "awk '/a|b/{print $2}' /proc/meminfo", "/bin/ls -l"]
)
def test_one_program_alone_costs_no_subshell(text: str) -> None:
    assert f"1.0.e {text};" in Batch([Command(text)], 1).script().decode()


@pytest.mark.parametrize(
    "text",
    ["cd /", "exit 3", "exec true", "a=1", "set -e", "trap", "cd / | wc -l", "df; df", "umask 0", "."],
)
def test_what_could_change_the_shell_is_kept_in_a_subshell(text: str) -> None:
    assert "{ ( " in Batch([Command(text)], 1).script().decode()


@pytest.mark.parametrize(
    "text",
    ["if then", "cat |", "; true", "echo 'a", 'echo "a', "a )", "}", "echo `", "# a", "function f", "a\n"],
)
def test_what_may_not_be_whole_is_quoted(text: str) -> None:
    assert 'eval " "' in Batch([Command(text)], 1).script().decode()


def test_long_scripts_are_not_kept_in_memory_once_they_were_sent() -> None:
    tracemalloc.start()
    try:
        for number in range(20):
            script = f"echo {number} " + "x" * 100_000
            assert script.encode() in Batch([Command(script)], 1).script()
        del script
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 500_000
