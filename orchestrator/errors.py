"""The whole error tree, and the diagnostics that a bad document is answered with.

OrchestratorError                   exit code 4
├── InputError                      exit code 2: what the user gave can't be used
│   ├── InvalidDocument             one or more diagnostics with file:line:column
│   ├── InvalidInventory            Ansible refuses the inventory, or a pattern matches nothing
│   ├── NotFound                    no runbook, round, host or site of that name
│   ├── Busy                        the same thing is under way already
│   ├── Refused                     the gate says no, and why
│   ├── Unauthenticated             it must be known who decides this, and nobody is logged in
│   └── Forbidden                   that person may not do this
├── Unreachable                     exit code 3: a host could not be asked
├── SpoolError                      exit code 3: a host gives no account of the commands it was to run once
├── Exhausted                       a host was not asked because this machine has no means left
├── Fenced                          another worker has taken over what this one was doing
├── PluginError                     a plugin can't be loaded or breaks its contract
├── StoreError                      the database or its folder can't be used
│   ├── StoreTooNew                 it was written by a newer version
│   └── ChainBroken                 the log of events is not what was written: nothing is added to it
└── CheckSignal                     raised inside a check, caught by the inspector
    ├── NotApplicable               nothing to check here: `skipped`
    └── CannotTell                  we looked and can't say: `unknown`

A step that fails on a host is an outcome and a record. It is not an exception that climbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from orchestrator.language import Language, Text


class Severity(StrEnum):
    """How much a diagnostic matters."""

    ERROR = "error"
    """The document can't be used."""
    WARNING = "warning"
    """It can be used, and somebody should look."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a document. Line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong in a document: where, what, and how to mend it."""

    position: Position
    rule: str
    """Stable id of the rule, kebab-case: `duplicate-key`, `unknown-check` ..."""
    message: Text
    hint: Text | None = None
    severity: Severity = Severity.ERROR

    def say(self, language: Language) -> str:
        text = f"{self.position}: {self.message.say(language)}"
        return f"{text} ({self.hint.say(language)})" if self.hint else text


class OrchestratorError(Exception):
    """The root. `message` is what a user reads; `hint` is how to mend it."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: Text, hint: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.hint = hint

    def say(self, language: Language) -> str:
        text = self.message.say(language)
        return f"{text} ({self.hint.say(language)})" if self.hint else text


class InputError(OrchestratorError):
    """What the user gave can't be used; nothing was done."""

    exit_code = 2


class InvalidDocument(InputError):
    """A document has errors: all of them, in the order of their places."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda found: found.position))
        super().__init__(
            Text(
                zh="\n".join(found.say(Language.ZH) for found in self.diagnostics),
                en="\n".join(found.say(Language.EN) for found in self.diagnostics),
            )
        )


class InvalidInventory(InputError):
    """Ansible refuses the inventory, or a pattern matches no host."""


class NotFound(InputError):
    """There is no such runbook, round, host, site or folder."""


class Busy(InputError):
    """The same thing is under way already."""


class Refused(InputError):
    """The gate does not let this plan run. There is no flag that changes its mind."""


class Unauthenticated(InputError):
    """This is a decision: it must be known who takes it, and nobody is logged in."""


class Forbidden(InputError):
    """Somebody is logged in, and may not do this."""


class UnreachableReason(StrEnum):
    """Why a host could not be asked."""

    DNS = "dns"
    """Its name has no address."""
    REFUSED = "refused"
    """Nothing listens there."""
    TIMEOUT = "timeout"
    """No answer in the time allowed."""
    NO_ROUTE = "no_route"
    """The network says that there is no way."""
    AUTH = "auth"
    """The host does not accept our credentials."""
    HOST_KEY_UNKNOWN = "host_key_unknown"
    """First contact: nobody has decided to trust its key yet."""
    HOST_KEY_CHANGED = "host_key_changed"
    """It shows another key than the trusted one. That may be a reinstallation or an attack."""
    BECOME = "become"
    """Logged in, but sudo or su did not let us become the other user."""
    PROTOCOL = "protocol"
    """It answers, but not as SSH does, or we share no algorithm, or its shell is no POSIX shell."""
    LOST = "lost"
    """The connection broke and could not be made again."""

    @property
    def label(self) -> Text:
        return _REASONS[self]


_REASONS = {
    UnreachableReason.DNS: Text("主机名解析不到地址", "its name has no address"),
    UnreachableReason.REFUSED: Text("主机有应答，但 SSH 端口没有服务", "nothing listens on its SSH port"),
    UnreachableReason.TIMEOUT: Text("规定时间内没有应答", "no answer in the time allowed"),
    UnreachableReason.NO_ROUTE: Text("网络不通", "there is no network route to it"),
    UnreachableReason.AUTH: Text("主机不接受巡检账号", "it does not accept our credentials"),
    UnreachableReason.HOST_KEY_UNKNOWN: Text(
        "首次连接，主机密钥尚未确认", "first contact: nobody has confirmed its host key yet"
    ),
    UnreachableReason.HOST_KEY_CHANGED: Text("主机密钥与已信任的不同", "its host key is not the trusted one"),
    UnreachableReason.BECOME: Text(
        "能登录，但不能切换到所需用户", "logged in, but could not become the other user"
    ),
    UnreachableReason.PROTOCOL: Text("应答不是可用的 SSH", "it does not answer as usable SSH"),
    UnreachableReason.LOST: Text("检查途中连接断开", "the connection broke during the checks"),
}


class Unreachable(OrchestratorError):
    """A host could not be asked. One a host and round, not one a check."""

    exit_code = 3

    def __init__(self, host: str, reason: UnreachableReason, detail: Text, hint: Text | None = None) -> None:
        super().__init__(detail, hint)
        self.host = host
        self.reason = reason


class SpoolError(OrchestratorError):
    """A host has no place to keep account of commands that must run once, or gives none now."""

    exit_code = 3


class Exhausted(OrchestratorError):
    """This machine has no file descriptors left: that says nothing about the host that was to be asked."""


class Fenced(OrchestratorError):
    """Another worker has taken this run over: whoever is told so stops at once and writes nothing more."""


class PluginError(OrchestratorError):
    """A plugin can't be loaded or breaks its contract."""


class StoreError(OrchestratorError):
    """The database or its folder can't be used: read-only, full, locked, damaged."""


class StoreTooNew(StoreError):
    """The database was written by a newer version of this program."""


class ChainBroken(StoreError):
    """The log of events does not end as the signed head says. What needs a record does not happen."""


class CheckSignal(OrchestratorError):
    """Raised inside a check to say how its question ended without a value."""

    def __init__(self, reason: Text, evidence: str = "") -> None:
        super().__init__(reason)
        self.evidence = evidence


class NotApplicable(CheckSignal):
    """There is nothing to check on this host: the verdict is `skipped`."""


class CannotTell(CheckSignal):
    """We looked and can't say (tool missing, output unreadable): the verdict is `unknown`."""
