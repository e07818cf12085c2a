"""What tests of several parts need."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import settings

from orchestrator.model.server import Server
from orchestrator.records import database as records
from orchestrator.records.audit_place import keep_head_in
from tests.postgres import drop_database, make_database, running_postgres

# Speed is measured, never asserted: a busy machine must not fail a property.
settings.register_profile("wardround", deadline=None)
settings.load_profile("wardround")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background so, and commands that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: copying it takes a thousandth of the time that its migrations take."""
    state = tmp_path_factory.mktemp("records")
    records.open_database(state)
    records.disconnect()
    return state / records.FILE


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The superuser's own database on a real server, started once for all tests of this process."""
    with running_postgres() as url, tempfile.NamedTemporaryFile("w") as password:
        parts = urlsplit(url)
        password.write(parts.password or "")
        password.flush()
        yield Server(
            "postgres", parts.hostname or "", parts.port, parts.username or "", {}, Path(password.name)
        )


@pytest.fixture(scope="session")
def empty_server_database(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Made once, as a template: copying it takes a tenth of the time that its migrations take."""
    server = make_database(postgres, "wardround_template")
    records.open_database(tmp_path_factory.mktemp("records"), server)
    records.disconnect()
    return server


@pytest.fixture
def sqlite_database(empty_database: Path, tmp_path: Path) -> Iterator[Path]:
    """An empty SQLite database of the test's own, in use; yields the state folder that it is in."""
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(empty_database, state / records.FILE)
    records.configure(state / records.FILE)
    yield state
    records.disconnect()


@pytest.fixture
def server_database(postgres: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """An empty PostgreSQL database of the test's own, in use."""
    template: Server = request.getfixturevalue("empty_server_database")
    server = make_database(postgres, f"test_{uuid4().hex}", template.name)
    records.configure(server)
    keep_head_in(tmp_path / "state" / "audit")
    yield server
    records.disconnect()
    drop_database(postgres, server)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty database of the test's own, in use, once of each product; gives the site's state folder."""
    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("sqlite_database")
        return folder
    request.getfixturevalue("server_database")
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    return state
