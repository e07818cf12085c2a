"""What the tests of execution share: hosts that answer without a network, checks made on the spot, plans."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from orchestrator.errors import CannotTell, Unreachable
from orchestrator.execution.inspector import inspect
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.effect import Effect
from orchestrator.model.host import Connection, Host, Transport
from orchestrator.model.observation import Observation
from orchestrator.model.plan import PlannedCheck, PlannedHost
from orchestrator.model.question import Answer, Command, CommandAnswer, CommandEnd, Question
from orchestrator.model.round import HostOutcome
from orchestrator.model.secret import Secret
from orchestrator.model.threshold import Evidence, Limit, Threshold, ThresholdSource
from orchestrator.plugin.check import Ask, CheckParameters, CheckPlugin
from orchestrator.plugin.registry import Registry

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)


@dataclass
class CannedSession:
    """A host that answers from what it was given, and notes each batch.

    Unknown commands exit with 127. `batches` holds what was asked, one list a batch; after `lost_after`
    batches the connection is lost; with `hangs`, a batch never ends.
    """

    answers: Mapping[Question | str, Answer | str] = field(default_factory=dict)
    lost_after: int | None = None
    lost: Unreachable | None = None
    hangs: bool = False
    batches: list[list[Question]] = field(default_factory=list)

    async def ask(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        self.batches.append(list(questions))
        if self.hangs:
            await asyncio.Event().wait()
        if self.lost is not None and len(self.batches) > (self.lost_after or 0):
            raise self.lost
        return {question: self._answer(question) for question in questions}

    async def close(self) -> None: ...

    @property
    def commands(self) -> list[list[str]]:
        return [[one.text for one in batch if isinstance(one, Command)] for batch in self.batches]

    def _answer(self, question: Question) -> Answer:
        key = question.text if isinstance(question, Command) else question
        answer = self.answers.get(question, self.answers.get(key, CommandAnswer(127, b"", b"not found\n")))
        return exited(answer) if isinstance(answer, str) else answer


class ShellSession:
    """This machine's own shell, one process a command: what a host would answer, without SSH."""

    async def ask(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        return {one: self._run(one) for one in questions if isinstance(one, Command)}

    async def close(self) -> None: ...

    def _run(self, command: Command) -> CommandAnswer:
        text = command.text.encode("utf-8", "surrogateescape")
        ended = subprocess.run([b"/bin/sh", b"-c", text], stdin=subprocess.DEVNULL, capture_output=True)
        return CommandAnswer(ended.returncode, ended.stdout, ended.stderr)


class GivenChecks(Registry[CheckPlugin]):
    """A registry of the plugins that a test makes itself."""

    def __init__(self, plugins: Mapping[str, Any]) -> None:
        self._plugins = plugins

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._plugins)

    def __contains__(self, name: object) -> bool:
        return name in self._plugins

    def get(self, name: str) -> CheckPlugin:
        plugin: CheckPlugin = self._plugins[name]
        return plugin


class AnyParameters(CheckParameters):
    """Takes what a test gives it."""

    text: str = ""


SPEC = CheckSpec("", Text("测试", "test"), Layer.SYSTEM, (Metric("value", Text("值", "value"), unit="%"),))


def check(observe: Callable[[Ask], Iterable[Observation]], **changes: Any) -> Any:
    """A check plugin of one function, which sees no parameters."""
    spec = CheckSpec(**{**{name: getattr(SPEC, name) for name in SPEC.__slots__}, **changes})
    return SimpleNamespace(spec=spec, Parameters=AnyParameters, observe=lambda ask, parameters: observe(ask))


def prints(command: str) -> Any:
    """A check that sees the number that a command prints."""
    return check(lambda ask: [Observation("value", float(ask.run(command).stdout))])


def exited(stdout: str | bytes = b"", rc: int = 0, stderr: bytes = b"") -> CommandAnswer:
    return CommandAnswer(rc, stdout.encode() if isinstance(stdout, str) else stdout, stderr)


def timed_out(stdout: bytes = b"") -> CommandAnswer:
    return CommandAnswer(None, stdout, b"", CommandEnd.TIMED_OUT)


def threshold(warn: str | None = None, crit: str | None = None) -> Threshold:
    limits = [Limit.parse(text) if text else None for text in (warn, crit)]
    return Threshold(limits[0], limits[1], ThresholdSource(Evidence.SITE, "test"))


def planned_check(name: str, **changes: Any) -> PlannedCheck:
    values: dict[str, Any] = {
        "id": name, "title": name, "check": name, "code": "", "layer": Layer.SYSTEM, "unit": None,
        "effect": Effect.READ, "parameters": {}, "thresholds": {}, "timeout": 10.0,
    }  # fmt: skip
    return PlannedCheck(**{**values, **changes})


def planned_host(*checks: PlannedCheck | str, name: str = "his-db01") -> PlannedHost:
    items = tuple(planned_check(item) if isinstance(item, str) else item for item in checks)
    return PlannedHost(name, (), "ops@192.0.2.10:22", items, "")


def host(name: str = "his-db01", variables: Mapping[str, object] | None = None, *secrets: str) -> Host:
    connection = Connection(Transport.SSH, "192.0.2.10")
    return Host(name, (), connection, variables or {}, tuple(Secret(text) for text in secrets))


def no_files(path: str) -> bytes:
    raise CannotTell(Text(f"没有文件 {path}", f"no file {path}"))


async def inspected(plugins: Mapping[str, Any], session: Any, **changes: Any) -> HostOutcome:
    """Inspect a host with one check a plugin, in their order."""
    given: dict[str, Any] = {"source": no_files, "now": NOW, "seconds": 30.0}
    planned = changes.pop("planned", None) or planned_host(*plugins)
    target = changes.pop("host", None) or host()
    return await inspect(planned, target, session, GivenChecks(plugins), **{**given, **changes})
