"""sudo and su on a real host: every way in, and every way to be refused without hanging."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Language
from orchestrator.model.host import Become, BecomeMethod, Connection, Host, Transport
from orchestrator.model.question import Command, CommandAnswer, CommandEnd
from orchestrator.model.secret import Secret
from orchestrator.reach.host_keys import KnownHosts
from orchestrator.reach.host_session import HostSession
from orchestrator.reach.pool import Pool
from orchestrator.reach.prober import Prober
from tests.sshd import Sshd, TemporaryUser, needs_root, needs_sshd, running_sshd, temporary_user

pytestmark = [
    needs_sshd,
    needs_root,
    pytest.mark.skipif(not shutil.which("sudo"), reason="sudo is missing"),
    pytest.mark.skipif(not shutil.which("su"), reason="su is missing"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as (started,):
        yield started


@pytest.fixture(scope="module")
def user() -> Iterator[TemporaryUser]:
    with temporary_user() as made:
        yield made


@pytest.fixture
async def pool(server: Sshd) -> AsyncIterator[Pool]:
    pool = Pool(KnownHosts(server.known_hosts_line), Prober())
    try:
        yield pool
    finally:
        await pool.close()


@contextlib.contextmanager
def sudoers(user: TemporaryUser, rule: str, *more: str) -> Iterator[None]:
    """What sudo allows the user, for as long as the block lasts."""
    path = Path("/etc/sudoers.d", f"wardround-{secrets.token_hex(4)}")
    path.touch(mode=0o440)
    try:
        path.write_text("".join(f"{line}\n" for line in (f"{user.name} {rule}", *more)))
        yield
    finally:
        path.unlink()


def host(
    server: Sshd, user: TemporaryUser, method: BecomeMethod, password: str | None = None, to: str = "root"
) -> Host:
    become = Become(method, to, Secret(password) if password else None)
    return server.host("his-db01", connection=server.connection(user=user.name, become=become))


async def answer(session: HostSession, text: str, timeout: float = 10.0) -> CommandAnswer:
    command = Command(text, timeout)
    found = (await session.ask([command]))[command]
    assert isinstance(found, CommandAnswer)
    return found


async def refusal(pool: Pool, host: Host) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        await pool.connect(host)
    assert caught.value.reason is UnreachableReason.BECOME
    return caught.value


async def test_sudo_without_a_password_gives_root_byte_for_byte(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) NOPASSWD: ALL"):
        session = await pool.connect(host(server, user, BecomeMethod.SUDO))
        assert (await answer(session, "id -un")).stdout == b"root\n"
        found = await answer(session, r"printf '\0\n\r\n\377'; printf 'err\r\n' >&2; exit 7")
        assert (found.rc, found.stdout, found.stderr) == (7, b"\0\n\r\n\xff", b"err\r\n")


async def test_sudo_to_a_user_who_is_not_root_can_end_what_takes_too_long(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) NOPASSWD: ALL"):
        session = await pool.connect(host(server, user, BecomeMethod.SUDO, to="nobody"))
        assert (await answer(session, "id -un")).stdout == b"nobody\n"
        assert (await answer(session, "echo begun; sleep 60", 1)).end is CommandEnd.TIMED_OUT
        assert (await answer(session, "echo on")).stdout == b"on\n"


async def test_sudo_with_a_password_gives_root(pool: Pool, server: Sshd, user: TemporaryUser) -> None:
    with sudoers(user, "ALL=(ALL) ALL"):
        session = await pool.connect(host(server, user, BecomeMethod.SUDO, user.password))
        assert (await answer(session, "id -un")).stdout == b"root\n"


async def test_the_password_is_in_no_argument_and_no_environment(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) ALL"):
        session = await pool.connect(host(server, user, BecomeMethod.SUDO, user.password))
        # Its first letter in brackets, so that the question does not find itself.
        pattern = f"[{user.password[0]}]{user.password[1:]}"
        found = await answer(session, f"cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep -ac '{pattern}'")
        assert found.stdout == b"0\n"


async def test_sudo_refuses_a_wrong_password_after_one_try(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) ALL", f"Defaults:{user.name} timestamp_timeout=0"):
        error = await refusal(pool, host(server, user, BecomeMethod.SUDO, "not it"))
    assert "密码不对" in error.message.zh
    assert "not it" not in error.say(Language.ZH) + error.say(Language.EN).replace("accept", "")


async def test_sudo_that_wants_a_password_we_do_not_have_does_not_hang(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) ALL", f"Defaults:{user.name} timestamp_timeout=0"):
        error = await refusal(pool, host(server, user, BecomeMethod.SUDO))
    assert "password" in error.message.en
    assert error.hint is not None
    assert "ansible_become_password" in error.hint.zh


async def test_a_user_who_is_not_in_sudoers_is_told_so(pool: Pool, server: Sshd, user: TemporaryUser) -> None:
    error = await refusal(pool, host(server, user, BecomeMethod.SUDO, user.password))
    assert "not in the sudoers file" in error.message.zh
    assert error.hint is not None
    assert "sudoers" in error.hint.zh


async def test_sudo_that_wants_a_terminal_is_named_with_its_remedy(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) NOPASSWD: ALL", f"Defaults:{user.name} requiretty"):
        error = await refusal(pool, host(server, user, BecomeMethod.SUDO))
    assert error.hint is not None
    assert "requiretty" in error.hint.zh


async def test_sudo_that_allows_other_commands_only_is_refused(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with sudoers(user, "ALL=(ALL) NOPASSWD: /usr/bin/df"):
        assert (await refusal(pool, host(server, user, BecomeMethod.SUDO))).hint is not None


async def test_su_with_the_right_password_gives_the_other_user(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with temporary_user() as other:
        session = await pool.connect(host(server, user, BecomeMethod.SU, other.password, to=other.name))
        assert (await answer(session, "id -un; printf '\\0'")).stdout == f"{other.name}\n\0".encode()
        await session.close()


async def test_su_with_a_wrong_or_no_password_is_refused(
    pool: Pool, server: Sshd, user: TemporaryUser
) -> None:
    with temporary_user() as other:
        wrong = await refusal(pool, host(server, user, BecomeMethod.SU, "not it", to=other.name))
        assert "not it" not in wrong.message.en
        none = await refusal(pool, host(server, user, BecomeMethod.SU, to=other.name))
        assert none.hint is not None
        assert "ansible_become_password" in none.hint.zh


async def test_root_becomes_a_service_user_without_a_password(pool: Pool, server: Sshd) -> None:
    with temporary_user() as other:
        connection = server.connection(become=Become(BecomeMethod.SU, other.name))
        session = await pool.connect(server.host("his-db01", connection=connection))
        assert (await answer(session, "id -un")).stdout == f"{other.name}\n".encode()
        await session.close()


async def test_a_user_without_a_login_shell_is_refused_with_a_remedy(pool: Pool, server: Sshd) -> None:
    with temporary_user(shell="/usr/sbin/nologin") as other:
        connection = server.connection(become=Become(BecomeMethod.SU, other.name))
        error = await refusal(pool, server.host("his-db01", connection=connection))
    assert error.hint is not None
    assert "sudo" in error.hint.zh


async def test_a_local_host_becomes_another_user_as_well(pool: Pool) -> None:
    connection = Connection(Transport.LOCAL, "localhost", become=Become(BecomeMethod.SUDO, "nobody"))
    session = await pool.connect(Host("here", (), connection, {}))
    assert (await answer(session, "id -un")).stdout == b"nobody\n"
