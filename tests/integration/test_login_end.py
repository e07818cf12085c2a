"""Logins that systemd would end with all that they started.

Its control groups are real; it itself is not here, so the two programs that ask it are stood in for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.model.question import Command, CommandAnswer
from orchestrator.testing import CannedAsk
from orchestrator_plugins.checks import login_end
from tests.launches import host_session
from tests.sshd import needs_root, needs_sshd, running_sshd

HIERARCHY = Path("/sys/fs/cgroup/systemd")

pytestmark = [
    needs_sshd,
    needs_root,
    pytest.mark.skipif(
        not os.access(HIERARCHY / "cgroup.procs", os.W_OK), reason="no control groups of systemd's"
    ),
]


@pytest.fixture
def unit(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A control group of that name, removed when nothing is in it any more."""
    place = HIERARCHY / f"wardround-{os.getpid()}"
    group = place / request.param
    group.mkdir(parents=True)
    yield group
    for pid in group.joinpath("cgroup.procs").read_text().split():
        (HIERARCHY / "cgroup.procs").write_text(pid)
    group.rmdir()
    place.rmdir()


@pytest.mark.parametrize(
    ("unit", "answers", "expected"),
    [
        (
            "session-7.scope",
            {"KillUserProcesses": "b true", "KillExcludeUsers": "as 0"},
            "logout",
        ),
        ("session-7.scope", {"KillUserProcesses": "b true", "KillExcludeUsers": 'as 1 "root"'}, "nothing"),
        ("session-7.scope", {"KillUserProcesses": "b false", "KillExcludeUsers": "as 0"}, "nothing"),
        ("ssh.service", {"KillMode": "KillMode=control-group"}, "restart"),
        ("ssh.service", {"KillMode": "KillMode=process"}, "nothing"),
    ],
    indirect=["unit"],
)
async def test_what_would_end_a_launched_command_is_named(
    unit: Path, answers: dict[str, str], expected: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    programs = tmp_path_factory.mktemp("programs")
    for name in ("busctl", "systemctl"):
        cases = "".join(f"*{word}*) echo '{answer}';;\n" for word, answer in answers.items())
        (programs / name).write_text(f'#!/bin/sh\ncase "$*" in\n{cases}*) exit 1;;\nesac\n')
        (programs / name).chmod(0o755)
    options = [f"SetEnv PATH={programs}:{os.environ['PATH']}"]
    with running_sshd(tmp_path_factory.mktemp("sshd"), options=options) as (server,):
        (unit / "cgroup.procs").write_text(str(server.pid))
        async with host_session(server) as session:
            command = Command(login_end.GROUP)
            answer = (await session.ask([command]))[command]
    assert isinstance(answer, CommandAnswer)
    asked = CannedAsk({login_end.GROUP: answer})
    assert [seen.value for seen in login_end.observe(asked, login_end.Parameters())] == [expected]
