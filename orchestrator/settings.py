"""What the process is told from outside: environment, and where the shipped content lies."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

PACKAGE = Path(__file__).parent
_NO_HOME = "/nonexistent"
"""As Debian calls the home of accounts that have none."""


def program_version() -> str:
    from importlib.metadata import version

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
    folder = Path(state) if state.startswith("/") else _home() / ".local" / "state"
    return folder / "wardround" / "sessions"


def _home() -> Path:
    """Absolute, or where a session is found would depend on the folder that the command is run in."""
    told = os.environ.get("HOME", "")
    if told.startswith("/"):
        return Path(told)
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # an account of a container, without a name
        return Path(_NO_HOME)
