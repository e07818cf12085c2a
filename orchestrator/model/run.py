"""A run: a plan that is carried out, and what it came to on each host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import Kind


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    """Asked for; no worker has taken it up."""
    RUNNING = "running"
    WAITING = "waiting"
    """For a time, a person, a host, or another run: see `Wait`."""
    CANCELLING = "cancelling"
    """Somebody wants it to stop. That it has stopped is not known yet."""
    SUCCEEDED = "succeeded"
    """Every task was done on every host."""
    FAILED = "failed"
    """At least one host failed or could not be reached."""
    CANCELLED = "cancelled"
    """Stopped, and confirmed on every host that had something under way."""
    UNKNOWN = "unknown"
    """Over, while nobody knows what a task did on some host."""
    REFUSED = "refused"
    """No plan could be made, or the gate said no. Nothing was reached."""

    @property
    def over(self) -> bool:
        return self in _OVER

    @property
    def label(self) -> Text:
        return _RUN_STATES[self]


_OVER = frozenset(
    {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.UNKNOWN, RunState.REFUSED}
)

_RUN_STATES = {
    RunState.QUEUED: Text("排队中", "queued"),
    RunState.RUNNING: Text("执行中", "running"),
    RunState.WAITING: Text("等待中", "waiting"),
    RunState.CANCELLING: Text("正在取消", "being cancelled"),
    RunState.SUCCEEDED: Text("成功", "succeeded"),
    RunState.FAILED: Text("失败", "failed"),
    RunState.CANCELLED: Text("已取消", "cancelled"),
    RunState.UNKNOWN: Text("结果未知", "outcome unknown"),
    RunState.REFUSED: Text("被拒绝", "refused"),
}


class Wait(StrEnum):
    """What a waiting run waits for."""

    TIME = "time"
    """A pause."""
    RULING = "ruling"
    """A person says what is to be taken for the outcome that nobody knows."""
    HOST = "host"
    """A command may be running on a host that can't be reached just now. It is looked for again."""
    OTHER_RUN = "other_run"
    """Another run changes one of its hosts."""

    @property
    def label(self) -> Text:
        return _WAITS[self]


_WAITS = {
    Wait.TIME: Text("等待时间", "waits for a time"),
    Wait.RULING: Text("等待人工裁定", "waits for a ruling"),
    Wait.HOST: Text("等待主机恢复", "waits for a host"),
    Wait.OTHER_RUN: Text("等待其他执行", "waits for another run"),
}


class TaskState(StrEnum):
    """What is known of one attempt at a task on a host."""

    INTENDED = "intended"
    """Written down before it left. Where nothing follows, it is asked back from the host."""
    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    """Nothing was sent."""
    UNKNOWN = "unknown"
    """It may have happened or not, in whole or in part."""
    STOPPED = "stopped"
    """Ended by a cancellation, and confirmed dead."""
    SKIPPED = "skipped"
    """Intended, and known never to have begun: it may be intended again."""

    @property
    def label(self) -> Text:
        return _TASK_STATES[self]

    @property
    def settled(self) -> bool:
        return self not in (TaskState.INTENDED, TaskState.UNKNOWN)


_TASK_STATES = {
    TaskState.INTENDED: Text("执行中", "under way"),
    TaskState.OK: Text("完成", "ok"),
    TaskState.FAILED: Text("失败", "failed"),
    TaskState.UNREACHABLE: Text("主机不可达", "unreachable"),
    TaskState.UNKNOWN: Text("结果未知", "unknown"),
    TaskState.STOPPED: Text("已中止", "stopped"),
    TaskState.SKIPPED: Text("未开始", "never begun"),
}


class Decision(StrEnum):
    """What a person says of an outcome that nobody knows."""

    RETRY = "retry"
    """It did not happen: do it."""
    DONE = "done"
    """It happened: go on."""
    ABORT = "abort"
    """Go no further on this host."""

    @property
    def label(self) -> Text:
        return _DECISIONS[self]


_DECISIONS = {
    Decision.RETRY: Text("重新执行", "run it again"),
    Decision.DONE: Text("视为已完成", "take it for done"),
    Decision.ABORT: Text("在该主机上中止", "go no further on this host"),
}


class Priority(StrEnum):
    """Which run a worker takes first. In this order."""

    EMERGENCY = "emergency"
    CHANGE = "change"
    INSPECTION = "inspection"

    @property
    def rank(self) -> int:
        """Lower goes first."""
        return list(Priority).index(self)

    @classmethod
    def of(cls, kind: Kind) -> Priority:
        if kind is Kind.EMERGENCY:
            return cls.EMERGENCY
        return cls.INSPECTION if kind is Kind.INSPECTION else cls.CHANGE


class RunEventKind(StrEnum):
    """What happened in a run, as whoever follows it sees it."""

    REQUESTED = "requested"
    STARTED = "started"
    RESUMED = "resumed"
    """A worker went on with it: after a wait, or after the worker before was lost."""
    TASK = "task"
    """A task begins; no host."""
    INTENT = "intent"
    """About to be sent to this host."""
    OUTPUT = "output"
    """What a command wrote, masked, in pieces."""
    OUTCOME = "outcome"
    PROGRESS = "progress"
    """One more host of an inspection is done."""
    WAITS = "waits"
    RULED = "ruled"
    CANCEL_REQUESTED = "cancel_requested"
    REFUSED = "refused"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One thing that happened in a run. `sequence` counts from 1 without a gap: who has seen up to n asks for
    what is after n."""

    run: int
    sequence: int
    at: datetime
    kind: RunEventKind
    host: str
    task: str
    data: Mapping[str, object]
    """JSON values."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt as it is written down before anything leaves."""

    host: str
    task: str
    number: int
    """1 for the first attempt; a ruling to retry makes another."""
    effect: Effect
    token: str
    """By which the launcher on the host knows it."""
    spool: str
    """The host's spool that is to claim it: another one can't tell whether it began."""


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What came of an attempt."""

    host: str
    task: str
    number: int
    state: TaskState
    rc: int | None = None
    reason: Text | None = None
    """Why it is not `ok`, or what that rests on (`verify`, a ruling)."""
    stdout: str = ""
    """The last 8 KiB, decoded and masked; all of it lies in `output`."""
    stderr: str = ""
    output: str = ""
    """Folder with the whole output, below the site's state; "" where there was none."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as recorded."""

    intent: Intent
    outcome: TaskOutcome | None
    """None: intended, and nothing known since."""
    intended_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as recorded."""

    number: int
    runbook: str
    title: str
    kind: Kind
    state: RunState
    wait: Wait | None
    reason: Text | None
    """Why it waits, was refused or ended as it did."""
    until: datetime | None
    """When a wait for a time or a host is over."""
    actor: Actor
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    limit: str | None
    hosts: int
    effect: Effect | None
    plan_digest: str
    frozen: str
    """SHA-256 of the frozen plan in the content store; "" before there is one."""
    permit: str
    round: int | None
    """The round that an inspection made."""
    executor: str
    """The worker that has it, or had it last."""
    epoch: int
    """How often a worker took it up. Whoever writes with an older one is fenced."""
    cancel_requested_at: datetime | None
    cancel_requested_by: str
    schedule: str
    """The schedule that asked for it; "" for a person."""
    due_at: datetime | None
    """When the schedule wanted it."""
    retry_of: int | None
    last_event: int
    """`sequence` of its latest event."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is asked for when a run is started."""

    runbook: str
    kind: Kind
    actor: Actor
    key: str
    """Drawn by whoever asks: asking again with the same one gives the same run."""
    title: str = ""
    limit: str | None = None
    inventory: tuple[str, ...] = ()
    """Instead of the site's."""
    tasks: tuple[str, ...] = ()
    """The only tasks of an inspection; none: all."""
    schedule: str = ""
    due_at: datetime | None = None
    retry_of: int | None = None
