"""Logins, shells and failures against real OpenSSH servers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncssh
import pytest

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Language
from orchestrator.model.host import Connection, Host, Jump, Transport
from orchestrator.model.question import Command, CommandAnswer, CommandEnd, Question, TcpAnswer, TcpProbe
from orchestrator.reach.host_keys import KeyStatus, KnownHosts, ScannedKey, record_host_keys
from orchestrator.reach.host_session import HostSession
from orchestrator.reach.pool import Pool
from orchestrator.reach.prober import Prober
from orchestrator.reach.ssh import scan_host_key
from tests.sshd import (
    ADDRESS,
    Sshd,
    TemporaryUser,
    known_hosts_of,
    needs_root,
    needs_sshd,
    running_sshd,
    temporary_user,
)

pytestmark = needs_sshd


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sshd]]:
    with running_sshd(tmp_path_factory.mktemp("sshd"), count=3) as started:
        yield started


@pytest.fixture
async def pool(servers: list[Sshd]) -> AsyncIterator[Pool]:
    async with pool_with(known_hosts_of(servers)) as made:
        yield made


@contextlib.asynccontextmanager
async def pool_with(known: str, concurrency: int = 50) -> AsyncIterator[Pool]:
    pool = Pool(KnownHosts(known), Prober(), concurrency=concurrency)
    try:
        yield pool
    finally:
        await pool.close()


async def failure(pool: Pool, host: Host) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        await pool.connect(host)
    assert caught.value.host == host.name
    assert caught.value.say(Language.ZH)
    return caught.value


async def answer(session: HostSession, text: str, timeout: float = 10.0) -> CommandAnswer:
    command = Command(text, timeout)
    found = (await session.ask([command]))[command]
    assert isinstance(found, CommandAnswer)
    return found


def logins(server: Sshd) -> int:
    return server.log.read_text().count("Accepted publickey")


def altered(host: Host, **changes: object) -> Host:
    return dataclasses.replace(host, connection=dataclasses.replace(host.connection, **changes))  # type: ignore[arg-type]  # names are the caller's


# --- asking ------------------------------------------------------------------------------------------------


async def test_commands_and_probes_are_answered_in_one_go(pool: Pool, servers: list[Sshd]) -> None:
    session = await pool.connect(servers[0].host())
    questions: list[Question] = [
        Command("printf 'a\\0\\377'; exit 5"),
        TcpProbe(ADDRESS, servers[0].port),
        Command("printf x >&2"),
    ]
    answers = await session.ask([*questions, questions[0]])
    assert set(answers) == set(questions)
    first, probe, second = (answers[question] for question in questions)
    assert isinstance(first, CommandAnswer)
    assert (first.rc, first.stdout, first.stderr) == (5, b"a\0\xff", b"")
    assert isinstance(second, CommandAnswer)
    assert (second.rc, second.stdout, second.stderr) == (0, b"", b"x")
    assert isinstance(probe, TcpAnswer)
    assert probe.connected


async def test_a_host_is_logged_in_on_once_however_often_it_is_asked(pool: Pool, servers: list[Sshd]) -> None:
    before = logins(servers[0])
    sessions = await asyncio.gather(*(pool.connect(servers[0].host()) for _ in range(5)))
    assert len({id(session) for session in sessions}) == 1
    for number in range(3):
        assert (await answer(sessions[0], f"echo {number}")).stdout == f"{number}\n".encode()
    assert logins(servers[0]) == before + 1


async def test_a_command_with_a_nul_is_answered_and_the_others_run(pool: Pool, servers: list[Sshd]) -> None:
    session = await pool.connect(servers[0].host())
    bad, good = Command("echo a\0b"), Command("echo good")
    answers = await session.ask([bad, good])
    assert isinstance(found := answers[bad], CommandAnswer)
    assert (found.rc, found.end) == (None, CommandEnd.NOT_STARTED)
    assert b"NUL" in found.stderr
    assert isinstance(found := answers[good], CommandAnswer)
    assert found.stdout == b"good\n"


@pytest.mark.parametrize("killer", ["kill -9 $PPID", "kill -9 $$", "kill 0; sleep 9"])
async def test_a_command_that_takes_its_shell_down_is_named_and_the_others_are_answered(
    pool: Pool, servers: list[Sshd], killer: str
) -> None:
    session = await pool.connect(servers[0].host())
    innocent = [Command(f"echo {number}") for number in range(12)]
    questions = [*innocent[:7], Command(killer), *innocent[7:]]
    answers = await session.ask(questions)
    for number, command in enumerate(innocent):
        assert isinstance(found := answers[command], CommandAnswer)
        assert (found.end, found.stdout) == (CommandEnd.EXITED, f"{number}\n".encode())
    assert isinstance(found := answers[Command(killer)], CommandAnswer)
    assert (found.end, found.rc) == (CommandEnd.KILLED_SHELL, None)


async def test_a_connection_that_died_in_between_is_replaced_silently(
    pool: Pool, servers: list[Sshd]
) -> None:
    session = await pool.connect(servers[1].host("dying"))
    assert (await answer(session, "echo 1")).stdout == b"1\n"
    servers[1].end_connections()
    assert (await answer(session, "echo 2")).stdout == b"2\n"
    assert await pool.connect(servers[1].host("dying")) is session


async def test_a_connection_lost_in_mid_batch_is_made_again_and_asked_again(
    pool: Pool, servers: list[Sshd], tmp_path: Path
) -> None:
    session = await pool.connect(servers[1].host("dying"))
    begun = tmp_path / "begun"
    asked = asyncio.ensure_future(answer(session, f"echo >>{begun}; sleep 0.5; wc -l <{begun}"))
    while not begun.exists():
        await asyncio.sleep(0.01)
    servers[1].end_connections()
    found = await asked
    assert (found.end, int(found.stdout)) == (CommandEnd.EXITED, 2)


async def test_a_host_that_is_gone_for_good_in_mid_batch_is_lost(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as (server,):
        async with pool_with(server.known_hosts_line) as pool:
            session = await pool.connect(server.host())
            asked = asyncio.ensure_future(answer(session, f"touch {tmp_path}/begun; sleep 9"))
            while not (tmp_path / "begun").exists():
                await asyncio.sleep(0.01)
            server.stop()
            with pytest.raises(Unreachable) as caught:
                await asked
            assert caught.value.reason is UnreachableReason.LOST


async def test_what_we_leave_in_the_middle_ends_on_the_host(
    pool: Pool, servers: list[Sshd], tmp_path: Path
) -> None:
    session = await pool.connect(servers[0].host("left"))
    directory = Path((await answer(session, 'echo "$_w_d"')).stdout.decode().strip())
    assert directory.is_dir()
    begun = tmp_path / "begun"
    asked = asyncio.ensure_future(
        answer(session, f"echo $$ >{begun}.new; mv {begun}.new {begun}; sleep 99", 60)
    )
    while not begun.exists():
        await asyncio.sleep(0.01)
    asked.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asked
    await session.close()
    process = Path("/proc") / begun.read_text().strip()
    while process.exists():
        await asyncio.sleep(0.05)
    while directory.exists():
        await asyncio.sleep(0.05)


async def test_a_cancelled_question_does_not_answer_the_next_one(pool: Pool, servers: list[Sshd]) -> None:
    session = await pool.connect(servers[0].host())
    asked = asyncio.ensure_future(answer(session, "sleep 0.3; echo stale"))
    await asyncio.sleep(0)
    asked.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asked
    assert (await answer(session, "echo fresh")).stdout == b"fresh\n"


async def test_a_local_host_is_asked_without_ssh(pool: Pool) -> None:
    local = Host("here", (), Connection(Transport.LOCAL, "localhost"), {})
    session = await pool.connect(local)
    assert (await answer(session, "echo $((6*7))")).stdout == b"42\n"
    found = await answer(session, "kill -9 $PPID; echo survived")
    assert found.stdout in (b"survived\n", b"")
    assert (await answer(session, "echo on")).stdout == b"on\n"


# --- host keys ---------------------------------------------------------------------------------------------


async def test_an_unknown_key_stops_the_host_and_says_how_to_trust_it(servers: list[Sshd]) -> None:
    async with pool_with("") as pool:
        error = await failure(pool, servers[0].host("his-db01"))
    fingerprint = asyncssh.read_public_key(servers[0].host_key.with_suffix(".pub")).get_fingerprint()
    assert error.reason is UnreachableReason.HOST_KEY_UNKNOWN
    assert fingerprint in error.message.zh
    assert error.hint is not None
    assert "wardround hosts trust his-db01" in error.hint.zh


async def test_a_changed_key_stops_the_host_and_shows_both_fingerprints(servers: list[Sshd]) -> None:
    old, new = (asyncssh.read_public_key(server.host_key.with_suffix(".pub")) for server in servers[:2])
    recorded = servers[0].known_hosts_line.replace(str(servers[0].port), str(servers[1].port))
    before = logins(servers[1])
    async with pool_with(recorded) as pool:
        error = await failure(pool, servers[1].host("his-db01"))
    assert error.reason is UnreachableReason.HOST_KEY_CHANGED
    assert old.get_fingerprint() in error.message.zh
    assert new.get_fingerprint() in error.message.zh
    assert error.hint is not None
    assert "wardround hosts trust --replace his-db01" in error.hint.zh
    assert logins(servers[1]) == before


async def test_a_key_recorded_for_another_port_or_type_is_not_taken_for_this_one(servers: list[Sshd]) -> None:
    portless = servers[0].known_hosts_line.replace(f"[{ADDRESS}]:{servers[0].port}", ADDRESS)
    async with pool_with(portless) as pool:
        assert (await failure(pool, servers[0].host())).reason is UnreachableReason.HOST_KEY_UNKNOWN
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    async with pool_with(f"[{ADDRESS}]:{servers[0].port} {other}") as pool:
        assert (await failure(pool, servers[0].host())).reason is UnreachableReason.HOST_KEY_CHANGED


async def test_a_revoked_key_is_refused_though_it_is_recorded(servers: list[Sshd]) -> None:
    async with pool_with(f"{servers[0].known_hosts_line}@revoked {servers[0].known_hosts_line}") as pool:
        assert (await failure(pool, servers[0].host())).reason is UnreachableReason.HOST_KEY_CHANGED


async def test_first_contact_is_scanned_recorded_and_then_trusted(
    servers: list[Sshd], tmp_path: Path
) -> None:
    path = tmp_path / "known_hosts"
    host = servers[0].host("his-db01")
    key = await scan_host_key(host, KnownHosts.read(path))
    assert (key.status, key.is_jump, key.host) == (KeyStatus.NEW, False, "his-db01")
    record_host_keys(path, [key])
    again = await scan_host_key(host, KnownHosts.read(path))
    assert (again.status, again.trusted) == (KeyStatus.KNOWN, (key.fingerprint,))
    async with pool_with(path.read_text()) as pool:
        assert (await answer(await pool.connect(host), "echo in")).stdout == b"in\n"


async def test_hosts_behind_jump_hosts_are_trusted_step_by_step(servers: list[Sshd], tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    jumps = (servers[0].jump, servers[1].jump)
    host = servers[2].host("inner", connection=servers[2].connection(jumps=jumps))
    steps: list[ScannedKey] = []
    while not steps or steps[-1].is_jump:
        steps.append(await scan_host_key(host, KnownHosts.read(path)))
        record_host_keys(path, steps[-1:])
    assert [step.place for step in steps] == [f"[{ADDRESS}]:{server.port}" for server in servers]


# --- the way there -----------------------------------------------------------------------------------------


async def test_a_jump_host_is_logged_in_on_once_for_all_hosts_behind_it(
    pool: Pool, servers: list[Sshd]
) -> None:
    before = logins(servers[0])
    hosts = [
        servers[number].host(
            f"inner{number}", connection=servers[number].connection(jumps=(servers[0].jump,))
        )
        for number in (1, 2)
    ]
    sessions = await asyncio.gather(*(pool.connect(host) for host in hosts))
    for session in sessions:
        assert (await answer(session, "echo through")).stdout == b"through\n"
    assert logins(servers[0]) == before + 1


async def test_the_key_of_a_jump_host_is_checked_as_well(servers: list[Sshd]) -> None:
    async with pool_with(servers[1].known_hosts_line) as pool:
        connection = servers[1].connection(jumps=(servers[0].jump,))
        error = await failure(pool, servers[1].host("inner", connection=connection))
    assert error.reason is UnreachableReason.HOST_KEY_UNKNOWN
    assert f"[{ADDRESS}]:{servers[0].port}" in error.message.zh


async def test_a_host_that_its_jump_host_can_not_reach_is_refused(pool: Pool, servers: list[Sshd]) -> None:
    host = altered(servers[1].host("inner"), port=closed_port(), jumps=(servers[0].jump,))
    error = await failure(pool, host)
    assert error.reason is UnreachableReason.REFUSED


async def test_a_dead_jump_host_is_the_reason_of_each_host_behind_it(pool: Pool, servers: list[Sshd]) -> None:
    dead = Jump(ADDRESS, closed_port())
    hosts = [altered(servers[0].host(f"inner{number}"), jumps=(dead,)) for number in range(2)]
    errors = await asyncio.gather(*(failure(pool, host) for host in hosts))
    assert [error.reason for error in errors] == [UnreachableReason.REFUSED] * 2


RELAY = """
import os, socket, sys, threading
print("relay talks on stderr", file=sys.stderr)
there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while data := os.read(0, 65536):
        there.sendall(data)
    there.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := there.recv(65536):
    os.write(1, data)
"""


async def test_a_proxy_command_carries_the_connection(
    pool: Pool, servers: list[Sshd], tmp_path: Path
) -> None:
    relay = tmp_path / "relay.py"
    relay.write_text(RELAY)
    connection = servers[0].connection(proxy_command=f"{sys.executable} {relay} %h %p")
    session = await pool.connect(servers[0].host("proxied", connection=connection))
    assert (await answer(session, "echo relayed")).stdout == b"relayed\n"


async def test_a_proxy_command_that_fails_is_quoted(pool: Pool, servers: list[Sshd]) -> None:
    connection = servers[0].connection(proxy_command="echo no tunnel today >&2; exit 1")
    error = await failure(pool, servers[0].host("proxied", connection=connection))
    assert error.reason is UnreachableReason.PROTOCOL
    assert "no tunnel today" in error.message.zh


# --- failures ----------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind((ADDRESS, 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def impostor(greeting: bytes, *, hang: bool) -> AsyncIterator[int]:
    """A server that says `greeting` to whoever connects, and then nothing more or goodbye."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        if hang:
            await reader.read(-1)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, ADDRESS, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("greeting", "hang", "reason"),
    [
        (b"", True, UnreachableReason.TIMEOUT),
        (b"SSH-2.0-OpenSSH_9.2\r\n", True, UnreachableReason.TIMEOUT),
        (b"", False, UnreachableReason.PROTOCOL),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, UnreachableReason.PROTOCOL),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False, UnreachableReason.PROTOCOL),
        (b"SSH-1.5-Old\r\n", False, UnreachableReason.PROTOCOL),
        (b"\x00" * 100_000, True, UnreachableReason.PROTOCOL),
    ],
    ids=["silent", "stalls", "closes", "greets-and-closes", "http", "ssh1", "garbage"],
)
async def test_a_server_that_is_no_sshd_is_told_by_how_it_behaves(
    pool: Pool, servers: list[Sshd], greeting: bytes, hang: bool, reason: UnreachableReason
) -> None:
    async with impostor(greeting, hang=hang) as port:
        error = await failure(pool, altered(servers[0].host(), port=port, connect_timeout=0.5))
    assert error.reason is reason


async def test_a_closed_port_is_refused(pool: Pool, servers: list[Sshd]) -> None:
    error = await failure(pool, altered(servers[0].host(), port=closed_port()))
    assert error.reason is UnreachableReason.REFUSED


async def test_a_name_without_address_is_a_matter_of_dns(pool: Pool, servers: list[Sshd]) -> None:
    error = await failure(pool, altered(servers[0].host(), address="no-such-host.invalid"))
    assert error.reason is UnreachableReason.DNS


async def test_a_key_that_the_host_does_not_accept_is_a_matter_of_credentials(
    pool: Pool, servers: list[Sshd], tmp_path: Path
) -> None:
    stranger = tmp_path / "key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    error = await failure(pool, altered(servers[0].host(), key_file=stranger))
    assert error.reason is UnreachableReason.AUTH


async def test_a_key_file_that_can_not_be_used_is_named(
    pool: Pool, servers: list[Sshd], tmp_path: Path
) -> None:
    locked, garbage = tmp_path / "locked", tmp_path / "garbage"
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(locked)]
    await (await asyncio.create_subprocess_exec(*keygen)).wait()
    garbage.write_bytes(b"\xff\x00 no key")
    for path in (tmp_path / "missing", tmp_path, locked, garbage):
        error = await failure(pool, altered(servers[0].host(), key_file=path))
        assert error.reason is UnreachableReason.AUTH
        assert str(path) in error.message.zh


async def test_default_keys_open_a_host_that_names_none_also_beside_a_dead_agent(
    pool: Pool, servers: list[Sshd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "no-agent"))
    keyless = altered(servers[0].host("keyless"), key_file=None)
    assert (await failure(pool, keyless)).reason is UnreachableReason.AUTH
    (tmp_path / ".ssh").mkdir()
    shutil.copy(servers[0].client_key, tmp_path / ".ssh" / "id_ed25519")
    assert (await answer(await pool.connect(keyless), "echo in")).stdout == b"in\n"


async def test_an_agent_is_asked_only_where_no_key_is_named(
    pool: Pool, servers: list[Sshd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    agent = await asyncio.start_unix_server(serve, tmp_path / "agent")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    async with agent:
        await pool.connect(servers[0].host("named"))
        assert asked == 0
        await failure(pool, altered(servers[0].host("keyless"), key_file=None))
        assert asked == 1


async def test_a_jump_host_that_was_lost_is_logged_in_on_again(pool: Pool, servers: list[Sshd]) -> None:
    connection = servers[1].connection(jumps=(servers[2].jump,))
    session = await pool.connect(servers[1].host("inner", connection=connection))
    assert (await answer(session, "echo 1")).stdout == b"1\n"
    servers[2].end_connections()
    assert (await answer(session, "echo 2")).stdout == b"2\n"


async def test_dead_hosts_never_hold_up_the_others(servers: list[Sshd]) -> None:
    """One slot, and more dead hosts than slots: 192.0.2.0/24 is nobody's, so it swallows or refuses."""
    dead = [
        altered(servers[0].host(f"dead{number}"), address=f"192.0.2.{number}", connect_timeout=20.0)
        for number in range(1, 6)
    ]
    async with pool_with(known_hosts_of(servers), concurrency=1) as pool:
        tasks = [asyncio.ensure_future(pool.connect(host)) for host in dead]
        async with asyncio.timeout(10):
            session = await pool.connect(servers[0].host("alive"))
            assert (await answer(session, "echo alive")).stdout == b"alive\n"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_login_without_a_posix_shell_is_said_to_be_one(tmp_path: Path) -> None:
    with running_sshd(tmp_path, options=["ForceCommand echo this is a switch"]) as (server,):
        async with pool_with(server.known_hosts_line) as pool:
            error = await failure(pool, server.host())
    assert error.reason is UnreachableReason.PROTOCOL
    assert "this is a switch" in error.message.zh


async def test_a_banner_in_gbk_is_no_reason_not_to_log_in(tmp_path: Path) -> None:
    banner = tmp_path / "banner"
    banner.write_bytes("未经授权禁止登录\n".encode("gbk"))
    with running_sshd(tmp_path, options=[f"Banner {banner}"]) as (server,):
        async with pool_with(server.known_hosts_line) as pool:
            assert (await answer(await pool.connect(server.host()), "echo in")).stdout == b"in\n"


# --- other users -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def user() -> Iterator[TemporaryUser]:
    with temporary_user() as made:
        yield made


@needs_root
async def test_a_password_opens_the_host_and_a_wrong_one_does_not(
    pool: Pool, servers: list[Sshd], user: TemporaryUser
) -> None:
    right = servers[0].connection(user=user.name, password=user.password)
    session = await pool.connect(servers[0].host("right", connection=right))
    assert (await answer(session, "id -un")).stdout.decode().strip() == user.name
    wrong = servers[0].connection(user=user.name, password="not it")
    error = await failure(pool, servers[0].host("wrong", connection=wrong))
    assert error.reason is UnreachableReason.AUTH
    assert "not it" not in f"{error} {error.message} {error.hint}"


@needs_root
@pytest.mark.skipif(not shutil.which("tcsh"), reason="tcsh is missing")
async def test_a_csh_user_is_asked_all_the_same(pool: Pool, servers: list[Sshd]) -> None:
    with temporary_user(shell="/bin/tcsh") as user:
        session = await pool.connect(servers[0].host("csh", user=user.name))
        assert (await answer(session, "a=1; echo $((a+1))")).stdout == b"2\n"
        await session.close()
