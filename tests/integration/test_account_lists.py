"""What `wardround user list` and `show` say of a site and of its accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.cli.main import run
from orchestrator.model.actor import PROGRAM
from orchestrator.records import database as records
from orchestrator.records.accounts import make_account


@pytest.fixture
def site(sqlite_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """In single-user mode, as its file says."""
    root = sqlite_database.parent
    (root / "inventory").mkdir()
    (root / "wardround.yml").write_text(
        f"hospital: {{zh: 医院, en: Hospital}}\nsingle_user: true\nstate: {sqlite_database.name}\n"
    )
    monkeypatch.setenv("WARDROUND_SITE", str(root))
    yield root
    records.disconnect()


def test_a_list_of_accounts_says_that_the_site_has_one_user(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "en", "user", "list", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert "single-user demo mode" in said.err
    assert "user setup" not in said.err
    assert run(["--lang", "en", "user", "show", "wang"]) == 2
    assert "single-user demo mode" in capsys.readouterr().err


def test_accounts_end_the_mode_and_a_first_password_says_until_when(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_account("wang", "王工", datetime(2026, 11, 24, 7, 0, tzinfo=UTC), PROGRAM)
    assert run(["--lang", "en", "user", "show", "wang"]) == 0
    said = capsys.readouterr()
    assert "2026-12-01 15:00" in said.out
    assert "has no effect" in said.err
