"""The short form of the storms over runs: `make storm` has the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.run_site import COMMAND
from tests.sshd import needs_sshd

pytestmark = [
    pytest.mark.acceptance,
    needs_sshd,
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--blows", "10", "--kinds", "all"],
        ["--blows", "2", "--hands", "command"],
        ["--blows", "3", "--kinds", "kill", "share", "database", "--database", "postgresql"],
    ],
    ids=" ".join,
)
def test_whatever_breaks_nothing_happens_twice_or_is_lost_and_no_lie_is_told(arguments: list[str]) -> None:
    """Each kind of blow comes at least once, where it can be had; what can't is named in the output."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.storm.runs", "--runs", "2", *arguments],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
