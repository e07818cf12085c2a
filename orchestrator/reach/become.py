"""Becomes another user with sudo or su: passwords go over stdin only, and no prompt is waited for."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass, field

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text
from orchestrator.model.host import Become, BecomeMethod
from orchestrator.reach.pipe import STDERR, STDOUT, Pipe

_ASKS = re.compile(rb"(:|\xef\xbc\x9a)[ \t]*\Z")
"""su's prompt in any language: text on stderr that stops at a colon, also a Chinese one."""

_HINTS = {
    b"must have a tty": Text(
        "在 sudoers 中为该用户设置 !requiretty", "set !requiretty for this user in sudoers"
    ),
    b"not in the sudoers": Text("在 sudoers 中授权该用户", "allow this user in sudoers"),
    b"not allowed": Text("在 sudoers 中授权该用户运行 sh", "allow this user to run sh in sudoers"),
    b"not found": Text("该主机没有这个命令；检查 ansible_become_method", "check ansible_become_method"),
    b"not available": Text("目标用户没有可登录的 shell，改用 sudo", "that user has no login shell; use sudo"),
}
_PASSWORD_HINT = Text("检查 ansible_become_password", "check ansible_become_password")


@dataclass(frozen=True, slots=True)
class Ascent:
    """One attempt to become another user."""

    become: Become
    _ready: str = field(default_factory=lambda: secrets.token_hex(16))
    _prompt: str = field(default_factory=lambda: f"{secrets.token_hex(16)}:")

    def command(self) -> str:
        """What starts the other user's `sh`. It holds no secret."""
        user = _quoted(self.become.user)
        # The other user's login shell need not be a POSIX one.
        inner = _quoted(f"echo {self._ready}; exec sh")
        if self.become.method is BecomeMethod.SU:
            return f"su {user} -c {inner}"
        asking = f"-S -p {self._prompt}" if self.become.password else "-n"
        return f"sudo -H {asking} -u {user} sh -c {inner}"

    async def finish(self, host: str, pipe: Pipe, limit: float) -> None:
        """Answer the prompt, if there is one, and wait until the shell is there.

        Raises:
            Unreachable: it does not come.
        """
        try:
            async with asyncio.timeout(limit):
                await self._converse(host, pipe)
        except TimeoutError:
            why = Text("限时内没有得到 shell", "no shell in the time allowed")
            raise self._refused(host, pipe, why, None) from None

    async def _converse(self, host: str, pipe: Pipe) -> None:
        if not await self._asked(pipe, b""):
            self._check(host, pipe)
            return
        if self.become.password is None:
            why = Text("它要求密码，而清单中没有", "it asks for a password and the inventory has none")
            hint = Text("用 vault 设置 ansible_become_password", "set ansible_become_password, in a vault")
            raise self._refused(host, pipe, why, hint)
        answered = pipe.notes(STDERR)
        pipe.write(self.become.password.reveal().encode() + b"\n")
        if await self._asked(pipe, answered):
            # Once is enough: every further try counts towards locking the account.
            why = Text("密码不对", "it does not accept the password")
            raise self._refused(host, pipe, why, _PASSWORD_HINT)
        self._check(host, pipe)

    async def _asked(self, pipe: Pipe, answered: bytes) -> bool:
        """Wait for a prompt; False when the shell came, or the end."""
        await pipe.until(lambda: self._there(pipe) or self._asks(pipe, answered))
        return not self._there(pipe) and self._asks(pipe, answered)

    def _check(self, host: str, pipe: Pipe) -> None:
        if not self._there(pipe):
            raise self._refused(host, pipe, Text("被拒绝", "refused"), _hint(_said(pipe)))

    def _there(self, pipe: Pipe) -> bool:
        return self._ready.encode() in pipe.notes(STDOUT)

    def _asks(self, pipe: Pipe, answered: bytes) -> bool:
        written = pipe.notes(STDERR)
        if written == answered:
            return False
        if self.become.method is BecomeMethod.SU:
            return _ASKS.search(written) is not None
        return written.endswith(self._prompt.encode())

    def _refused(self, host: str, pipe: Pipe, why: Text, hint: Text | None) -> Unreachable:
        written = _said(pipe).decode("utf-8", "replace").replace(self._prompt, "").strip()
        said = f": {written[-300:]}" if written else ""
        method, user = self.become.method, self.become.user
        return Unreachable(
            host,
            UnreachableReason.BECOME,
            Text(
                f"已登录，但 {method} 切换到 {user} 失败，{why.zh}{said}",
                f"logged in, but {method} to {user} failed, {why.en}{said}",
            ),
            hint,
        )


def _said(pipe: Pipe) -> bytes:
    """nologin says on stdout why it refuses, all others on stderr."""
    return pipe.notes(STDERR) or pipe.notes(STDOUT)


def _hint(written: bytes) -> Text:
    return next((hint for words, hint in _HINTS.items() if words in written), _PASSWORD_HINT)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
