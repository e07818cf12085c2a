"""A site: the folder that holds one hospital's documents, and where its records go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestrator.language import Text
from orchestrator.model.server import Server


class HashAlgorithm(StrEnum):
    """Of the chain of events."""

    SM3 = "sm3"
    """GB/T 32905: what a hospital's cryptography assessment asks for."""
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days each kind of record is kept. The log of events is never thrown away: after its days it
    moves into sealed, signed files."""

    rounds: int = 1095
    """Results of each check. The line that a round took place stays. What became of due times of
    schedules is kept as long; the latest of each stays, and what waits for an answer."""
    runs: int = 1095
    """What a run did task by task, and its output. The line that it took place stays."""
    samples: int = 90
    """Each single number; after that one line a day."""
    daily_samples: int = 1095
    events: int = 365
    """In the database. At least 183: the law asks for six months (domain.md 6.2)."""


@dataclass(frozen=True, slots=True)
class Site:
    """`wardround.yml`, read. All paths are absolute."""

    root: Path
    hospital: Text
    inventory: tuple[Path, ...]
    """What `ansible-inventory -i` is given, in order."""
    runbooks: tuple[Path, ...]
    """Folders that are searched for runbooks, the site's before the product's."""
    systems: Path | None
    thresholds: Path | None
    accepted: tuple[Path, ...]
    """Files of acceptances: the site's own and the product's."""
    known_hosts: Path
    """Where `wardround hosts trust` records host keys; the only keys that are trusted."""
    state: Path
    """Database, content store, locks, reports. Nothing else is written to."""
    vault_password_file: Path | None
    timezone: ZoneInfo
    concurrency: int
    """Hosts asked at the same time."""
    connect_timeout: float
    """Seconds for a login."""
    host_timeout: float
    """Seconds for one host's whole inspection, after its login."""

    timetable: Path | None = None
    """None: nothing runs by itself."""
    calendars: tuple[Path, ...] = ()
    """Folders of work calendars, one file a year; the site's year hides the product's."""
    database: Server | None = None
    """None: SQLite in `state`."""
    audit: Path | None = None
    """Where the signed head of the chain of events is kept, outside the database; None: `state`/audit.
    Better another machine's disk."""
    hash_algorithm: HashAlgorithm = HashAlgorithm.SM3
    single_user: bool = False
    """One trusted person on one machine, nobody logs in; every record says so."""
    retention: Retention = Retention()
