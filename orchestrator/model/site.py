"""A site: the folder that holds one hospital's documents, and where its records go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestrator.language import Text


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
