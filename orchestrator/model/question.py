"""What a check may ask, and what comes back. The same question is asked once a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestrator.language import Text


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command to run on the host, as its login user (or as the user it becomes)."""

    text: str
    timeout: float = 10.0
    """Seconds; afterwards the command's whole process tree is ended."""


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Does somebody accept a TCP connection? Asked from the worker."""

    address: str
    port: int
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """One HTTP GET, redirects not followed. Asked from the worker."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 5.0
    verify: bool = True
    """Whether the server's certificate must be valid. The certificate check itself turns it off."""


@dataclass(frozen=True, slots=True)
class TlsProbe:
    """A TLS handshake to read the server's certificate. Asked from the worker."""

    address: str
    port: int
    server_name: str = ""
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class SqlProbe:
    """One read-only SQL statement over a SQLAlchemy URL. Asked from the worker."""

    url: str = field(repr=False)
    """With its password: never logged, stored or shown."""
    statement: str
    timeout: float = 5.0


Question = Command | TcpProbe | HttpProbe | TlsProbe | SqlProbe


class CommandEnd(StrEnum):
    """How a command ended."""

    EXITED = "exited"
    """By itself: `rc` is its exit status (128+n for a signal, as a POSIX shell says)."""
    TIMED_OUT = "timed_out"
    """It took too long and was ended. What it had written until then is kept."""
    KILLED_SHELL = "killed_shell"
    """It took the shell down that ran it. Its status can't be known."""
    NOT_STARTED = "not_started"
    """The host's connection was lost before its turn."""


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command wrote, byte for byte."""

    rc: int | None
    """None unless it exited by itself."""
    stdout: bytes
    stderr: bytes
    end: CommandEnd = CommandEnd.EXITED
    capped: bool = False
    """Output beyond the cap was dropped."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TcpAnswer:
    connected: bool
    seconds: float
    error: Text | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int | None
    """None when there was no HTTP answer at all."""
    body: bytes
    """The first 64 KiB."""
    headers: Mapping[str, str]
    seconds: float
    error: Text | None = None


@dataclass(frozen=True, slots=True)
class TlsAnswer:
    subject: str
    issuer: str
    not_before: datetime | None
    not_after: datetime | None
    """None when no certificate could be read."""
    names: tuple[str, ...]
    seconds: float
    error: Text | None = None


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    """At most 1,000."""
    seconds: float
    error: Text | None = None


Answer = CommandAnswer | TcpAnswer | HttpAnswer | TlsAnswer | SqlAnswer
