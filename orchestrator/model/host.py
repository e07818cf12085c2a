"""A host as the inventory describes it: how it is reached, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from orchestrator.model.secret import Secret


class Transport(StrEnum):
    """How commands get to a host."""

    SSH = "ssh"
    LOCAL = "local"
    """`ansible_connection: local`: a shell on this machine."""


class BecomeMethod(StrEnum):
    """How a login user becomes another."""

    SUDO = "sudo"
    SU = "su"


@dataclass(frozen=True, slots=True)
class Become:
    """`ansible_become` and its relatives."""

    method: BecomeMethod
    user: str
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Jump:
    """One host on the way (ProxyJump)."""

    address: str
    port: int = 22
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """How a host is reached. Values are Ansible's `ansible_*` variables, templates rendered."""

    transport: Transport
    address: str
    port: int = 22
    user: str | None = None
    """None: the user who runs us, as ssh does."""
    key_file: Path | None = None
    password: Secret | None = None
    jumps: tuple[Jump, ...] = ()
    proxy_command: str | None = None
    connect_timeout: float = 10.0
    become: Become | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """One inventoried host. Lives in the worker: it may carry secrets, a plan never does."""

    name: str
    groups: tuple[str, ...]
    connection: Connection
    variables: Mapping[str, object] = field(repr=False)
    """All Ansible variables, rendered and with decrypted vault values: may contain secrets."""
    secrets: tuple[Secret, ...] = ()
    """Every secret value among the variables, for masking."""
