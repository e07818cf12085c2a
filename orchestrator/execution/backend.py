"""testinfra's way to a host: every command is answered from what the host has answered in this round."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NoReturn

import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from orchestrator.errors import CannotTell
from orchestrator.execution.inquiry import Inquiry
from orchestrator.language import Text


class AnsweredBackend(BaseBackend):  # type: ignore[misc]  # testinfra ships no types
    """Never asks a host itself. A command that is not answered yet suspends the check."""

    NAME = "wardround"

    def __init__(self, name: str, inquiry: Inquiry) -> None:
        super().__init__(name)
        self._inquiry = inquiry

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Called by testinfra, so its callers do not know our signals: a command without a result leaves a
        doubt, and a site function that swallows the signal can't turn it into an `ok`."""
        try:
            return self.ask(command, *args)
        except CannotTell as signal:
            self._inquiry.doubts.append(signal.message)
            raise

    def ask(self, command: str, *args: str) -> CommandResult:
        """Run a command for a check that knows what CannotTell means and may go on without the answer."""
        text: str = self.get_command(command, *args)
        if "\0" in text:
            raise ValueError("a command can't hold a NUL byte")
        raw: bytes = self.encode(text)
        # A host that does not speak UTF-8 gets its own encoding, as from testinfra's ssh backend.
        answer = self._inquiry.command(raw.decode("utf-8", "surrogateescape"))
        # Not through `self.result`, which logs the command with all that it wrote.
        return CommandResult(self, answer.rc, raw, answer.stdout, answer.stderr)

    def run_local(self, command: str, *args: str) -> CommandResult:
        _refuse("run_local")


class AnsweredHost(Host):  # type: ignore[misc]  # testinfra ships no types
    """testinfra's host, without its doors to other hosts and other ways."""

    @classmethod
    def get_host(cls, hostspec: str, **kwargs: Any) -> Host:
        _refuse("host.get_host")

    @classmethod
    def get_hosts(cls, hosts: Any, **kwargs: Any) -> list[Host]:
        _refuse("host.get_hosts")

    @property
    def ansible(self) -> Any:
        _refuse("host.ansible")


def answered_host(backend: AnsweredBackend) -> AnsweredHost:
    host = AnsweredHost(backend)
    backend.set_host(host)
    return host


class OneWay:
    """Within such a block, no backend of testinfra's own is opened or runs anything: not by
    `testinfra.get_host`, not by its AnsibleRunner, not on a host that was opened before.

    A class, because a generator costs several times as much and every attempt enters one.
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _checking.set(True)

    def __exit__(self, *_error: object) -> None:
        _checking.reset(self._token)


_checking: ContextVar[bool] = ContextVar("checking", default=False)
_open_backend = testinfra.backend.get_backend_class
_run_local = BaseBackend.run_local


def _get_backend_class(connection: str) -> type[BaseBackend]:
    if _checking.get():
        _refuse(f"{connection}://")
    opened: type[BaseBackend] = _open_backend(connection)
    return opened


def _run_here(backend: BaseBackend, command: str, *args: str) -> CommandResult:
    if _checking.get():
        _refuse(f"{backend.get_connection_type()}://")
    return _run_local(backend, command, *args)


# testinfra has no seam for this. Its module-level ways to a host lead through the first of these two, and
# all of its backends that start a process through the second.
testinfra.backend.get_backend_class = _get_backend_class
BaseBackend.run_local = _run_here


def _refuse(what: str) -> NoReturn:
    raise CannotTell(
        Text(
            f"检查不能自行连接主机（{what}）：只能使用交给它的 host",
            f"a check can't open a way to a host by itself ({what}): it asks the host that it is given",
        )
    )
