"""What tests of several parts need."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from orchestrator.records import database as records

# Speed is measured, never asserted: a busy machine must not fail a property.
settings.register_profile("wardround", deadline=None)
settings.load_profile("wardround")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: copying it takes a thousandth of the time that its migrations take."""
    state = tmp_path_factory.mktemp("records")
    records.open_database(state)
    records.disconnect()
    return state / records.FILE


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Iterator[Path]:
    """An empty database of the test's own, in use; yields the state folder that it is in."""
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(empty_database, state / records.FILE)
    records.configure(state / records.FILE)
    yield state
    records.disconnect()
