"""A frozen plan, read back, and the hosts that it is about as they are now."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import Refused, StoreError
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.inventory import Inventory
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost
from orchestrator.planning.complaints import Complaints
from orchestrator.planning.connection import read_way
from orchestrator.planning.digest import fingerprint, plan_digest
from orchestrator.planning.hosts import make_host
from orchestrator.planning.plan import secret_material
from orchestrator.planning.secrets import reveal
from orchestrator.planning.variables import Variables
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

_PLAN = TypeAdapter(Plan)


def thaw_plan(content: bytes, digest: str) -> Plan:
    """The plan that was frozen.

    Raises:
        StoreError: it is not the plan of that digest.
    """
    try:
        plan = _PLAN.validate_json(content)
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
        Refused: one of them is gone, is reached another way, or has other secrets than were planned with.
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
        material = secret_material(host, way.shown, _concealed(planned, host, checks))
        secrets = fingerprint(material, secret_key) if material else ""
        if (way.shown, secrets) != (planned.address, planned.secrets):
            changed.append(planned.name)
    complaints.raise_any()
    if changed:
        named = ", ".join(changed)
        raise Refused(
            Text(
                f"清单在计划之后变了（地址或保密变量）：{named}",
                f"the inventory changed since this was planned (address or secrets): {named}",
            ),
            Text("重新开始一次执行", "start a new run"),
        )
    return hosts


def _concealed(
    planned: PlannedHost, host: Host, checks: Registry[CheckPlugin]
) -> Mapping[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for task in planned.tasks:
        if isinstance(task, PlannedCheck):
            names = [name for name in checks.get(task.check).spec.secret if name in task.parameters]
            values = {name: reveal(task.parameters[name], host) for name in names}
            values = {name: value for name, value in values.items() if value != task.parameters[name]}
        else:
            values = {name: reveal(task.arguments[name], host) for name in task.secret}
        if values:
            found[task.id] = values
    return found


def _other(digest: str) -> StoreError:
    return StoreError(
        Text(f"存放的计划不是 {digest[:12]}", f"what is stored is not the plan {digest[:12]}"),
        Text("从备份恢复内容库", "restore the content store from a backup"),
    )
