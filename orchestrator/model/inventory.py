"""What Ansible says of the inventory: hosts, groups, variables, and which hosts each pattern means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class Verbatim(str):
    """Text that is no template, whatever it looks like: `!unsafe` and decrypted `!vault` values."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InventoryHost:
    """One host as `ansible-inventory` lists it: templates not yet rendered."""

    name: str
    groups: tuple[str, ...]
    """Every group that holds it, without `all` and `ungrouped`."""
    variables: Mapping[str, object] = field(repr=False)
    """Merged by Ansible's precedence. Strings may be Jinja templates, unless they are Verbatim."""
    vaulted: frozenset[str] = frozenset()
    """Names of variables whose values were vaulted: secrets, whatever their names."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All hosts, and what the asked patterns mean."""

    hosts: Mapping[str, InventoryHost]
    groups: frozenset[str]
    """Every group's name, empty ones too, for "did you mean"."""
    matches: Mapping[str, tuple[str, ...]]
    """Pattern -> names of the hosts it means within the limit, in Ansible's order."""
    sources: tuple[str, ...]
    sha256: str
    """Over what Ansible answered, secrets left out: a plan carries their keyed fingerprints."""
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Group, `all` included -> its hosts in Ansible's order: what `groups` means in a template."""
