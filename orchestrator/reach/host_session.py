"""One host, connected: asks in batches, and gets every question answered however its commands behave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import isqrt
from typing import Protocol

from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text
from orchestrator.model.host import Host, Transport
from orchestrator.model.question import Answer, Command, CommandAnswer, CommandEnd, Question
from orchestrator.reach.become import Ascent
from orchestrator.reach.pipe import STDERR, STDOUT, Pipe
from orchestrator.reach.prober import Prober
from orchestrator.reach.shell import Shell

_LOSSES = 5
"""Connections that may be lost within one ask. One is the network's bad luck; more are a command that takes
its own connection down, which is found by asking again in ever smaller batches."""

# A Command's text has no way to hold a NUL: no shell can be told of it.
_NUL = CommandAnswer(None, b"", b"a command can't contain a NUL byte\n", CommandEnd.NOT_STARTED)


class Line(Protocol):
    """A way to a host over which shells are opened."""

    @property
    def alive(self) -> bool: ...

    async def open(self, command: str) -> Pipe: ...

    async def close(self) -> None: ...


class HostSession:
    """Implements `orchestrator.reach.session.Session`."""

    def __init__(
        self,
        host: Host,
        dial: Callable[[HostSession], Awaitable[Line]],
        prober: Prober,
        used: Callable[[HostSession], None],
    ) -> None:
        """`used` is called each time that it becomes idle."""
        self._host = host
        self._dial = dial
        self._prober = prober
        self._used = used
        self._asking = 0
        self._line: Line | None = None
        self._shell: Shell | None = None
        self._stale = ""
        self._turn = asyncio.Lock()
        self.closed = False

    @property
    def host(self) -> Host:
        return self._host

    @property
    def cost(self) -> int:
        """File descriptors of its connection."""
        if self._host.connection.transport is Transport.LOCAL:
            return 3
        return 2 if self._host.connection.proxy_command else 1

    @property
    def idle(self) -> bool:
        return not (self._asking or self._turn.locked())

    async def open(self) -> None:
        """Log in and start the shell, unless both are there.

        Raises:
            Unreachable: with the one reason.
            Exhausted: not the host but this machine is at fault.
        """
        async with self._turn:
            await self._opened()
        self._used(self)

    async def ask(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        self._asking += 1
        try:
            return await self._answers(questions)
        finally:
            self._asking -= 1
            self._used(self)

    async def rest(self) -> None:
        """Give the connection back once no batch is under way. The next question makes it again."""
        async with self._turn:
            await self._hang_up()

    async def close(self) -> None:
        self.closed = True
        await self._hang_up()

    async def _answers(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        commands = [question for question in questions if isinstance(question, Command)]
        probes = [question for question in dict.fromkeys(questions) if not isinstance(question, Command)]
        asked = [asyncio.ensure_future(self._prober.ask(probe)) for probe in probes]
        try:
            answers: dict[Question, Answer] = {}
            if commands:
                answers.update(await self._commands(commands))
            answers.update(zip(probes, await asyncio.gather(*asked), strict=True))
        except BaseException:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
            raise
        return answers

    async def _hang_up(self) -> None:
        shell, line = self._shell, self._line
        self._shell = self._line = None
        if shell is not None:
            shell.close()
        if line is not None:
            await line.close()

    async def _commands(self, commands: Sequence[Command]) -> Mapping[Question, CommandAnswer]:
        async with self._turn:
            answers: dict[Question, CommandAnswer] = {
                command: _NUL for command in commands if "\0" in command.text
            }
            pending = [command for command in dict.fromkeys(commands) if command not in answers]
            size, losses = len(pending), 0
            suspect: Command | None = None
            while pending:
                shell = await self._opened_again()
                part = pending[:size]
                outcome = await shell.run(part)
                answers.update((part[index], answer) for index, answer in outcome.answers.items())
                pending = [command for command in pending if command not in answers]
                if shell.usable:
                    continue
                lost = await self._give_up_shell()
                losses += lost
                if losses > _LOSSES:
                    raise self._lost(Text("连接反复中断", "the connection broke again and again"))
                if outcome.answers:
                    continue
                if len(part) > 1:
                    # One of them took the shell down: the smaller the batch, the nearer the culprit.
                    size = isqrt(len(part))
                elif not lost or suspect == part[0]:
                    end = CommandEnd.TIMED_OUT if shell.frozen else CommandEnd.KILLED_SHELL
                    answers[part[0]] = CommandAnswer(None, b"", b"", end)
                    pending = pending[1:]
                else:
                    # With the whole connection gone, it may as well have been the network: one more try.
                    suspect = part[0]
            if self._stale:
                # The last command took its shell down: a new one clears up after it, and is warm next time.
                await self._opened_again()
            return answers

    async def _opened_again(self) -> Shell:
        """The kept shell, or a new one where it has died since."""
        had_line = self._line is not None or self._stale
        try:
            return await self._opened()
        except Unreachable as error:
            if not had_line:
                raise
            raise self._lost(error.message, error.hint) from error

    async def _opened(self) -> Shell:
        if self.closed:
            raise self._lost(Text("会话已关闭", "the session was closed"))
        if not (self._line and self._line.alive and self._shell and self._shell.usable):
            await self._give_up_shell()
        if self._line is None:
            self._line = await self._dial(self)
        if self._shell is None:
            try:
                self._shell = await self._start_shell(self._line)
            except BaseException:
                line, self._line = self._line, None
                await line.close()
                raise
            self._stale = ""
        return self._shell

    async def _start_shell(self, line: Line) -> Shell:
        connection = self._host.connection
        ascent = Ascent(connection.become) if connection.become else None
        pipe = await line.open(ascent.command() if ascent else "sh")
        shell = Shell(pipe)
        try:
            if ascent:
                await ascent.finish(self._host.name, pipe, connection.connect_timeout)
            started = await shell.start(self._stale, connection.connect_timeout)
        except BaseException:
            shell.close()
            raise
        if not started:
            shell.close()
            raise self._no_shell(pipe)
        return shell

    async def _give_up_shell(self) -> bool:
        """Forget a shell that is of no more use; True when its connection is gone as well."""
        shell, self._shell = self._shell, None
        if shell is not None:
            self._stale = shell.name
            shell.close()
        if self._line is None or self._line.alive:
            return False
        line, self._line = self._line, None
        await line.close()
        return True

    def _no_shell(self, pipe: Pipe) -> Unreachable:
        if not pipe.ended:
            return Unreachable(
                self._host.name,
                UnreachableReason.TIMEOUT,
                Text(
                    "已登录，但限时内 shell 没有应答",
                    "logged in, but its shell did not answer in the time allowed",
                ),
                Text(
                    "查看该主机的负载、磁盘、NFS 挂载和登录用户的 profile",
                    "look at its load, disks, NFS mounts and the login user's profile",
                ),
            )
        written = pipe.notes(STDERR) or pipe.notes(STDOUT)
        said = written.decode("utf-8", "replace").strip()[-300:]
        return Unreachable(
            self._host.name,
            UnreachableReason.PROTOCOL,
            Text(
                f"已登录，但没有得到 POSIX shell：{said}", f"logged in, but there is no POSIX shell: {said}"
            ),
            Text("检查登录用户的 shell", "check the login user's shell"),
        )

    def _lost(self, why: Text, hint: Text | None = None) -> Unreachable:
        return Unreachable(
            self._host.name,
            UnreachableReason.LOST,
            Text(
                f"连接中断后无法恢复：{why.zh}", f"the connection broke and could not be made again: {why.en}"
            ),
            hint,
        )
