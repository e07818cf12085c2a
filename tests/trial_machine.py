"""A machine of its own with a real systemd as its first process, over the files of this one: for the units.

    with trial_machine(folder) as machine:
        machine.run("systemctl", "start", "wardround-worker")

It is made of namespaces: it has its own processes, network, users and services, and all that it writes goes
with it. Where that can't be had, the test is skipped, and says what is missing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.run_site import until
from tests.sshd import SSHD, children_by_parent

SYSTEMD = Path("/lib/systemd/systemd")
SHARE = Path("/srv/share")
PACKAGES = "/srv/packages"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE = 120.0
_SCRIPT = Path(__file__).with_name("trial_machine.sh")
_PROGRAMS = ("unshare", "nsenter", "pivot_root", "setpriv", "useradd", "runuser", "ssh-keygen")


@dataclass(frozen=True)
class Machine:
    share: Path
    """Outside; inside it is SHARE."""
    init: int
    """The process id outside."""

    def run(
        self, *command: str, user: str | None = None, typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Carry a command out on it, as root or as somebody else whom root becomes in its home."""
        somebody = ("runuser", "-u", user, "--") if user else ()
        enter = (
            "nsenter",
            f"--target={self.init}",
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--cgroup",
        )
        environment = (
            "env",
            "-i",
            "--chdir=/root",
            f"PATH={PATH}",
            "HOME=/root",
            "LANG=C.UTF-8",
            "WARDROUND_LANG=en",
        )
        return subprocess.run(
            [*enter, *environment, *somebody, *command],
            input=typed, capture_output=True, text=True, timeout=DEADLINE, check=False,
        )  # fmt: skip

    def well(self, *command: str, user: str | None = None, typed: str = "") -> str:
        """What a command says that must succeed."""
        ended = self.run(*command, user=user, typed=typed)
        assert ended.returncode == 0, (ended, self.run("journalctl", "--no-pager", "--lines=40").stdout)
        return ended.stdout

    def write(self, path: str, text: str) -> None:
        self.well("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", path, typed=text)

    def lines(self, path: str) -> list[str]:
        return self.run("cat", path).stdout.splitlines()


@contextlib.contextmanager
def trial_machine(share: Path) -> Iterator[Machine]:
    """Boot one. `share` is a folder that both see."""
    hierarchy = _needed()
    group = hierarchy / f"wardround-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="wardround-machine-") as place, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            ["sh", _SCRIPT, place, share, sysconfig.get_path("purelib"), group],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            yield _booted(process, share)
        finally:
            process.kill()
            process.wait()
            _end(group)


def _needed() -> Path:
    """The cgroup that its own is made in."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to boot systemd in namespaces of its own")
    if not SYSTEMD.exists():
        pytest.skip(f"systemd is missing ({SYSTEMD})")
    for program in _PROGRAMS:
        if not shutil.which(program):
            pytest.skip(f"{program} is missing")
    if not SSHD:
        pytest.skip("OpenSSH server (sshd) is missing")
    asked = ["/usr/bin/python{}.{}".format(*sys.version_info), "-c", "import venv"]
    if not Path(asked[0]).exists() or subprocess.run(asked, capture_output=True).returncode:
        pytest.skip(f"{asked[0]} is missing: services reach no Python in a home")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(place)
    pytest.skip("no cgroup hierarchy of version 2 can be written to")


def _booted(process: subprocess.Popen[bytes], share: Path) -> Machine:
    def answers() -> Machine | None:
        for pid in children_by_parent().get(process.pid, ()):
            machine = Machine(share, pid)
            asked = machine.run("systemctl", "is-active", "trial.target")
            return machine if asked.stdout == "active\n" else None
        return None

    until(lambda: process.poll() is not None or answers(), DEADLINE)
    machine = answers()
    if machine is None:
        pytest.skip("this machine does not let us make another of namespaces (mount, overlay, pivot_root)")
    return machine


def _end(group: Path) -> None:
    """Remove its cgroups, once the kernel has let the last of its processes go."""
    if not group.exists():
        return

    def removed() -> bool:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        return not group.exists()

    until(removed)
