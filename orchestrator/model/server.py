"""A PostgreSQL database that holds a site's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Server:
    """What `postgresql://user@host:port/name?sslmode=...` says. It holds no password."""

    name: str
    """Of the database."""
    host: str = ""
    """Empty: libpq's own socket."""
    port: int | None = None
    user: str = ""
    """Empty: the machine's account."""
    options: Mapping[str, str] = field(default_factory=dict)
    """libpq's, about the transport alone."""
    password_file: Path | None = None
    """None: libpq's own ways, such as ~/.pgpass."""

    def __str__(self) -> str:
        """The URL again, as shown to people."""
        user = f"{quote(self.user)}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"postgresql://{user}{host}{port}/{quote(self.name)}"
