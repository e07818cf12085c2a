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
        ["--blows", "6", "--kinds", "kill", "cut"],
        ["--blows", "3", "--hands", "command"],
        ["--blows", "3", "--database", "postgresql"],
    ],
    ids=" ".join,
)
def test_whoever_is_killed_nothing_happens_twice_and_nothing_is_lost(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.storm.runs", *arguments],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
