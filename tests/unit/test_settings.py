"""Where sessions are kept, whatever the environment says."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.settings import session_folder

_BESIDE = Path(".local/state/wardround/sessions")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HOME": "/home/wang"}, Path("/home/wang") / _BESIDE),
        ({"HOME": "/home/wang", "XDG_STATE_HOME": "/state"}, Path("/state/wardround/sessions")),
        ({"HOME": "/home/wang", "XDG_STATE_HOME": "state"}, Path("/home/wang") / _BESIDE),
        ({"HOME": "somewhere/near"}, Path(pwd.getpwuid(os.geteuid()).pw_dir) / _BESIDE),
    ],
)
def test_sessions_lie_in_an_absolute_folder(
    variables: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert session_folder() == folder


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become an account without a name")
def test_an_account_without_a_home_has_no_session_and_no_error() -> None:
    script = "import os, orchestrator.settings as s; os.setuid(54321); print(s.session_folder())"
    told = subprocess.run(
        [sys.executable, "-c", script], env={}, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == f"/nonexistent/{_BESIDE}"
