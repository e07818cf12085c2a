"""A runbook as its author wrote it, checked but not yet resolved against hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect


class Kind(StrEnum):
    """What a runbook is for."""

    INSPECTION = "inspection"
    EMERGENCY = "emergency"
    UPGRADE = "upgrade"
    INTERFACE = "interface"
    ROUTINE = "routine"

    @property
    def label(self) -> Text:
        return _TITLES[self]


_TITLES = {
    Kind.INSPECTION: Text("巡检", "inspection"),
    Kind.EMERGENCY: Text("应急", "emergency"),
    Kind.UPGRADE: Text("版本升级", "upgrade"),
    Kind.INTERFACE: Text("政策接口", "interface"),
    Kind.ROUTINE: Text("例行操作", "routine"),
}


@dataclass(frozen=True, slots=True)
class LimitText:
    """A limit as written, with its place, so that a later error can point at it."""

    text: str | float
    position: Position


@dataclass(frozen=True, slots=True)
class CheckTask:
    """One `check:` task."""

    id: str
    """Stable across edits: the author's `id:`, or the check's name with a number where it repeats."""
    title: str
    check: str
    """Name of the check plugin."""
    arguments: Mapping[str, object]
    """The plugin's parameters as written; strings may hold Jinja templates."""
    warn: Mapping[str, LimitText]
    """By metric name; `""` stands for the check's first metric."""
    crit: Mapping[str, LimitText]
    layer: Layer | None
    """None: the check's own."""
    unit: str | None
    """Only for checks whose unit is open."""
    timeout: float | None
    """Seconds for each command or probe; None: the default of 10."""
    position: Position
    argument_positions: Mapping[str, Position] = field(default_factory=dict)


class Module(StrEnum):
    """What a task that is no check does. Ansible's words with Ansible's meaning."""

    COMMAND = "command"
    """A program and its arguments, without a shell: nothing is expanded."""
    SHELL = "shell"
    """A line for the host's `sh`."""
    SCRIPT = "script"
    """A file beside the runbook, sent to the host and run there."""
    PAUSE = "pause"
    """Nothing, for a time; once for all hosts."""
    DEBUG = "debug"
    """A message in the record."""
    ASSERT = "assert"
    """Conditions over the host's variables that must hold."""

    @property
    def reaches(self) -> bool:
        """Whether it does anything on the host."""
        return self in (Module.COMMAND, Module.SHELL, Module.SCRIPT)


@dataclass(frozen=True, slots=True)
class ActionTask:
    """One task that acts."""

    id: str
    """Stable across edits: the author's `id:`, or the module's name with a number where it repeats."""
    title: str
    module: Module
    arguments: Mapping[str, object]
    """As written; strings may hold Jinja templates."""
    effect: Effect | None
    """What its author says. It counts as `once` until a second person has accepted that text as less."""
    verify: str | None
    """Command that settles an unknown outcome: exit status 0 says that the effect is there."""
    timeout: float | None
    position: Position
    argument_positions: Mapping[str, Position] = field(default_factory=dict)


Task = CheckTask | ActionTask


@dataclass(frozen=True, slots=True)
class Play:
    """Some hosts, and what is done on each of them."""

    name: str
    hosts: str
    """An Ansible host pattern."""
    variables: Mapping[str, object]
    tasks: tuple[Task, ...]
    position: Position

    @property
    def checks(self) -> tuple[CheckTask, ...]:
        return tuple(task for task in self.tasks if isinstance(task, CheckTask))

    @property
    def actions(self) -> tuple[ActionTask, ...]:
        return tuple(task for task in self.tasks if isinstance(task, ActionTask))


@dataclass(frozen=True, slots=True)
class Runbook:
    """One YAML file."""

    name: str
    """The file's stem: what a user types."""
    path: str
    title: str
    kind: Kind
    plays: tuple[Play, ...]
    sha256: str
    """Of the file's bytes."""
