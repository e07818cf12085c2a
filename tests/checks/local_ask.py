"""An `Ask` whose host is this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host as TestinfraHost

from orchestrator.testing import CannedAsk


class LocalAsk(CannedAsk):
    """Commands run here for real, each once; there is no canned answer to fall back on."""

    def __init__(self, shell: Sequence[str] = ("sh",), environment: Mapping[str, str] | None = None) -> None:
        super().__init__(name="localhost", address="127.0.0.1", now=datetime.now(UTC))
        self._local = _LocalBackend(shell, environment or {})
        self.host = TestinfraHost(self._local)

    def run(self, command: str, *arguments: str) -> CommandResult:
        return self._local.run(command, *arguments)

    def precede(self, words: str) -> None:
        """Let every command from now on begin with these words."""
        self._local.prefix = words
        self.forget()

    def forget(self) -> None:
        self._local.answers.clear()


class _LocalBackend(BaseBackend):  # type: ignore[misc]  # testinfra ships no types
    NAME = "here"

    def __init__(self, shell: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__("localhost")
        self._shell = shell
        self._environment = {**os.environ, **environment}
        self.prefix = ""
        self.answers: dict[str, CommandResult] = {}

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        text = self.get_command(command, *args)
        if text not in self.answers:
            done = subprocess.run(
                [*self._shell, "-c", self.prefix + text],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self._environment,
                timeout=30,
                check=False,
            )
            self.answers[text] = self.result(done.returncode, text.encode(), done.stdout, done.stderr)
        return self.answers[text]
