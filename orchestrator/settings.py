"""What the process is told from outside: environment, and where the shipped content lies."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parent


def program_version() -> str:
    return version("wardround")


def content_root() -> Path:
    """The folder that holds runbooks/, playbooks/ and inventories/: inside the installed package, or the
    checkout that an editable install points at."""
    installed = PACKAGE / "content"
    return installed if installed.is_dir() else PACKAGE.parent


def session_folder() -> Path:
    """Where this account of the machine keeps its session files. It chooses a place, never a person: a file
    that was made for somebody else is worth nothing here."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if state.startswith("/") else Path("~/.local/state").expanduser()
    return home / "wardround" / "sessions"
