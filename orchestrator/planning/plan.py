"""Documents and inventory to a Plan: what will be looked at or done, where, against which limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.host import Connection, Host, Transport
from orchestrator.model.inventory import Inventory
from orchestrator.model.near_name import near_names
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost, PlannedPlay, PlannedStep
from orchestrator.model.runbook import ActionTask, CheckTask, Kind, Play, Runbook
from orchestrator.model.secret import looks_secret
from orchestrator.model.threshold import Threshold
from orchestrator.planning.complaints import Complaint, Complaints
from orchestrator.planning.connection import HIDDEN, Way, read_way
from orchestrator.planning.digest import fingerprint, plan_digest
from orchestrator.planning.hosts import ENVIRONMENT, environment, make_host
from orchestrator.planning.parameters import render_parameters
from orchestrator.planning.steps import plan_step
from orchestrator.planning.template import holds_template, looks_like_template
from orchestrator.planning.thresholds import VARIABLE, Own, read_own, resolve
from orchestrator.planning.variables import Scope, Variables
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

TIMEOUT = 10.0
"""Seconds for each command or probe of a check, unless its task says otherwise."""


def make_plan(
    runbook: Runbook,
    inventory: Inventory,
    thresholds: Mapping[str, Mapping[str, Threshold]],
    checks: Registry[CheckPlugin],
    documents: Mapping[str, str],
    versions: Mapping[str, str],
    secret_key: bytes,
    connect_timeout: float = 10.0,
) -> tuple[Plan, Mapping[str, Host]]:
    """Resolve a runbook. The plan may be shown and stored; the hosts carry secrets and stay with the worker.

    Args:
        inventory: read with the patterns of the runbook's plays.
        thresholds: the site's own: check -> metric -> threshold.
        documents: path -> sha256 of all that was read.
        versions: name -> version of all that will execute it.
        secret_key: keys the fingerprints that stand for secrets.
        connect_timeout: seconds for a login where the inventory names none.

    Raises:
        InvalidDocument: all that is wrong with the runbook against this inventory.
        InvalidInventory: all that is wrong with the inventory alone.
    """
    planner = _Planner(runbook.kind, Variables(inventory), thresholds, checks, connect_timeout)
    for play in runbook.plays:
        planner.add(play)
    planner.complaints.raise_any()
    rows: _Rows = {}
    plan = Plan(
        runbook=runbook.name,
        title=runbook.title,
        kind=runbook.kind,
        hosts=tuple(drafted.planned(secret_key, rows) for drafted in planner.drafts.values()),
        documents=dict(documents),
        versions=dict(versions),
        digest="",
        plays=tuple(
            PlannedPlay(
                play.name, tuple(inventory.matches[play.hosts]), tuple(task.id for task in play.tasks)
            )
            for play in runbook.plays
        ),
    )
    hosts = {name: drafted.host for name, drafted in planner.drafts.items()}
    return replace(plan, digest=plan_digest(plan)), hosts


def secret_material(
    host: Host, shown: str, concealed: Mapping[str, Mapping[str, object]]
) -> Mapping[str, object]:
    """Everything secret that a host's tasks and connection use, for its fingerprint.

    Args:
        shown: the way to it, as the plan shows it.
        concealed: by task: values that the plan holds as templates.
    """
    connection, become = host.connection, host.connection.become
    found = {
        "password": connection.password and connection.password.reveal(),
        "become": become and become.password and become.password.reveal(),
        # Where the way itself is secret, the plan shows nothing of it: here it still counts.
        "way": replace(connection, password=None, become=None) if shown == HIDDEN else None,
        "parameters": concealed,
    }
    return {name: value for name, value in found.items() if value}


_Rows = dict[tuple[int, ...], tuple[PlannedCheck, ...]]
"""By the `id`s of what is in them: hosts with the same checks share the row of them, too."""


@dataclass
class _Draft:
    """One host while its checks are gathered."""

    host: Host
    shown: str
    own: Own
    environment: str
    checks: dict[str, PlannedCheck] = field(default_factory=dict)
    steps: dict[str, PlannedStep] = field(default_factory=dict)
    concealed: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def planned(self, secret_key: bytes, rows: _Rows) -> PlannedHost:
        material = secret_material(self.host, self.shown, self.concealed)
        checks = tuple(self.checks.values())
        return PlannedHost(
            name=self.host.name,
            groups=self.host.groups,
            address=self.shown,
            checks=rows.setdefault(tuple(map(id, checks)), checks),
            secrets=fingerprint(material, secret_key) if material else "",
            steps=tuple(self.steps.values()),
            environment=self.environment,
        )


class _Planner:
    """Walks the plays and drafts the hosts, in Ansible's order."""

    def __init__(
        self,
        kind: Kind,
        variables: Variables,
        thresholds: Mapping[str, Mapping[str, Threshold]],
        checks: Registry[CheckPlugin],
        connect_timeout: float,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._kind = kind
        self._variables = variables
        self._thresholds = thresholds
        self._checks = checks
        self.complaints = Complaints(", ".join(variables.inventory.sources))
        self.drafts: dict[str, _Draft] = {}
        self._shared: dict[tuple[str, str], PlannedCheck] = {}
        """Equal checks are one object on all hosts: memory, and the digest writes it once."""
        self._shared_steps: dict[tuple[str, str], PlannedStep] = {}
        self._settled: dict[int, PlannedCheck] = {}
        """By a task's `id`: what it comes to on every host that has no limits of its own for it."""

    def add(self, play: Play) -> None:
        names = self._variables.inventory.matches[play.hosts]
        for complaint in _wrong_variables(play):
            for name in names:
                self.complaints.add(name, complaint)
        for name in names:
            draft = self.drafts.get(name) or self._draft(name)
            scope = self._variables.scope(name, play.variables)
            for task in play.tasks:
                if isinstance(task, CheckTask):
                    self._plan(draft, scope, play, task)
                else:
                    self._plan_step(draft, scope, play, task)

    def _draft(self, name: str) -> _Draft:
        scope = self._variables.of(name)
        # After a complaint no plan is made; the host is drafted all the same, to find what else is wrong.
        way = read_way(name, scope, self.complaints, self._connect_timeout) or Way(
            Connection(Transport.SSH, name), ""
        )
        host = make_host(self._variables.inventory.hosts[name], scope, way)
        try:
            written = scope.get(VARIABLE)
        except InputError as error:
            written = None
            self.complaints.add(name, Complaint.of("threshold", VARIABLE, error))
        own = read_own(name, written and written.value, self._checks, self.complaints)
        self.drafts[name] = _Draft(host, way.shown, own, self._environment(name, scope))
        return self.drafts[name]

    def _environment(self, name: str, scope: Scope) -> str:
        """What the inventory says the host is for; only `test` permits more than nothing said."""
        try:
            found = environment(scope)
        except InputError as error:
            self.complaints.add(name, Complaint.of("environment", ENVIRONMENT, error))
            return ""
        if found is not None:
            return found
        self.complaints.add(
            name,
            Complaint(
                "environment",
                Text(f"变量 {ENVIRONMENT} 须是文字", f"the variable {ENVIRONMENT} must be text"),
                Text("例如 environment: test", "for example environment: test"),
            ),
        )
        return ""

    def _plan_step(self, draft: _Draft, scope: Scope, play: Play, task: ActionTask) -> None:
        if task.id in draft.steps:
            self.complaints.add(draft.host.name, _twice(task))
        step = plan_step(task, draft.host, scope, play.variables, self.complaints)
        if step is None:
            return
        if step.concealed:
            draft.concealed[task.id] = step.concealed
        draft.steps[task.id] = self._shared_steps.setdefault((task.id, repr(step.planned)), step.planned)

    def _plan(self, draft: _Draft, scope: Scope, play: Play, task: CheckTask) -> None:
        name = draft.host.name
        settled = None if task.check in draft.own else self._settled.get(id(task))
        if settled is not None and task.id not in draft.checks:
            draft.checks[task.id] = settled
            return
        if task.check not in self._checks:
            self.complaints.add(name, _unknown_check(task, self._checks.names))
            return
        plugin = self._checks.get(task.check)
        if self._kind is Kind.INSPECTION and plugin.spec.effect is not Effect.READ:
            self.complaints.add(name, _not_reading(task))
        if task.id in draft.checks:
            self.complaints.add(name, _twice(task))
        limits = resolve(name, task, plugin.spec, draft.own, self._thresholds, self.complaints)
        parameters = render_parameters(task, plugin, draft.host, scope, play.variables, self.complaints)
        if parameters is None:
            return
        if parameters.concealed:
            draft.concealed[task.id] = parameters.concealed
        check = PlannedCheck(
            id=task.id,
            title=task.title,
            check=task.check,
            code=plugin.spec.code,
            layer=task.layer or plugin.spec.layer,
            unit=task.unit,
            effect=plugin.spec.effect,
            parameters=parameters.planned,
            thresholds=limits,
            timeout=TIMEOUT if task.timeout is None else task.timeout,
        )
        draft.checks[task.id] = self._shared.setdefault((task.id, repr(check)), check)
        # What was complained of is complained of for each host.
        if task.check not in draft.own and not self.complaints and _same_everywhere(task, plugin):
            self._settled[id(task)] = draft.checks[task.id]


def _same_everywhere(task: CheckTask, plugin: CheckPlugin) -> bool:
    return task.arguments.keys().isdisjoint(plugin.spec.secret) and not holds_template(task.arguments)


def _wrong_variables(play: Play) -> Iterator[Complaint]:
    for name, value in play.variables.items():
        if name.startswith("ansible_"):
            yield Complaint(
                "play-variable",
                Text(
                    f"连接变量 {name} 不能写在运行手册里",
                    f"the connection variable {name} can't stand in a runbook",
                ),
                Text("写进清单", "write it into the inventory"),
                play.position,
            )
        elif looks_secret(name) and not (isinstance(value, str) and looks_like_template(value)):
            yield Complaint(
                "play-variable",
                Text(f"变量 {name} 像是明文密码", f"the variable {name} looks like a secret in plain text"),
                Text(
                    "用 ansible-vault 加密后写进清单，这里写 {{ 变量名 }}",
                    "vault it into the inventory, and write {{ its_name }} here",
                ),
                play.position,
            )


def _unknown_check(task: CheckTask, known: tuple[str, ...]) -> Complaint:
    near = near_names(task.check, known, 1)
    return Complaint(
        "unknown-check",
        Text(f"没有检查 {task.check}", f"there is no check {task.check}"),
        Text(f"是否指 {near[0]}？", f"did you mean {near[0]}?") if near else None,
        task.position,
    )


def _not_reading(task: CheckTask) -> Complaint:
    return Complaint(
        "effect",
        Text(
            f"检查 {task.check} 会改动主机，不能用于巡检",
            f"the check {task.check} changes hosts: no inspection",
        ),
        None,
        task.position,
    )


def _twice(task: CheckTask | ActionTask) -> Complaint:
    return Complaint(
        "duplicate-id",
        Text(f"任务 id {task.id} 在同一主机上出现两次", f"the task id {task.id} occurs twice on one host"),
        Text("给其中一个写上 id", "give one of them an `id:`"),
        task.position,
    )
