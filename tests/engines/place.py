"""Engines that the contract is held to, named so that another process can open the same one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.execution.dbos_engine import DbosEngine
from orchestrator.execution.direct_engine import DirectEngine
from orchestrator.execution.engine import Engine
from orchestrator.model.server import Server
from tests.engines.table_engine import TableEngine


@dataclass(frozen=True)
class Place:
    """Where an engine has its store."""

    kind: str
    store: Path | Server

    def open(self) -> Engine:
        if self.kind == "table":
            assert isinstance(self.store, Path)
            return TableEngine(self.store)
        if self.kind == "direct":
            return DirectEngine(lambda: datetime.now(UTC))
        return DbosEngine(self.store, lambda: datetime.now(UTC))

    def dump(self) -> str:
        """For another process's arguments."""
        store = str(self.store) if isinstance(self.store, Path) else asdict(self.store)
        return json.dumps({"kind": self.kind, "store": store}, default=str)

    @classmethod
    def load(cls, text: str) -> Place:
        read = json.loads(text)
        if isinstance(read["store"], str):
            return cls(read["kind"], Path(read["store"]))
        file = read["store"].pop("password_file")
        return cls(read["kind"], Server(**read["store"], password_file=Path(file) if file else None))
