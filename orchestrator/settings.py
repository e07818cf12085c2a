"""What the process is told from outside: environment, and where the shipped content lies."""

from __future__ import annotations

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
