"""One attempt that must happen once: started on its host, followed, asked back after a crash, and stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import Exhausted, SpoolError, Unreachable
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.output import Stream
from orchestrator.execution.run_journal import RunJournal
from orchestrator.language import Text
from orchestrator.model.launch import Launch, LaunchReport, LaunchState
from orchestrator.model.question import Command, CommandAnswer
from orchestrator.model.run import Intent, RunEventKind, TaskOutcome, TaskState
from orchestrator.reach import launcher
from orchestrator.reach.session import Session
from orchestrator.records.masking import Masker

PATIENCE = 30.0
"""Seconds without an answer from a host before its run is laid down to wait for it."""
_PAUSE = 1.0
"""Seconds between two tries to get to a host again."""
_LOOK = 1.0
"""Seconds that a host holds an answer back while nothing happens. A cancellation waits as long."""
_STOPS = 3
_VERIFY = 60.0
_TOLD = 262_144
"""Characters of a stream that go into the run's events; the file has all of it."""
_PIECE = 8_192

Connect = Callable[[], Awaitable[Session]]


@dataclass(frozen=True, slots=True)
class Attempted:
    """What an attempt is made of."""

    intent: Intent
    text: str
    """For `sh`, with its secrets."""
    timeout: float | None
    verify: str | None


class Launching:
    """Carries one attempt through. It can be thrown away at any moment and made again with `recover`."""

    def __init__(
        self,
        attempted: Attempted,
        connect: Connect,
        journal: RunJournal,
        masker: Masker,
        cancellation: Cancellation,
        path: Path,
        told: dict[str, int] | None = None,
    ) -> None:
        """
        Args:
            path: of its output, without a suffix.
            told: characters of each stream that are among the run's events already.
        """
        self._attempted = attempted
        self._connect = connect
        self._journal = journal
        self._masker = masker
        self._cancellation = cancellation
        self._told = dict(told or {"stdout": 0, "stderr": 0})
        self._streams = {
            name: Stream(masker, path.with_name(f"{path.name}.{suffix}"), self._told[name])
            for name, suffix in (("stdout", "out"), ("stderr", "err"))
        }
        self._began = time.monotonic()
        self._stops = 0

    async def start(self) -> TaskOutcome | None:
        """Have it done. Its intent has been written down.

        Returns:
            None: the host can't be asked now; what came of it is to be recovered.
        """
        return await self._follow(self._start)

    async def recover(self) -> TaskOutcome | None:
        """Find out what came of it, and make sure that it does not begin after all. Returns as `start`;
        SKIPPED: it never began."""
        return await self._follow(self._forbid)

    async def _follow(self, first: Callable[[Session], Awaitable[LaunchReport]]) -> TaskOutcome | None:
        ask, heard, forbidden = first, time.monotonic(), False
        while True:
            if ask == self._start and self._cancellation.requested:
                ask = self._forbid  # it is not known to have begun, and is not to begin any more
            forbidden = forbidden or ask == self._forbid
            try:
                report = await ask(await self._connect())
            except (Unreachable, SpoolError, Exhausted):
                if time.monotonic() - heard > PATIENCE:
                    return None
                await asyncio.sleep(_PAUSE)
                continue
            heard = time.monotonic()
            whole = self._take(report)
            if report.state.over and whole:
                return await self._outcome(report, recovered=forbidden)
            ask = self._look if report.state.over else self._next()

    def _next(self) -> Callable[[Session], Awaitable[LaunchReport]]:
        if self._cancellation.requested and self._stops < _STOPS:
            return self._stop
        return self._look

    async def _start(self, session: Session) -> LaunchReport:
        one = self._attempted
        return await launcher.start(
            session, Launch(one.intent.token, one.intent.spool, one.text, one.timeout)
        )

    async def _forbid(self, session: Session) -> LaunchReport:
        return await launcher.forbid(session, self._attempted.intent.token, self._attempted.intent.spool)

    async def _look(self, session: Session) -> LaunchReport:
        intent = self._attempted.intent
        sizes = (self._streams["stdout"].size, self._streams["stderr"].size)
        wait = 0.0 if self._cancellation.requested and self._stops < _STOPS else _LOOK
        return await launcher.look(session, intent.token, intent.spool, *sizes, wait=wait)

    async def _stop(self, session: Session) -> LaunchReport:
        intent = self._attempted.intent
        await launcher.stop(session, intent.token, intent.spool)
        self._stops += 1
        # Its report has the output from the beginning: what is news is looked for.
        return await self._look(session)

    def _take(self, report: LaunchReport) -> bool:
        """Keep what has come; whether that is all there is."""
        found = (("stdout", report.stdout, report.stdout_size), ("stderr", report.stderr, report.stderr_size))
        whole = True
        for name, data, size in found:
            stream = self._streams[name]
            complete = report.state.over and stream.size + len(data) >= size
            self._tell(name, stream.take(data, last=complete))
            whole = whole and complete
        return whole

    def _tell(self, name: str, text: str) -> None:
        intent = self._attempted.intent
        for start in range(0, len(text), _PIECE):
            if self._told[name] >= _TOLD:
                return
            piece = text[start : start + _PIECE]
            self._told[name] += len(piece)
            data: dict[str, object] = {"number": intent.number, "stream": name, "text": piece}
            if self._told[name] >= _TOLD:
                data["cut"] = True
            self._journal.note(RunEventKind.OUTPUT, intent.host, intent.task, data)

    async def _outcome(self, report: LaunchReport, *, recovered: bool) -> TaskOutcome:
        rc, state, reason = report.rc, *self._meaning(report, recovered=recovered)
        if state is TaskState.UNKNOWN and self._attempted.verify is not None:
            state, reason = await self._verified(reason)
        seconds = time.monotonic() - self._began if report.seconds is None else report.seconds
        return self._told_outcome(state, rc, reason, seconds)

    def _told_outcome(
        self, state: TaskState, rc: int | None, reason: Text | None, seconds: float
    ) -> TaskOutcome:
        intent = self._attempted.intent
        return TaskOutcome(
            host=intent.host,
            task=intent.task,
            number=intent.number,
            state=state,
            rc=rc,
            reason=None if reason is None else self._masker.mask_text(reason),
            stdout=self._streams["stdout"].tail,
            stderr=self._streams["stderr"].tail,
            seconds=seconds,
        )

    def _meaning(self, report: LaunchReport, *, recovered: bool) -> tuple[TaskState, Text | None]:
        match report.state:
            case LaunchState.EXITED if report.rc == 0:
                return TaskState.OK, None
            case LaunchState.EXITED:
                return TaskState.FAILED, Text(f"退出码 {report.rc}", f"exit status {report.rc}")
            case LaunchState.TIMED_OUT:
                limit = f"{self._attempted.timeout:g}" if self._attempted.timeout else "?"
                return TaskState.FAILED, Text(
                    f"超过 {limit} 秒，已结束", f"it took longer than {limit} s and was ended"
                )
            case LaunchState.STOPPED:
                return TaskState.STOPPED, Text("已按取消请求结束", "ended as was asked, and confirmed")
            case LaunchState.ABSENT if recovered:
                return TaskState.SKIPPED, Text("确认从未开始", "it is certain that it never began")
            case LaunchState.ABSENT:
                return TaskState.FAILED, report.reason or Text("无法启动", "it could not be started")
        return TaskState.UNKNOWN, report.reason or Text("主机无法说明结果", "the host can't tell")

    async def _verified(self, reason: Text | None) -> tuple[TaskState, Text | None]:
        verify = Command(self._attempted.verify or "", _VERIFY)
        why = reason or Text("", "")
        try:
            answer = (await (await self._connect()).ask([verify]))[verify]
        except (Unreachable, Exhausted) as error:
            return TaskState.UNKNOWN, Text(
                f"{why.zh}；verify 未能执行：{error.message.zh}",
                f"{why.en}; verify could not be asked: {error.message.en}",
            )
        rc = answer.rc if isinstance(answer, CommandAnswer) else None
        if rc == 0:
            return TaskState.OK, Text(
                f"{why.zh}；verify 确认已生效", f"{why.en}; verify says that the effect is there"
            )
        return TaskState.UNKNOWN, Text(
            f"{why.zh}；verify 退出码 {rc}，不能确认",
            f"{why.en}; verify ended with {rc} and does not settle it",
        )
