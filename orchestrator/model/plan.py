"""What will run, where and with which effect. Frozen, digestible, free of secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import Kind, Module
from orchestrator.model.threshold import Threshold


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One check on one host, resolved."""

    id: str
    """The task's id, unique within the runbook."""
    title: str
    check: str
    code: str
    layer: Layer
    unit: str | None
    """None: the metric's own."""
    effect: Effect
    parameters: Mapping[str, object]
    """JSON values. Parameters that may hold secrets are still templates here."""
    thresholds: Mapping[str, Threshold]
    """By metric name; a metric without limits is absent."""
    timeout: float


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One action on one host, resolved."""

    id: str
    """The task's id, unique within the runbook."""
    title: str
    module: Module
    arguments: Mapping[str, object]
    """JSON values, rendered, but for those named in `secret`."""
    effect: Effect
    verify: str | None
    """Command that settles an unknown outcome: exit status 0 says that the effect is there."""
    timeout: float | None
    """Seconds; None: as long as it takes."""
    secret: tuple[str, ...] = ()
    """Arguments that take secrets: still templates here, rendered just before use."""


@dataclass(frozen=True, slots=True)
class PlannedPlay:
    """Tasks in order, each done on all of these hosts before the next one begins (Ansible's linear strategy).
    A host that failed has no part in what follows."""

    name: str
    hosts: tuple[str, ...]
    tasks: tuple[str, ...]
    """Ids; what each is on a host stands with the host."""


@dataclass(frozen=True, slots=True)
class PlannedHost:
    """One host of the plan, and all that is done there, in order."""

    name: str
    groups: tuple[str, ...]
    address: str
    """`user@address:port via jump`, or `local`: part of what a person approves."""
    checks: tuple[PlannedCheck, ...]
    secrets: str
    """A keyed fingerprint over the secrets that this host's tasks and connection use; "" for none."""
    steps: tuple[PlannedStep, ...] = ()
    environment: str = ""
    """The inventory's `environment` of it: `test` permits what production does not."""

    def task(self, id: str) -> PlannedCheck | PlannedStep | None:  # noqa: A002 - that is what it is called
        """What the task of that id is here; None: the host has no part in it."""
        return next((found for found in self.tasks if found.id == id), None)

    @property
    def tasks(self) -> tuple[PlannedCheck | PlannedStep, ...]:
        return (*self.steps, *self.checks)


@dataclass(frozen=True, slots=True)
class Plan:
    """A runbook resolved against an inventory. Equal plans have equal digests."""

    runbook: str
    title: str
    kind: Kind
    hosts: tuple[PlannedHost, ...]
    documents: Mapping[str, str]
    """Path -> sha256 of every document and site file that went in."""
    versions: Mapping[str, str]
    """Name -> version of what executes it: wardround, ansible-core, each plugin's distribution."""
    digest: str
    """SHA-256 (hex) over the canonical form of everything else."""
    plays: tuple[PlannedPlay, ...] = ()

    @property
    def effect(self) -> Effect:
        """The most dangerous effect in it."""
        effects = {task.effect for host in self.hosts for task in host.tasks}
        for effect in (Effect.ONCE, Effect.IDEMPOTENT):
            if effect in effects:
                return effect
        return Effect.READ

    @property
    def size(self) -> int:
        """How many checks it holds, over all hosts."""
        return sum(len(host.checks) for host in self.hosts)

    @property
    def actions(self) -> int:
        """How many actions it holds, over all hosts."""
        return sum(len(host.steps) for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A person's word that a free command, SQL statement or script only reads (design.md section 1)."""

    digest: str
    """SHA-256 (hex) of the accepted text."""
    effect: Effect
    by: str
    reason: str
    what: str
    """The text itself, or a file's name: for the reader of the file, not for the digest."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who or what starts something."""

    name: str
    """`root`, `schedule:morning` ..."""
    note: Text | None = None
