"""The units that ship, as systemd itself reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.worker.worker import DRAIN_SECONDS

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SYSTEM = Path("/usr/lib/systemd/system")
EXPOSURE = 20
"""Of 100: systemd calls it OK. What remains is the network, and /proc, by which workers know one another."""

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not (SYSTEM / "multi-user.target").exists(),
    reason="systemd-analyze (package systemd) is missing",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with the units and the command where they are installed."""
    shutil.copytree(SYSTEM, tmp_path / "usr/lib/systemd/system", symlinks=True)
    command = tmp_path / "opt/wardround/current/bin/wardround"
    command.parent.mkdir(parents=True)
    command.touch(0o755)
    target = tmp_path / "etc/systemd/system"
    target.mkdir(parents=True)
    for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.timer")):
        shutil.copy(unit, target)
    return tmp_path


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


@needs_analyze
@pytest.mark.parametrize("drop_in", [False, True])
def test_systemd_has_nothing_to_say_against_the_units(root: Path, drop_in: bool) -> None:
    if drop_in:
        folder = root / "etc/systemd/system/wardround-worker.service.d"
        folder.mkdir()
        shutil.copy(UNITS / "local-commands.conf", folder)
    said = _analyze("verify", f"--root={root}", "wardround-worker.service", "wardround-backup.timer")
    assert (said.returncode, said.stderr.strip()) == (0, "")


@needs_analyze
@pytest.mark.parametrize("unit", ["wardround-worker.service", "wardround-backup.service"])
def test_the_walls_around_a_unit_are_high(root: Path, unit: str) -> None:
    said = _analyze("security", "--offline=yes", f"--root={root}", f"--threshold={EXPOSURE}", unit)
    assert said.returncode == 0, said.stdout[-300:]


def test_a_worker_is_given_longer_to_end_than_it_takes() -> None:
    lines = (UNITS / "wardround-worker.service").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert float(settings["TimeoutStopSec"].removesuffix("s")) > DRAIN_SECONDS
    assert settings["KillMode"] == "process"
