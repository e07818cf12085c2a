"""A frozen plan, read back, and the hosts that it is about as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import InputError, PluginError, Refused, StoreError
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.inventory import Inventory
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost
from orchestrator.planning.complaints import Complaints
from orchestrator.planning.connection import read_way
from orchestrator.planning.digest import fingerprint, plan_digest
from orchestrator.planning.hosts import environment, make_host
from orchestrator.planning.plan import secret_material
from orchestrator.planning.secrets import reveal
from orchestrator.planning.variables import Scope, Variables
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry


def thaw_plan(content: bytes, digest: str) -> Plan:
    """The plan that was frozen.

    Raises:
        StoreError: it is not the plan of that digest.
    """
    try:
        plan = _reader().validate_json(content)
    except ValidationError as error:
        raise _other(digest) from error
    if plan.digest != digest or plan_digest(plan) != digest:
        raise _other(digest)
    return plan


def find_hosts(
    plan: Plan,
    inventory: Inventory,
    checks: Registry[CheckPlugin],
    secret_key: bytes,
    connect_timeout: float,
) -> Mapping[str, Host]:
    """The hosts of a plan that was made before, with their secrets.

    Raises:
        Refused: one of them is gone, is reached another way, has other secrets than were planned with, or is
            for something else by now; or a check is not installed any more.
        InvalidInventory: all that is wrong with the inventory.
    """
    variables = Variables(inventory)
    complaints = Complaints(", ".join(inventory.sources))
    hosts, changed = {}, []
    for planned in plan.hosts:
        if planned.name not in inventory.hosts:
            changed.append(planned.name)
            continue
        scope = variables.of(planned.name)
        way = read_way(planned.name, scope, complaints, connect_timeout)
        if way is None:
            continue
        host = make_host(inventory.hosts[planned.name], scope, way)
        hosts[planned.name] = host
        if not _same(planned, host, way.shown, scope, checks, secret_key):
            changed.append(planned.name)
    complaints.raise_any()
    if changed:
        named = ", ".join(changed)
        raise Refused(
            Text(
                f"清单在计划之后变了（地址、保密变量或 environment）：{named}",
                f"the inventory changed since this was planned (address, secrets or environment): {named}",
            ),
            Text("重新开始一次执行", "start a new run"),
        )
    return hosts


def _same(
    planned: PlannedHost,
    host: Host,
    shown: str,
    scope: Scope,
    checks: Registry[CheckPlugin],
    secret_key: bytes,
) -> bool:
    try:
        purpose = environment(scope)
        material = secret_material(host, shown, _concealed(planned, host, checks))
    except Refused:
        raise
    except InputError:  # a variable that they need is gone
        return False
    except PluginError as error:
        raise Refused(error.message, error.hint) from error
    secrets = fingerprint(material, secret_key) if material else ""
    return (shown, secrets, purpose) == (planned.address, planned.secrets, planned.environment)


@cache
def _reader() -> TypeAdapter[Plan]:
    """Made when a run is gone on with: a run that begins has no need of it."""
    return TypeAdapter(Plan)


def _concealed(
    planned: PlannedHost, host: Host, checks: Registry[CheckPlugin]
) -> Mapping[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for task in planned.tasks:
        if isinstance(task, PlannedCheck):
            names = [name for name in _secret_names(task.check, checks) if name in task.parameters]
            values = {name: reveal(task.parameters[name], host) for name in names}
            values = {name: value for name, value in values.items() if value != task.parameters[name]}
        else:
            values = {name: reveal(task.arguments[name], host) for name in task.secret}
        if values:
            found[task.id] = values
    return found


def _secret_names(check: str, checks: Registry[CheckPlugin]) -> tuple[str, ...]:
    if check in checks:
        return checks.get(check).spec.secret
    raise Refused(
        Text(f"检查 {check} 已不存在", f"the check {check} is not there any more"),
        Text("装回提供它的软件包，或重新开始一次执行", "install what brings it, or start a new run"),
    )


def _other(digest: str) -> StoreError:
    return StoreError(
        Text(f"存放的计划不是 {digest[:12]}", f"what is stored is not the plan {digest[:12]}"),
        Text("从备份恢复内容库", "restore the content store from a backup"),
    )
