"""Inventoried hosts to Hosts: connection, rendered variables, and every secret that must be masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.errors import InputError
from orchestrator.model.host import Host
from orchestrator.model.inventory import Inventory, InventoryHost
from orchestrator.model.secret import Secret, looks_secret
from orchestrator.planning.complaints import Complaints
from orchestrator.planning.connection import Way, read_way
from orchestrator.planning.variables import Scope, Variables

ENVIRONMENT = "environment"
"""The inventory's variable that says what a host is for: `test`, or anything else."""


def resolve_hosts(inventory: Inventory, pattern: str, connect_timeout: float) -> Mapping[str, Host]:
    """The hosts that `pattern` means, apart from any runbook. The inventory was read with that pattern.

    Raises:
        InvalidInventory: all that is wrong with their connection variables.
    """
    variables, complaints = Variables(inventory), Complaints()
    hosts = {}
    for name in inventory.matches[pattern]:
        scope = variables.of(name)
        way = read_way(name, scope, complaints, connect_timeout)
        if way is not None:
            hosts[name] = make_host(inventory.hosts[name], scope, way)
    complaints.raise_any()
    return hosts


def make_host(described: InventoryHost, scope: Scope, way: Way) -> Host:
    """One host, for the worker: it carries secrets.

    A variable that can't be rendered is left out. Inventories hold templates over facts that only a playbook
    run gathers; who asks for such a variable is told that it is undefined.
    """
    variables: dict[str, object] = {}
    secrets: dict[str, Secret] = {}
    for name in scope:
        try:
            found = scope.get(name)
        except InputError:
            found = None
        if found is not None:
            variables[name] = found.value
        if scope.is_secret(name):
            value = described.variables[name] if found is None else found.value
            secrets |= {text: Secret(text) for text in _leaves(value)}
    return Host(described.name, described.groups, way.connection, variables, tuple(secrets.values()))


def environment(scope: Scope) -> str | None:
    """What the inventory says that a host is for, `""` where it says nothing; None: it is no text.

    Raises:
        InputError: it is a template that can't be rendered.
    """
    found = scope.get(ENVIRONMENT)
    if found is None:
        return ""
    return found.value if isinstance(found.value, str) else None


def open_variables(host: Host) -> Mapping[str, object]:
    """The variables that hold no secret, not even as a part of their text: what a check may see."""
    secrets = [secret.reveal() for secret in host.secrets]
    return {
        name: value
        for name, value in host.variables.items()
        if not looks_secret(name) and not any(_shows(text, secrets) for text in _leaves(value))
    }


def _shows(text: str, secrets: list[str]) -> bool:
    # A short secret is a part of many a harmless word; it counts where it is the whole value.
    return any(secret == text or (len(secret) >= 6 and secret in text) for secret in secrets)


def _leaves(value: object) -> Iterator[str]:
    """Every text and number in it, as text. Yes, no and nothing are no secrets."""
    match value:
        case None | bool() | "":
            return
        case Mapping():
            for inner in value.values():
                yield from _leaves(inner)
        case list() | tuple():
            for inner in value:
                yield from _leaves(inner)
        case _:
            yield str(value)
