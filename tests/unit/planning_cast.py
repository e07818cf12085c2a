"""The cast of the planning tests: a few checks, hosts and runbooks, made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.effect import Effect
from orchestrator.model.host import Host
from orchestrator.model.inventory import Inventory, InventoryHost
from orchestrator.model.observation import Observation
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import ActionTask, CheckTask, Kind, LimitText, Module, Play, Runbook, Task
from orchestrator.model.threshold import Direction, Evidence, Threshold
from orchestrator.planning.plan import make_plan
from orchestrator.plugin.check import CheckParameters, CheckPlugin
from orchestrator.plugin.registry import Registry

KEY = b"a key of this test"
USED = Metric(
    "used_pct", Text("使用率", "used"), "%", Direction.HIGH, 85, 90, Evidence.PRACTICE, "domain.md 3.2 LNX05"
)
FREE = Metric("free_gb", Text("剩余", "free"), "GB", Direction.LOW)


class DiskParameters(CheckParameters):
    path: str = "/"
    depth: int = 1


class CommandParameters(CheckParameters):
    command: str


class DatabaseParameters(CheckParameters):
    url: str
    statement: str = "select 1"


@dataclass(frozen=True)
class HandMade:
    """A check plugin that is asked for its spec and parameters only."""

    spec: CheckSpec
    Parameters: type[CheckParameters]

    def observe(self, ask: object, parameters: Any) -> Iterable[Observation]:
        return ()


class Shelf(Registry[CheckPlugin]):
    """A registry of hand-made checks."""

    def __init__(self, plugins: Mapping[str, CheckPlugin]) -> None:
        super().__init__("orchestrator.nothing", ())
        self._plugins = plugins

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._plugins))

    def __contains__(self, name: object) -> bool:
        return name in self._plugins

    def get(self, name: str) -> CheckPlugin:
        return self._plugins[name]


def _spec(code: str, metrics: tuple[Metric, ...], effect: Effect = Effect.READ) -> CheckSpec:
    return CheckSpec(
        code, Text(code, code), Layer.SYSTEM, metrics, effect, free=("command",), secret=("url",)
    )


CHECKS = Shelf(
    {
        "disk": HandMade(_spec("LNX05", (USED, FREE)), DiskParameters),
        "database": HandMade(_spec("PGS01", (FREE,)), DatabaseParameters),
        "command": HandMade(_spec("", (USED,)), CommandParameters),
        "cleaner": HandMade(_spec("X", (), Effect.IDEMPOTENT), CheckParameters),
    }
)


def place(line: int) -> Position:
    return Position("morning.yml", line)


def limits(**texts: str | float) -> dict[str, LimitText]:
    """`_` stands for the first metric."""
    return {name.strip("_"): LimitText(text, place(90)) for name, text in texts.items()}


def task(
    check: str = "disk",
    arguments: Mapping[str, object] | None = None,
    *,
    id: str = "",  # noqa: A002 - the model's word
    warn: Mapping[str, LimitText] | None = None,
    crit: Mapping[str, LimitText] | None = None,
    line: int = 10,
) -> CheckTask:
    arguments = arguments or {}
    return CheckTask(
        id=id or check,
        title=check,
        check=check,
        arguments=arguments,
        warn=warn or {},
        crit=crit or {},
        layer=None,
        unit=None,
        timeout=None,
        position=place(line),
        argument_positions={name: place(line + 1 + number) for number, name in enumerate(arguments)},
    )


def action(
    module: Module = Module.COMMAND,
    arguments: Mapping[str, object] | None = None,
    *,
    id: str = "",  # noqa: A002 - the model's word
    effect: Effect | None = None,
    verify: str | None = None,
    line: int = 20,
) -> ActionTask:
    """`uptime`, unless said otherwise. Its arguments stand in the lines below it."""
    arguments = {"cmd": "uptime"} if arguments is None else arguments
    return ActionTask(
        id=id or module,
        title=module,
        module=module,
        arguments=arguments,
        effect=effect if module.reaches else Effect.READ,
        verify=verify,
        timeout=None,
        position=place(line),
        argument_positions={name: place(line + 1 + number) for number, name in enumerate(arguments)},
    )


def play(*tasks: Task, hosts: str = "all", **variables: object) -> Play:
    return Play("play", hosts, variables, tasks, place(2))


def runbook(*plays: Play, kind: Kind = Kind.INSPECTION) -> Runbook:
    return Runbook("morning", "morning.yml", "早巡检", kind, plays, "0" * 64)


def host(name: str, *groups: str, vaulted: Iterable[str] = (), **variables: object) -> InventoryHost:
    return InventoryHost(name, groups, variables, frozenset(vaulted))


def inventory(*hosts: InventoryHost, **matches: tuple[str, ...]) -> Inventory:
    names = tuple(one.name for one in hosts)
    groups = sorted({group for one in hosts for group in one.groups})
    members = {group: tuple(one.name for one in hosts if group in one.groups) for group in groups}
    return Inventory(
        hosts={one.name: one for one in hosts},
        groups=frozenset(groups),
        matches={"all": names, **matches},
        sources=("hosts.yml",),
        sha256="1" * 64,
        members={"all": names, **members},
    )


def plan(
    book: Runbook,
    stock: Inventory,
    site: Mapping[str, Mapping[str, Threshold]] | None = None,
    key: bytes = KEY,
) -> tuple[Plan, Mapping[str, Host]]:
    return make_plan(book, stock, site or {}, CHECKS, {"morning.yml": "0" * 64}, {"wardround": "1"}, key)
