"""What Ansible answered, and the inventory that it describes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from orchestrator.errors import InvalidInventory
from orchestrator.language import Text
from orchestrator.model.inventory import Inventory, InventoryHost, Verbatim
from orchestrator.model.secret import looks_secret
from orchestrator.reach.vault import Vault

_GIVEN = ("all", "ungrouped")
_VAULT = "__ansible_vault"
_LONGEST_NAME = 255
"""What the records hold, and longer than any name in DNS."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """Ansible's words. Inline vaulted values are still encrypted."""

    listing: Mapping[str, Any]
    """What `ansible-inventory --list` printed."""
    matches: Mapping[str, Sequence[str]]
    """Pattern -> hosts."""
    implicit: Mapping[str, Mapping[str, object]]
    """Hosts that are in no inventory and exist nevertheless (`localhost`) -> variables."""


def describe(
    answer: Answer, sources: Sequence[Path], vault: Vault, vaulted_names: frozenset[str]
) -> Inventory:
    """
    Raises:
        InvalidInventory: a host's name can't be recorded, or hides something.
    """
    members = group_members(answer.listing)
    _refuse_names(members["all"])
    variables = answer.listing.get("_meta", {}).get("hostvars", {})
    folder = _folder(sources)
    hosts = {
        name: _host(name, members, folder | variables.get(name, {}), vault, vaulted_names)
        for name in members["all"]
    }
    for name, described in answer.implicit.items():
        hosts[name] = _host(name, {}, described, vault, vaulted_names)
    matches = {pattern: tuple(names) for pattern, names in answer.matches.items()}
    return Inventory(
        hosts=hosts,
        groups=frozenset(members) - {"all", "ungrouped"},
        matches=matches,
        sources=tuple(str(source) for source in sources),
        sha256=_digest(hosts, matches),
        members=members,
    )


def group_members(listing: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Group -> hosts, walked breadth first as Ansible does."""
    names = {name for name in listing if name != "_meta"}
    for group in list(names):
        names.update(listing[group].get("children", ()))
    return {name: _hosts_below(name, listing) for name in sorted(names | {"all"})}


def _refuse_names(names: Sequence[str]) -> None:
    unusable = [name for name in names if len(name) > _LONGEST_NAME or not name.isprintable()]
    if unusable:
        listed = ", ".join(repr(name[:_SHOWN]) for name in unusable[:_SHOWN])
        raise InvalidInventory(
            Text(
                f"清单里有不可用的主机名（{len(unusable)} 个）：{listed}",
                f"hosts of the inventory have names that can't be used ({len(unusable)}): {listed}",
            ),
            Text(
                f"主机名是 1-{_LONGEST_NAME} 个可显示的字符；地址写在 ansible_host",
                f"a name is 1-{_LONGEST_NAME} characters that can be shown; ansible_host is for addresses",
            ),
        )


def _hosts_below(group: str, listing: Mapping[str, Any]) -> tuple[str, ...]:
    groups = [group]
    for name in groups:  # grows while it is walked
        children = listing.get(name, {}).get("children", ())
        groups.extend(child for child in children if child not in groups)
    return tuple(dict.fromkeys(host for name in groups for host in listing.get(name, {}).get("hosts", ())))


def _folder(sources: Sequence[Path]) -> dict[str, object]:
    """`inventory_dir`, which --list leaves out though playbooks have it; undefined where it is ambiguous."""
    folders = {source if source.is_dir() else source.parent for source in sources}
    return {"inventory_dir": Verbatim(folders.pop())} if len(folders) == 1 else {}


def _host(
    name: str,
    members: Mapping[str, Sequence[str]],
    variables: Mapping[str, object],
    vault: Vault,
    vaulted_names: frozenset[str],
) -> InventoryHost:
    vaulted = {variable for variable, value in variables.items() if _holds_vaulted(value)}
    return InventoryHost(
        name=name,
        groups=tuple(group for group, hosts in members.items() if name in hosts and group not in _GIVEN),
        variables={variable: _opened(value, vault) for variable, value in variables.items()},
        vaulted=frozenset(vaulted | (vaulted_names & variables.keys())),
    )


def _holds_vaulted(value: object) -> bool:
    if isinstance(value, dict):
        return _VAULT in value or any(_holds_vaulted(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_vaulted(inner) for inner in value)


def _opened(value: object, vault: Vault) -> object:
    match value:
        case {"__ansible_vault": str(envelope)}:
            return Verbatim(vault.open(envelope))
        case {"__ansible_unsafe": str(text)}:
            return Verbatim(text)
        case dict():
            return {key: _opened(inner, vault) for key, inner in value.items()}
        case list():
            return [_opened(inner, vault) for inner in value]
    return value


def _digest(hosts: Mapping[str, InventoryHost], matches: Mapping[str, Sequence[str]]) -> str:
    described = {
        host.name: {
            "groups": host.groups,
            "variables": {
                name: None if name in host.vaulted or looks_secret(name) else value
                for name, value in host.variables.items()
            },
        }
        for host in hosts.values()
    }
    text = json.dumps([list(hosts), described, matches], sort_keys=True)
    return sha256(text.encode()).hexdigest()
