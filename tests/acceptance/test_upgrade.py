"""Runs that wait while the software is upgraded, or gone back from: the real install.sh, workers and SSH."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bundles import make_product_bundle
from tests.run_site import PATIENCE, Process, RunSite, spool_option, until
from tests.sshd import needs_sshd, running_sshd

pytestmark = [pytest.mark.acceptance, needs_sshd, pytest.mark.timeout(400)]
OLDER, NEWER = "1.0", "1.1"
"""The newer one changes the database's tables."""
PAUSE = 15


@dataclass
class Installation:
    """The product below a folder, and the bundles that it is made from."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def command(self) -> Path:
        return self.root / "usr" / "local" / "bin" / "wardround"

    def install(self, version: str) -> None:
        """Quick where that version is there."""
        bundle = self.folder / f"bundle-{version}"
        if not bundle.exists():
            make_product_bundle(self.folder, version, changes_tables=version == NEWER)
        self._run(bundle / "install.sh")

    def go_back(self) -> None:
        self._run(self.root / "opt/wardround/current/share/wardround/install.sh", "--rollback")

    def _run(self, script: Path, *more: str) -> None:
        ended = subprocess.run(
            ["sh", script, "--root", self.root, *more],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"))


@pytest.fixture
def site(installation: Installation, tmp_path: Path) -> Iterator[RunSite]:
    """Of the older version."""
    installation.install(OLDER)
    with running_sshd(tmp_path, options=[spool_option(tmp_path)]) as (server,):
        made = RunSite.make(tmp_path, server, ("t1",), command=installation.command)
        yield made
        made.end()


def test_runs_that_wait_go_on_under_a_newer_version_as_planned_and_do_nothing_twice(
    installation: Installation, site: RunSite
) -> None:
    older = site.worker()
    site.write("asks", [writes(site, "asks", "before"), lost(site), writes(site, "asks", "after")])
    pause = {"pause": {"seconds": PAUSE}}
    site.write("pauses", [writes(site, "pauses", "before"), pause, writes(site, "pauses", "after")])
    assert site.run("run", "start", "asks").returncode == 3
    site.run("run", "start", "pauses", "--detach")
    until(lambda: site.state(2) == "waiting")
    digest = site.data("run", "show", "1")["plan"]
    stop(older)
    for name in ("asks", "pauses"):
        site.write(name, [writes(site, name, "edited")])

    installation.install(NEWER)
    newer = site.worker()
    assert site.run("--version").stdout == "wardround 1.1\n"
    assert (site.state(1), site.lines("asks"), site.lines("lost")) == ("waiting", ["before"], ["x"])
    ruled = site.run("run", "rule", "1", "t1", "lost", "--decision", "done", "--reason", "seen on the host")
    assert ruled.returncode == 0, ruled
    for number in (1, 2):
        assert site.run("run", "follow", str(number)).returncode == 0
    assert site.data("run", "show", "1")["plan"] == digest
    assert [site.lines(name) for name in ("asks", "lost", "pauses")] == [
        ["before", "after"], ["x"], ["before", "after"]
    ]  # fmt: skip
    stop(newer)


def test_a_run_that_waits_goes_on_under_the_older_version_with_the_records_from_before(
    installation: Installation, site: RunSite
) -> None:
    older = site.worker()
    site.write("asks", [writes(site, "asks", "before"), lost(site), writes(site, "asks", "after")])
    assert site.run("run", "start", "asks").returncode == 3
    stop(older)
    installation.install(NEWER)
    stop(site.worker())

    installation.go_back()
    refused = site.run("worker")
    assert (refused.returncode, "a newer version" in refused.stderr) == (4, True), refused
    (backup,) = (site.root / "var" / "backups").glob("*before-upgrade.zip")
    for file in (site.root / "var").glob("records.sqlite3*"):
        file.rename(file.with_name(f"kept-{file.name}"))
    restored = site.run("db", "restore", str(backup), "--yes")
    assert restored.returncode == 0, restored
    again = site.worker()
    assert site.run("--version").stdout == "wardround 1.0\n"
    assert site.state(1) == "waiting"
    site.run("run", "rule", "1", "t1", "lost", "--decision", "done", "--reason", "seen on the host")
    assert site.run("run", "follow", "1").returncode == 0
    assert (site.lines("asks"), site.lines("lost")) == (["before", "after"], ["x"])
    stop(again)


def writes(site: RunSite, name: str, word: str) -> dict[str, object]:
    return {"id": word, "shell": f"echo {word} >> {site.effects}/{name}"}


def lost(site: RunSite) -> dict[str, object]:
    """Nobody knows its outcome: it kills its supervisor and itself."""
    return {"id": "lost", "shell": f"echo x >> {site.effects}/lost; kill -9 $PPID; kill -9 $$"}


def stop(worker: Process) -> None:
    """As systemd does."""
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0, worker.said()
