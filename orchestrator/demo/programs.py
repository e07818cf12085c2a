"""Which of the programs behind the demo this machine has, and where."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def interpreter() -> Path:
    """The Python that the web services run on: the real file, not the virtual environment's link."""
    return Path(sys.executable).resolve()


def find_program(name: str) -> str | None:
    """Where a program lies, in the folders of system programs too."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM_PATH)


def postgres_programs() -> Path | None:
    """The newest PostgreSQL's folder of server programs."""

    def version(folder: Path) -> float:
        return float(folder.parent.name) if folder.parent.name.replace(".", "", 1).isdigit() else 0

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version)
    if linked := find_program("initdb"):
        found.insert(0, Path(linked).resolve().parent)
    fit = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return fit[-1] if fit else None
