"""A database server that was restarted: whoever asks again is answered."""

from __future__ import annotations

import pytest

from orchestrator.errors import StoreError
from orchestrator.model.server import Server
from orchestrator.records.leases import list_leases
from tests.postgres import execute


def test_after_the_server_closed_its_connections_one_question_fails_and_the_next_is_answered(
    server_database: Server,
) -> None:
    assert list_leases() == []
    execute(
        server_database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    with pytest.raises(StoreError):
        list_leases()
    assert list_leases() == []
